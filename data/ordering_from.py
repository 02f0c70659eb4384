"""From a decision to an order: which quote, which machine, who wrote the policy; then it is placed.

``drafted`` writes nothing: it is what people see before they confirm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data import ordering
from data.budgets import spent
from data.decisions import digests_like, saved
from data.market import Lake
from data.orders import NoOrder, order
from data.policies import UnknownPolicy, policy
from data.records import Records
from data.routable import market_of
from data.stops import stops
from data.treasury import begin_play_money, free_cents
from engine.commands import Refused
from engine.decision_record import DecisionRecord, digest_of
from engine.modes import Mode, mode_of_book
from engine.order_words import Around
from engine.orders import Order, Placed
from engine.people import Actor
from engine.placing import From, Terms, chosen_quote, order_id_of, placed_of
from engine.prepared_market import Prepared
from engine.quotes import Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where an order comes from and goes to. ``records``: the book of the mode."""

    lake: Lake
    house: Records
    records: Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An order as it would be placed now, and what stands in its way.

    ``around``: what the market knows of the quoted provider, and the money it is paid from.
    ``refusals``: why it would not be placed, each in words; empty: it would.
    """

    placed: Placed
    quote: Quote
    around: Around
    refusals: tuple[str, ...]


def drafted(
    stores: Stores,
    record: DecisionRecord,
    terms: Terms,
    who: Actor,
    key: str,
    now: datetime,
    offer_id: str | None = None,
) -> Draft:
    """Return the order that these terms would make of a decision; none is written.

    ``offer_id`` None: the first quote that Necto can buy. Raises Refused with what to change.
    """
    quote = chosen_quote(record, offer_id)
    if record.requirement.image is None and terms.own_sdl is None:
        raise Refused("the job names no image to run: add image to it, or bring your own SDL")
    offer = _offer(market_of(stores.lake, now), quote)
    book = stores.records
    made_from = From(
        record=record,
        digest=digest_of(record),
        policy_editor=_editor(stores.house, record.policy_version),
    )
    placed = placed_of(
        order_id_of(_mode(book), book.installation, key),
        made_from, quote, offer, terms, who.name, now,
        is_simulated=_mode(book) == "sandbox",
    )  # fmt: skip
    begin_play_money(book)
    with book.reading() as view:
        budget = spent(view, placed.cost_centre, f"{now.astimezone(UTC):%Y-%m}")
        free, stopped = free_cents(view), tuple(stops(view))
    around = Around(
        provider_name=offer["provider_name"], hosting=offer["hosting"], city=offer["city"],
        limit_cents=budget.limit_cents, committed_cents=budget.committed_cents, free_cents=free,
    )  # fmt: skip
    return Draft(placed=placed, quote=quote, around=around, refusals=stopped)


def order_from(
    stores: Stores,
    record: DecisionRecord,
    terms: Terms,
    who: Actor,
    key: str,
    now: datetime,
    offer_id: str | None = None,
) -> Order:
    """Keep the decision, unless it is kept already, and place its order.

    The same key again is the same order. Raises Refused, NotKept, OtherCommand, RecordsFault: then
    nothing was ordered, and the reason is in words.
    """
    if known := _known(stores.records, key):
        return _same(known, record, terms, who)
    draft = drafted(stores, record, terms, who, key, now, offer_id)
    _keep(stores, record, draft.placed.decision, who)
    return ordering.place(stores.records, draft.placed, who, key)


def _keep(stores: Stores, record: DecisionRecord, digest: str, who: Actor) -> None:
    with stores.records.reading() as view:
        is_kept = digest in digests_like(view, digest)
    if not is_kept:
        saved(stores.lake, stores.records, record, who)


def _mode(records: Records) -> Mode:
    mode = mode_of_book(records.book)
    assert mode, "orders are placed in the book of a mode"
    return mode


def _known(records: Records, key: str) -> Order | None:
    with records.reading() as view:
        try:
            return order(view, order_id_of(_mode(records), records.installation, key))
        except NoOrder:
            return None


def _same(known: Order, record: DecisionRecord, terms: Terms, who: Actor) -> Order:
    """Return the order that the key made; raises Refused where another one is asked for."""
    placed = known.placed
    asked = (record.requirement, terms.hours, terms.cost_centre, terms.po_number, who.name)
    was = (
        placed.requirement, placed.runs_hours, placed.cost_centre, placed.po_number,
        placed.requester,
    )  # fmt: skip
    if asked != was:
        raise Refused(f"this key has placed {known.order_id}, another order: use a new key")
    return known


def _offer(market: Prepared, quote: Quote) -> Mapping[str, Any]:
    """Return the quoted offer's row, with what is known of its place."""
    try:
        row = market.row_of(quote.offer_id)
    except KeyError:
        raise Refused(
            f"{quote.offer_id[:100]} is no longer offered: route the job again, then order"
        ) from None
    offer = market.offers.row(row, named=True)
    place = market.places.row(offer["place"], named=True)
    return offer | {
        "hosting": place["provider_hosting_provider"],
        "city": place["provider_city"],
    }


def _editor(house: Records, version: str) -> str | None:
    """Return who imported this version of a policy; None: an example, a file, or no policy."""
    if "@" not in version:
        return None
    with house.reading() as view:
        try:
            return policy(view, version).by
        except UnknownPolicy:
            return None
