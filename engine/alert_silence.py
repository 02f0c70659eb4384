"""Whether a source has been silent: asked again and again, and no good reading came.

Only time in which Necto asked counts. While it stood still itself (the machine asleep, the worker
off, the source switched off) nobody can say whether the source was silent, and the rule says so.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from engine.alert_facts import Asked, Look, firing, quiet, unknown
from engine.alert_rules import NetworkSilent, count
from engine.alert_states import Evidence, Verdict
from engine.names import network_name

_Stretch = tuple[datetime, datetime]


def silence_verdict(rule: NetworkSilent, look: Look, opened: Evidence | None) -> Verdict:
    """Judge a rule by when its source was asked; an alert stays open until a good reading comes."""
    name = network_name(rule.network)
    asked = look.asked.get(rule.network, ())
    if not asked:
        return unknown(f"{name} has never given a good reading here.")
    silent, still = _counted(asked, look.now)
    said = f"The last good reading of {name} is of {_utc(asked[0].at)}"
    is_still = look.now > asked[-1].again_by
    note = _said(still, name, is_now=is_still)
    is_open = opened is not None and opened.observed_at == asked[0].at
    is_due = len(asked) > 1 and silent >= timedelta(hours=rule.hours)
    if is_open or is_due:
        return firing(
            f"{said}: at least {count(rule.hours, 'hour')} ago.{note}",
            Evidence(network=rule.network, observed_at=asked[0].at),
        )
    return unknown(f"{said}.{note}") if is_still else quiet(f"{said}.{note}")


def _counted(asked: Sequence[Asked], now: datetime) -> tuple[timedelta, list[_Stretch]]:
    """Return how long the source was asked in vain, and when Necto stood still."""
    silent, still = timedelta(), list[_Stretch]()
    ends = [*(one.at for one in asked[1:]), now]
    for one, end in zip(asked, ends, strict=True):
        if end <= one.again_by:
            silent += end - one.at
        else:
            still.append((one.at, end))
    return silent, still


def _said(still: Sequence[_Stretch], name: str, *, is_now: bool) -> str:
    if not still:
        return ""
    began, ended = still[-1]
    more = f", and {count(len(still) - 1, 'time')} before" if still[1:] else ""
    when = (
        f"has not been reading {name} since {_utc(began)}"
        if is_now
        else f"was not reading {name} from {_utc(began)} to {_utc(ended)}"
    )
    return f" Not judged: Necto itself {when}{more}."


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
