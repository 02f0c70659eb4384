"""Orders in a book of the sandbox, made and brought on by the same functions as the product's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from data.books import open_book
from data.market import Lake
from data.metering import Reading, meter
from data.ordering_from import Stores, order_from
from data.orders import happened
from data.orders import order as reread
from data.policy_choices import policy_of
from data.records import Records
from data.routable import market_of
from data.route_preview import preview, read_checked, whole_record
from engine.buying import Lease, Step
from engine.canonical import Json
from engine.commands import Command
from engine.decision_record import DecisionRecord
from engine.market import offers_frame
from engine.order_events import lease_detail, step_detail
from engine.orders import Kind, Order
from engine.people import job, persona
from engine.placing import Terms
from tests.support import offer, settings_of

INES, TOM, KOFI, NOOR = (persona(name) for name in ("ines", "tom", "kofi", "noor"))
WORKER = job("procure")
TEXT = (
    "name: fine-tune\ngpus: {models: [H100], count: 1}\nimage: example/trainer:1\n"
    "ports: [{port: 80}]\n"
)
TERMS = Terms(cost_centre="CC-1", hours=Decimal(10))
AT_QUOTE = replace(TERMS, usd_per_hour_max=Decimal(2))
"""No room above the quoted price, so that what is set aside is known."""
UNITS_PER_USD = 1_000_000


def stores_of(home: Path) -> Stores:
    """A home with two machines to be had: in Germany at $2 and in the US at $3 an hour."""
    settings = settings_of(home)
    lake, at = Lake(settings.lake), datetime.now(UTC)
    if not lake.networks():
        rows = [
            offer(offer_id=f"akash:{name}", provider_id=name, provider_name=f"{name}.example",
                  country_code=name.upper(), usd_per_hour=Decimal(usd), observed_at=at)
            for name, usd in (("de", 2), ("us", 3))
        ]  # fmt: skip
        rows.append(offer(offer_id="lium:x", network="lium", provider_id="x",
                          usd_per_hour=Decimal(1), observed_at=at))  # fmt: skip
        for network in ("akash", "lium"):
            frame = offers_frame([row for row in rows if row.network == network])
            lake.save("offers", network, lake.new_run_id(network, at), frame)
    return Stores(
        lake=lake, house=open_book(settings, "house"), records=open_book(settings, "sandbox")
    )


def decided(stores: Stores, text: str = TEXT, at: datetime | None = None) -> DecisionRecord:
    """What the router says of a requirement file now."""
    now = at or datetime.now(UTC)
    market = market_of(stores.lake, now)
    need, _ = read_checked(text, "job.yaml", market)
    with stores.house.reading() as view:
        policy = policy_of(view, need)
    return whole_record(preview(need, market, policy, now))


def ordered(stores: Stores, key: str = "k", terms: Terms = TERMS, text: str = TEXT) -> Order:
    """An order that Ines placed."""
    return order_from(stores, decided(stores, text), terms, INES, key, datetime.now(UTC))


def then(records: Records, known: Order, kind: Kind, **detail: Json) -> Order:
    """What the worker writes down of an order."""
    key = f"{known.order_id}/{known.ordinal + 1}"
    command = Command.of(key, f"order.{kind}", WORKER, f"order/{known.order_id}", detail)
    records.perform(command, lambda unit: {"state": happened(unit, known, kind, detail).state})
    with records.reading() as view:
        return reread(view, known.order_id)


def running(records: Records, known: Order) -> Order:
    """The order bought and leased from the provider in Germany, all writes answered."""
    create = Step(name="create", details={"placement": known.order_id})
    now = then(records, known, "intent", **step_detail(create))
    now = then(records, now, "made", handle="900")
    now = then(records, now, "intent", **step_detail(Step(name="lease", handle="900")))
    now = then(records, now, "made", handle="900")
    lease = Lease(
        handle="900", provider_id="de", price=Decimal(3333), unit="uact/block",
        usd_per_hour=Decimal("1.9998"), since="100",
    )  # fmt: skip
    return then(records, now, "leased", **lease_detail(lease))


def read(records: Records, known: Order, usd: str, **observed: Json) -> None:
    """A reading of the network: what the order has cost so far, and what it says of it."""
    told: dict[str, Json] = {
        "word": "active", "health": "serving", "units_left": "4000000", "runway_hours": "4",
        "services": [{"name": "job", "ready": 1, "total": 1, "addresses": ["job.example"]}],
        "missed": 0, "reclaimed_by": None, "said": "It serves.",
    }  # fmt: skip
    units = int(Decimal(usd) * UNITS_PER_USD)
    reading = Reading(
        order_id=known.order_id, clock="200", deposited=8_000_000, units=units,
        units_per_usd=UNITS_PER_USD, observed=told | observed,
        due_at=datetime.now(UTC) + timedelta(minutes=1),
    )  # fmt: skip
    meter(records, [reading], WORKER, f"meter/{known.order_id}/{units}")
