"""What a network says about itself beside its offers: capacity, utilisation, revenue, risk.

A signal is evidence about a network or one of its GPUs, never a price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Literal

import polars as pl

from engine.market import MOMENT, naive_utc
from engine.runs import SourceKind
from engine.sound import refuse_unsound

SignalName = Literal[
    "gpus_total",
    "gpus_leased",
    "utilisation",
    "providers",
    "nodes",
    "revenue_usd_day",
    "risk_status",
    "collateral_ratio",
]
SIGNAL_NAMES: Mapping[SignalName, str] = {
    "gpus_total": "GPUs in all",
    "gpus_leased": "GPUs leased",
    "utilisation": "GPUs leased of all",
    "providers": "providers",
    "nodes": "nodes",
    "revenue_usd_day": "revenue a day",
    "risk_status": "payment state",
    "collateral_ratio": "collateral ratio",
}
"""Stable codes and what they are called on the screen."""

SIGNAL_SCHEMA: Mapping[str, pl.DataType] = {
    "network": pl.String(),
    "signal": pl.String(),
    "subject": pl.String(),
    "at": MOMENT,
    "value": pl.Float64(),
    "text": pl.String(),
    "note": pl.String(),
    "observed_at": MOMENT,
    "source_kind": pl.String(),
    "source": pl.String(),
    "source_url": pl.String(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One figure or word about a network at a moment.

    ``subject``: a canonical or received GPU name, None for the whole network. ``value``: a count, a
    fraction (utilisation, ratio) or USD; ``text``: a state in the network's own word. ``at``: what
    moment it is about; ``observed_at``: when it was read.
    """

    network: str
    signal: SignalName
    at: datetime
    observed_at: datetime
    source_kind: SourceKind
    source: str
    subject: str | None = None
    value: float | None = None
    text: str | None = None
    note: str | None = None
    source_url: str | None = None

    def __post_init__(self) -> None:
        if self.value is None and self.text is None:
            raise ValueError(f"{self.signal} has neither a value nor a word")
        refuse_unsound(self)


def signals_frame(signals: Sequence[Signal]) -> pl.DataFrame:
    """Return the signals as a frame of ``SIGNAL_SCHEMA``, by signal, subject and time."""
    columns = {name: list(map(attrgetter(name), signals)) for name in SIGNAL_SCHEMA}
    for name in ("at", "observed_at"):
        columns[name] = [naive_utc(moment) for moment in columns[name]]
    frame = pl.DataFrame(columns, schema=dict(SIGNAL_SCHEMA))
    return frame.sort("signal", "subject", "at", nulls_last=False)


def newest_signals(signals: pl.DataFrame) -> pl.DataFrame:
    """Return the newest figure of every signal and subject: what a network says of itself now."""
    return signals.sort("at").unique(["signal", "subject"], keep="last", maintain_order=True)
