"""What is remembered of one ingest, and what that says about a network's freshness."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SourceKind = Literal["live", "recorded", "contract"]
StatusWord = Literal["live", "stale", "recorded", "contract", "failing", "empty"]
Outcome = Literal["ok", "unreachable", "denied", "unreadable", "failed"]
Kind = Literal["offers", "providers", "rejects", "signals"]

STALE_AFTER = timedelta(hours=36)
"""Figures this old mean that nobody reads. AWS is read every 18 hours, and its eight lists may take
four hours: between two good readings its figures become 22 hours old, its last start 26."""

_FORMAT = "%Y%m%dT%H%M%S%fZ"


class DropRecord(BaseModel):
    """One published file: its digest makes a later change visible."""

    model_config = ConfigDict(frozen=True)

    rows: int
    sha256: str
    bytes: int


class RunRecord(BaseModel):
    """One ingest of one network. ``message`` is a sentence for people."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    network: str
    source_kind: SourceKind
    outcome: Outcome
    message: str
    started_at: datetime
    finished_at: datetime
    reject_counts: dict[str, int] = Field(default_factory=dict)
    drops: dict[Kind, DropRecord] = Field(default_factory=dict)
    reference_digest: str | None = None
    retry_after_seconds: float | None = None

    @property
    def offers(self) -> int:
        return self.drops["offers"].rows if "offers" in self.drops else 0


def run_id_after(previous: str | None, now: datetime) -> str:
    """Return an id that sorts after the previous one even if the clock has gone backwards."""
    moment = now.astimezone(UTC)
    if previous is not None:
        moment = max(moment, moment_of(previous) + timedelta(microseconds=1))
    return moment.strftime(_FORMAT)


def is_run_id(text: str) -> bool:
    """Tell a run's name from any other."""
    try:
        moment_of(text)
    except ValueError:
        return False
    return True


def is_day(text: str) -> bool:
    """Tell an ISO date from any other text."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def moment_of(run_id: str) -> datetime:
    """Return when the run was started; raises ValueError for a name that is no run's."""
    moment = datetime.strptime(run_id, _FORMAT).replace(tzinfo=UTC)
    if moment.strftime(_FORMAT) != run_id:
        raise ValueError(f"{run_id!r} does not match the name of a run")
    return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkState:
    """How fresh a network's figures are, and whether its last run failed.

    ``last`` is the newest run of all, ``good`` the record of the run whose figures are shown (None
    when its writer was killed before recording it). ``oldest_at``: when the oldest shown price was
    made, or read where that is not told; ``observed_at``: the newest reading. ``available``: offers
    reported free, None where the source does not say. ``contract_offers`` come from rate cards and
    are not among ``offers``; a seller with nothing else is as old as the newest import.
    """

    network: str
    good: RunRecord | None
    last: RunRecord | None
    source_kind: SourceKind | None
    oldest_at: datetime | None
    observed_at: datetime | None
    offers: int
    available: int | None
    contract_offers: int = 0

    @property
    def failing(self) -> bool:
        return self.last is not None and self.last.outcome != "ok"

    def status_at(self, now: datetime) -> StatusWord:
        """One word: live, stale, recorded, contract, failing (last figures are kept) or empty.

        Stale is live no more: the last reading succeeded, but over ``STALE_AFTER`` ago.
        """
        if self.failing:
            return "failing"
        if self.source_kind is None:
            return "empty"
        is_old = self.observed_at is not None and now - self.observed_at > STALE_AFTER
        return "stale" if self.source_kind == "live" and is_old else self.source_kind
