"""What alert rules are judged by, from the lake: the newest live reading and the one before it.

"Before" is what this process judged last; after a start, the reading before the newest. So a change
that happened while nothing could be judged (the records were away) is still seen.

Whether a source is silent is told by the runs: when it was asked since its last good reading. A run
that comes much later than the worker would have asked again shows that Necto itself stood still.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from pathlib import Path

import polars as pl

from data import rate_cards
from data.folders import network_of
from data.market import Lake
from data.shipped import catalogue
from engine.alert_facts import Asked, Facts, Look, Reading
from engine.market import OFFER_SCHEMA, PROVIDER_SCHEMA
from engine.runs import Kind, moment_of

_LOOKED_AT_MAX = 20  # drops of a network: shipped or half ones are passed over
_ASKED_MAX = 10_000
"""So many failed readings are looked at: a month of a source that is read every five minutes. The
time before them counts as silence."""
_USUAL_PAUSE = timedelta(hours=1)
_SLACK = timedelta(minutes=10)
_PARTS_MISSING = "providers_"
"""How a reading's rejects begin when a whole address about providers told nothing."""
_KINDS: tuple[Kind, Kind] = ("offers", "providers")
_OFFER_COLUMNS = [name for name in OFFER_SCHEMA if name != "raw"]


@dataclass(frozen=True, slots=True)
class _Pair:
    """The drops of one kind and network to judge by, newest and before; None: there is none."""

    newest: Path
    before: Path | None


_Pairs = dict[tuple[Kind, str], _Pair]


@dataclass(slots=True)
class Watch:
    """Remembers which readings were judged; one for each thread that judges.

    ``pauses``: how long each source is left alone between two readings, by its name.
    """

    pauses: Mapping[str, timedelta] = field(default_factory=dict)
    _judged: _Pairs = field(default_factory=dict)
    _looked_at: _Pairs = field(default_factory=dict)

    def look(self, lake: Lake, now: datetime) -> Look:
        """Return the facts as they stand now."""
        found = {
            (kind, network): self._pair(lake, kind, newest)
            for kind in _KINDS
            for network in lake.networks()
            if (newest := _live(lake, kind, network))
        }
        self._looked_at = found
        agreed = rate_cards.current(lake, now).select(_OFFER_COLUMNS)
        now_read = {of: pair.newest for of, pair in found.items()}
        read_before = {of: pair.before for of, pair in found.items() if pair.before}
        sides = _facts(lake, now_read, agreed), _facts(lake, read_before, agreed)
        asked = {
            network: _asked(lake, network, run_id, self.pauses.get(network, _USUAL_PAUSE), now)
            for network, run_id in _good(lake)
        }
        return Look(*sides, catalogue(), now, asked)

    def settled(self) -> None:
        """Say that what was looked at last has been judged, and what came of it is kept."""
        self._judged = self._looked_at

    def _pair(self, lake: Lake, kind: Kind, newest: Path) -> _Pair:
        known = self._judged.get((kind, network_of(newest)))
        if known and known.newest == newest:
            return known
        if known and newest.stem > known.newest.stem:
            tells = _tells(lake, kind, known.newest)
            return _Pair(newest, known.newest if tells else known.before)
        older = islice(lake.newest_drops(kind, network_of(newest)), _LOOKED_AT_MAX)
        fit = (path for path in older if path.stem < newest.stem and _tells(lake, kind, path))
        return _Pair(newest, next(fit, None))


def longest_pause(pause: timedelta) -> timedelta:
    """Return how long after a reading began the next one begins at the latest, if Necto is awake.

    ``pause``: from the end of a reading to the next. A reading takes minutes, AWS's up to four
    hours; half as long again covers either.
    """
    return pause * 1.5 + _SLACK


def key(lake: Lake, now: datetime) -> str:
    """Return what changes when there is something new to judge by."""
    kinds: tuple[Kind, ...] = ("offers", "providers", "signals")
    newest = [
        f"{kind}/{network}/{path.stem}"
        for network in lake.networks()
        for kind in kinds
        if (path := lake.newest_drop(kind, network))
    ]
    return "|".join([*newest, rate_cards.state_key(lake, now)])


def _facts(lake: Lake, drops: Mapping[tuple[Kind, str], Path], agreed: pl.DataFrame) -> Facts:
    sold, listed = ([path for (of, _), path in drops.items() if of == kind] for kind in _KINDS)
    return Facts(
        offers=pl.concat([lake.frame("offers", sold, _OFFER_COLUMNS), agreed]),
        providers=lake.frame("providers", listed, list(PROVIDER_SCHEMA)),
        readings=_readings(lake, sold),
        provider_readings=_readings(lake, listed),
    )


def _tells(lake: Lake, kind: Kind, drop: Path) -> bool:
    """Whether a newer reading may be compared with it: what a half one leaves out is not lost."""
    return _is_live(lake, drop) and (kind == "offers" or _is_whole(lake, drop))


def _live(lake: Lake, kind: Kind, network: str) -> Path | None:
    drop = lake.newest_drop(kind, network)  # live figures are never replaced by shipped ones
    return drop if drop and _is_live(lake, drop) else None


def _is_live(lake: Lake, drop: Path) -> bool:
    """Whether it was read; a writer that was killed before it recorded the run had read it."""
    run = lake.run(network_of(drop), drop.stem)
    return run is None or run.source_kind == "live"


def _is_whole(lake: Lake, drop: Path) -> bool:
    run = lake.run(network_of(drop), drop.stem)
    return run is None or not any(code.startswith(_PARTS_MISSING) for code in run.reject_counts)


def _readings(lake: Lake, drops: list[Path]) -> Mapping[str, Reading]:
    return {
        network_of(drop): Reading(drop.stem, moment_of(drop.stem), _is_whole(lake, drop))
        for drop in drops
    }


def _good(lake: Lake) -> Iterator[tuple[str, str]]:
    """Yield each source's last good run: a good reading always brings prices or signals."""
    kinds: tuple[Kind, ...] = ("offers", "signals")
    for network in lake.networks():
        found = [path.stem for kind in kinds if (path := _live(lake, kind, network))]
        if found:
            yield network, max(found)


def _asked(lake: Lake, network: str, good: str, pause: timedelta, now: datetime) -> list[Asked]:
    """Return when a source was asked: its last good run, then those that came to nothing."""
    since = takewhile(lambda run_id: run_id > good, lake.run_ids(network))
    failed = [*islice(since, _ASKED_MAX)][::-1]
    run_ids = [good, *failed]
    moments = [*map(moment_of, run_ids), now]
    found: list[Asked] = []
    for run_id, (at, end) in zip(run_ids, pairwise(moments), strict=True):
        due = at + longest_pause(pause)
        if end > due:
            due = max(due, _asked_for_time(lake, network, run_id))
        found.append(Asked(at, due))
    if len(failed) == _ASKED_MAX:
        found[0] = Asked(moments[0], moments[1])
    return found


def _asked_for_time(lake: Lake, network: str, run_id: str) -> datetime:
    """Return until when the source itself asked to be left alone."""
    run = lake.run(network, run_id)
    if run is None or not run.retry_after_seconds:
        return datetime.min.replace(tzinfo=UTC)
    return run.finished_at + timedelta(seconds=run.retry_after_seconds) + _SLACK
