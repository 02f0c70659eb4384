"""What alert rules are judged by: the newest reading of every network, and the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from engine.alert_states import Evidence, Verdict
from engine.resources import Catalogue
from engine.runs import STALE_AFTER

STALE_HOURS = int(STALE_AFTER / timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Reading:
    """Which run a network's figures are of. ``is_whole``: no part of the answer was missing."""

    run_id: str
    at: datetime
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """When a source was asked, and by when Necto, if it is awake, has asked it again."""

    at: datetime
    again_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was read live, and the rate cards that hold: newest, or at the reading before.

    ``offers`` and ``providers`` as the lake has them; shipped figures in them are not judged.
    """

    offers: pl.DataFrame
    providers: pl.DataFrame
    readings: Mapping[str, Reading]
    provider_readings: Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class Look:
    """What every rule is judged by.

    ``asked``: the last good reading of each source, prices or signals, then each one that failed.
    """

    newest: Facts
    before: Facts
    catalogue: Catalogue
    now: datetime
    asked: Mapping[str, Sequence[Asked]] = field(default_factory=dict)

    def is_old(self, at: datetime) -> bool:
        return self.now - at > STALE_AFTER


def run_of(readings: Mapping[str, Reading], network: str) -> str | None:
    """Return the run of a network's reading, if there is one."""
    return readings[network].run_id if network in readings else None


def is_live() -> pl.Expr:
    """Read, or agreed on: shipped figures are no news."""
    return pl.col("source_kind") != "recorded"


def unknown(why: str) -> Verdict:
    return Verdict(state="cannot be judged", sentence=why, keeps=True)


def quiet(sentence: str, *, keeps: bool = False) -> Verdict:
    return Verdict(state="quiet", sentence=sentence, keeps=keeps)


def firing(sentence: str, evidence: Evidence) -> Verdict:
    return Verdict(state="firing", sentence=sentence, keeps=True, evidence=evidence)
