"""Many leases watched: one round of the worker over all of them, against the stand-in.

1. ``--leases`` (10,000) active leases at the stand-in, a process of its own, and in the book: every
   one is read, judged and metered. What is counted must be the network's own bill.
2. The lists of the Jobs page over so many orders against one full page of 50.
``python benchmarks/procure.py [--leases 10000]``. Targets: a round within 60 s on 2 cores, lists
<= 1.5 x.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from connectors.http import HttpClient
from connectors.jobs.order_desk import Desk
from connectors.jobs.watch import watch_due
from connectors.networks.akash.order_sdl import create_step, sent_text
from connectors.purchasers import LIMITS, SANDBOX_FOLDER, purchasers
from connectors.sandbox.client import Control, child
from connectors.sandbox.forms import Market, MarketGpu, MarketProvider
from data.claims import hurry
from data.order_money import funded, open_hold
from data.orders import add_placed, happened, listed
from data.records import Records
from data.treasury import begin_play_money
from data.unit import Transaction
from engine.buying import Lease, Step, Wanted
from engine.canonical import Json
from engine.commands import Command
from engine.order_events import after, lease_detail, step_detail
from engine.orders import Event, KeptBidder, Placed, wanted_of
from engine.people import job
from engine.requirement import Gpus, Port, Requirement

NAMES = ("alder", "birch", "cedar", "dogwood")
PAGE = 50  # orders that a page of the list shows
HOLD_CENTS, DEPOSIT_CENTS, TOGETHER = 900, 500, 200
WHO = job("procure")
HERE = "0d7b2d6e-8f3c-4d3b-9a55-1c2f3e4d5a6b"


def market() -> Market:
    made = [
        MarketProvider(
            address=f"akash1{name}", host_uri=f"https://{name}.invalid:8443", country="NL",
            gpus=(MarketGpu(model="h100", ram="80Gi", interface="SXM5", free=10**6,
                            usd_per_gpu_hour=Decimal(2)),),
            cpu_millicores_free=2**50, memory_bytes_free=2**60, storage_bytes_free=2**60,
        )
        for name in NAMES
    ]  # fmt: skip
    return Market(providers=tuple(made))


def ordered(number: int, now: datetime) -> Placed:
    need = Requirement(
        name=f"job {number}", gpus=Gpus(count=1, models={"H100"}), image="app:1",
        ports=(Port(port=8080),),
    )  # fmt: skip
    bidders = [
        KeptBidder(provider_id=f"akash1{name}", offer_id=f"akash:{name}", usd_per_hour=Decimal(2))
        for name in NAMES
    ]
    return Placed(
        order_id=f"sbx-{number:026}", network="akash", decision="sha256:0",
        offer_id="akash:alder", gpu_name="h100 80Gi SXM5", gpu_model="H100-SXM", gpu_count=1,
        vcpu=Decimal(8), memory_gib=Decimal(32), storage_gib=Decimal(100), country_code="NL",
        requirement=need, bidders=tuple(bidders), usd_per_hour=Decimal(2),
        usd_per_hour_max=Decimal("2.1"), hold_cents=HOLD_CENTS, first_deposit_cents=DEPOSIT_CENTS,
        runs_hours=None, requester="ines", cost_centre="CC-1", po_number=None, policy=None,
        policy_editor=None, approval_above_usd=None, approval_expires_at=None, placed_at=now,
        quote_expires_at=now + timedelta(minutes=30), is_simulated=True,
    )  # fmt: skip


def sdl(placed: Placed, now: datetime) -> str:
    wanted = wanted_of_placed(placed, now)
    text = sent_text(wanted, create_step(wanted), {})
    assert text
    return text


def wanted_of_placed(placed: Placed, now: datetime) -> Wanted:
    first = Event(order_id=placed.order_id, ordinal=1, kind="placed", at=now, detail={})
    return wanted_of(after(placed, None, first), now)


def keep(records: Records, orders: Sequence[Placed], made: Sequence[dict[str, str]]) -> None:
    """Write down that these were placed, bought and leased: one command for all of them."""

    def act(unit: Transaction) -> Json:
        for placed, there in zip(orders, made, strict=True):
            open_hold(unit, placed)
            order = add_placed(unit, placed)
            handle = there["dseq"]
            order = happened(unit, order, "intent", step_detail(Step(name="create")))
            order = happened(unit, order, "made", {"handle": handle})
            funded(unit, order, DEPOSIT_CENTS)
            lease = Lease(
                handle=handle, provider_id=there["provider"], price=Decimal(3333),
                unit="uact/block", usd_per_hour=Decimal(2), since="1",
            )  # fmt: skip
            happened(unit, order, "leased", lease_detail(lease))
        return {"orders": str(len(orders))}

    key = f"filled/{orders[0].order_id}"
    records.perform(Command.of(key, "order.placed", WHO, "orders", {"many": "yes"}), act)


def fill(control: Control, records: Records, many: int) -> None:
    now = datetime.now(UTC)
    for first in range(0, many, TOGETHER):
        orders = [ordered(n, now) for n in range(first, min(first + TOGETHER, many))]
        made = control.fill([sdl(one, now) for one in orders], DEPOSIT_CENTS * 10_000)
        keep(records, orders, made)


def desk_of(home: Path, records: Records) -> Desk:
    limits = replace(LIMITS, body_bytes_max=256 * 1024 * 1024)
    return Desk(
        records=records, sellers=purchasers(HttpClient(limits), home, "sandbox", {}),
        secrets_of=lambda _: {}, jitter=random.Random(1).random,
    )  # fmt: skip


def round_of(desk: Desk, many: int) -> float:
    """Watch everything once; returns the seconds."""
    with desk.records.reading() as view:
        ids = [one.order_id for one in listed(view, ["active"], most=many)]
    hurry(desk.records, ids)
    start, done = time.perf_counter(), 0
    while done < many:
        done += watch_due(desk)
    return time.perf_counter() - start


def median_of(act: Callable[[], object]) -> float:
    times = []
    for _ in range(15):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def lists(records: Records) -> float:
    """Seconds of what the Jobs page asks: its newest page of active and of all orders."""

    def ask() -> None:
        with records.reading() as view:
            listed(view, ["active"])
            listed(view)

    return median_of(ask)


def run(many: int, home: Path) -> tuple[float, float, float, bool]:
    """Return the seconds of two rounds, of the lists, and whether the bill was counted exactly."""
    records = Records.open(f"sqlite:///{home / 'sandbox.sqlite'}", "sandbox", HERE)
    begin_play_money(records)
    with child(home / SANDBOX_FOLDER):
        control = Control.at(home / SANDBOX_FOLDER)
        control.market(market())
        control.grant(10**13)
        fill(control, records, many)
        control.clock(advance_seconds=1800)
        desk = desk_of(home, records)
        first = round_of(desk, many)
        control.clock(advance_seconds=300)  # no runway is low yet: no top-ups
        control.clock(factor=0)
        second = round_of(desk, many)
        bills = {one.group: one.paid_uact for one in control.leases()}
        with records.reading() as view:
            counted = {one.order_id: one.units for one in listed(view, most=many)}
        control.close()
    shown = lists(records)
    records.close()
    return first, second, shown, counted == bills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leases", type=int, default=10_000)
    many = parser.parse_args().leases
    with tempfile.TemporaryDirectory() as few_at, tempfile.TemporaryDirectory() as many_at:
        few = run(PAGE, Path(few_at))
        first, second, shown, is_exact = run(many, Path(many_at))
    print(f"{many:,} leases watched and metered: {first:.1f} s, again {second:.1f} s (target 60)")
    print(f"counted to the network's last unit: {'yes' if is_exact else 'NO'}")
    print(f"lists of {many:,} orders against {PAGE}: {shown / few[2]:.2f} x (target 1.5)")


if __name__ == "__main__":
    main()
