"""What Akash's Console says of the market: GPUs in use, their history, the payment mechanism.

Units: counts of GPUs, providers and nodes; utilisation as a fraction, computed here from the two
counts; the collateral ratio as the Console gives it (1 = every ACT is covered once; the chain warns
below 0.95 and mints no new ACT below 0.90, AEP-76). Addresses and fields as in
akash-network/console d84c9e93 apps/api/swagger/openapi.json; none of them was recorded whole, so
each is read tolerantly and none costs a reading its offers.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from connectors.base import Answer, Denied, Reject, SourceError, Unreachable, Unreadable
from connectors.networks.akash.wire import GpuDay, GpuStock, Stocks, VaultChange, VaultNow
from connectors.wire import json_of, page_of, rows_of
from engine.resources import Catalogue
from engine.signals import Signal, SignalName

HISTORY_DAYS = 90
"""How far back a reading tells the days: older ones stand in older readings."""
HISTORY_ROWS_MAX = 40_000
"""400 GPU models for 90 days; of a longer answer the newest days are kept."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every signal of one answer shares."""

    at: datetime
    url: str
    catalogue: Catalogue
    names: dict[str, str] = field(default_factory=dict)
    """Names already matched: the history tells each of a few GPUs on each of many days."""

    def signal(
        self,
        name: SignalName,
        value: float | None,
        *,
        subject: str | None = None,
        at: datetime | None = None,
        text: str | None = None,
        note: str | None = None,
    ) -> Signal:
        return Signal(
            network="akash",
            signal=name,
            subject=subject,
            at=at or self.at,
            value=value,
            text=text,
            note=note,
            observed_at=self.at,
            source_kind="live",
            source="Akash Console API",
            source_url=self.url,
        )

    def subject(self, name: str) -> str:
        if name not in self.names:
            known = self.catalogue.match(name)
            self.names[name] = known.name if known else name
        return self.names[name]


_Read = Callable[[Answer, _Seen, list[Reject]], Iterator[Signal]]


def signals_of(
    answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
) -> tuple[list[Signal], list[Reject]]:
    """Return what the answers to ``SIGNAL_PATHS`` say, and what could not be read of them."""
    signals: list[Signal] = []
    rejects: list[Reject] = []
    for answer, read in zip(answers, _READERS.values(), strict=False):
        try:
            if answer.failed:
                raise answer.failed
            seen = _Seen(observed_at, answer.url, catalogue)
            signals += list(read(answer, seen, rejects))
        except SourceError as error:
            rejects.append(untold(answer, error, "signal"))
    return signals, rejects


def untold(answer: Answer, error: SourceError, what: str) -> Reject:
    """Return the row that says which address told us nothing, and why."""
    names = {Unreachable: "unreachable", Denied: "denied", Unreadable: "unreadable"}
    name = next((name for kind, name in names.items() if isinstance(error, kind)), "failed")
    return Reject(f"{what}_{name}", str(error), f'"{answer.url}"')


def _stocks(answer: Answer, seen: _Seen, rejects: list[Reject]) -> Iterator[Signal]:
    """GPUs on the network and in use now, in all and by GPU."""
    gpus = page_of(answer, Stocks).gpus
    yield from rows_of(
        [None],
        lambda _: _counted(None, gpus.total.allocatable, gpus.total.allocated, seen),
        rejects,
    )
    total: dict[str, int] = defaultdict(int)
    leased: dict[str, int] = defaultdict(int)

    def read(row: object) -> Iterator[str]:
        stock = GpuStock.model_validate(row)
        subject = seen.subject(" ".join(filter(None, (stock.model, stock.ram, stock.interface))))
        total[subject] += stock.allocatable
        leased[subject] += stock.allocated
        yield subject

    rows = [row for vendor in gpus.details.values() for row in vendor]
    subjects = set(rows_of(rows, read, rejects))

    def count(subject: object) -> Iterator[Signal]:
        name = str(subject)
        return _counted(name, total[name], leased[name], seen)

    yield from rows_of(sorted(subjects), count, rejects)


def _counted(
    subject: str | None, total: int, leased: int, seen: _Seen, at: datetime | None = None
) -> Iterator[Signal]:
    """How many there are and are in use; of none no part is in use."""
    yield seen.signal("gpus_total", total, subject=subject, at=at)
    yield seen.signal("gpus_leased", leased, subject=subject, at=at)
    if total:
        yield seen.signal("utilisation", leased / total, subject=subject, at=at)


def _history(answer: Answer, seen: _Seen, rejects: list[Reject]) -> Iterator[Signal]:
    """Each day and GPU of the last ``HISTORY_DAYS``, and each day's sum over the GPUs."""
    first = seen.at.date() - timedelta(days=HISTORY_DAYS)

    def recent(row: object) -> Iterator[GpuDay]:
        day = GpuDay.model_validate(row)
        if day.date >= first:
            yield day

    found = sorted(rows_of(_list(answer), recent, rejects), key=lambda d: d.date, reverse=True)
    kept = found[:HISTORY_ROWS_MAX]
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for day in kept:
        sums[day.date][0] += day.total_gpus
        sums[day.date][1] += day.leased_gpus

    def of_model(row: object) -> Iterator[Signal]:
        assert isinstance(row, GpuDay)
        return _of_model(row, seen)

    yield from rows_of(kept, of_model, rejects)
    for day_of, (total, leased) in sums.items():
        yield from _counted(None, total, leased, seen, _midnight(day_of))


def _of_model(day: GpuDay, seen: _Seen) -> Iterator[Signal]:
    subject, at = seen.subject(day.model), _midnight(day.date)
    yield from _counted(subject, day.total_gpus, day.leased_gpus, seen, at)
    yield seen.signal("providers", day.provider_count, subject=subject, at=at)
    yield seen.signal("nodes", day.node_count, subject=subject, at=at)


def _vault(answer: Answer, seen: _Seen, rejects: list[Reject]) -> Iterator[Signal]:
    def read(row: object) -> Iterator[Signal]:
        now = VaultNow.model_validate(row)
        yield seen.signal("collateral_ratio", now.collateral_ratio, at=now.date)

    whole = json_of(answer)
    yield from rows_of([whole.get("now") if isinstance(whole, Mapping) else whole], read, rejects)


def _state(answer: Answer, seen: _Seen, rejects: list[Reject]) -> Iterator[Signal]:
    """The newest state in the network's own word; no change ever told is no state told."""

    def read(row: object) -> Iterator[VaultChange]:
        yield VaultChange.model_validate(row)

    changes = list(rows_of(_list(answer), read, rejects))
    if not changes:
        return
    newest = max(changes, key=lambda change: (change.height, change.date))
    note = f"was {newest.previous_status} before; at block {newest.height}"
    yield from rows_of(
        [newest],
        lambda _: iter(
            [seen.signal("risk_status", None, text=newest.new_status, at=newest.date, note=note)]
        ),
        rejects,
    )


def _list(answer: Answer) -> Iterable[object]:
    rows = json_of(answer)
    if not isinstance(rows, list):
        raise Unreadable(f"{answer.url.split('?', 1)[0]} did not answer with a list")
    return rows


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_READERS: Mapping[str, _Read] = {
    "/v1/gpu": _stocks,
    "/v1/gpu-breakdown": _history,
    "/v1/bme/dashboard-data": _vault,
    "/v1/bme/status-history": _state,
}
SIGNAL_PATHS = tuple(_READERS)
"""Asked of the Console beside prices and providers, in the order that ``signals_of`` takes."""
