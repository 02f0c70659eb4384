"""What alert rules are judged by, made in a line: offers, providers and their readings."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from data.shipped import catalogue
from engine.alert_facts import Asked, Facts, Look, Reading
from engine.alert_rules import KeptRule, Rule, rule_from
from engine.alert_states import Evidence, Verdict
from engine.alerts import judged
from engine.market import Offer, Provider, offers_frame, providers_frame
from tests.support import offer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rule(kind: str = "price_below", **fields: Any) -> Rule:
    usual: dict[str, dict[str, Any]] = {
        "price_below": {"gpu": "H100-SXM", "usd_per_gpu_hour_below": Decimal("1.50")},
        "availability_returns": {"network": "akash"},
        "network_silent": {"network": "akash", "hours": 6},
        "signature_lost": {"provider_id": "p1"},
    }
    return rule_from({"kind": kind} | usual[kind] | fields)


def kept(what: Rule, id_: str = "r1", *, version: int = 1, is_on: bool = True) -> KeptRule:
    return KeptRule(id=id_, version=version, rule=what, is_on=is_on, by="local:ann", at=NOW)


def at(price: str, **changes: Any) -> Offer:
    return offer(usd_per_hour=Decimal(price), **({"observed_at": NOW - HOUR / 4} | changes))


def facts(
    offers: Sequence[Offer] = (),
    providers: Sequence[Provider] = (),
    *,
    run: str = "run-2",
    when: datetime = NOW - HOUR / 4,
    is_whole: bool = True,
    is_read: bool = True,
) -> Facts:
    reading = {"akash": Reading(run, when, is_whole)} if is_read else {}
    return Facts(
        offers=offers_frame(offers),
        providers=providers_frame(providers),
        readings=reading,
        provider_readings=reading,
    )


def asked(*moments: datetime, within: timedelta = HOUR) -> list[Asked]:
    """A good reading, then failed ones; Necto asks again within the hour."""
    return [Asked(moment, moment + within) for moment in moments]


def verdict(
    what: Rule,
    newest: Facts,
    before: Facts | None = None,
    opened: Evidence | None = None,
    when: Sequence[Asked] = (),
) -> Verdict:
    before = before or facts(run="run-1", when=NOW - HOUR)
    look = Look(newest, before, catalogue(), NOW, {"akash": when} if when else {})
    (found,) = judged([kept(what)], look, {"r1": opened} if opened else {})
    return found.verdict
