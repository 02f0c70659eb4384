"""The declared shape of every kind of drop."""

from collections.abc import Mapping

import polars as pl

from engine.market import OFFER_SCHEMA, PROVIDER_SCHEMA
from engine.runs import Kind
from engine.signals import SIGNAL_SCHEMA

REJECT_SCHEMA: Mapping[str, pl.DataType] = {
    "code": pl.String(),
    "reason": pl.String(),
    "row": pl.String(),
}
SCHEMAS: Mapping[Kind, Mapping[str, pl.DataType]] = {
    "offers": OFFER_SCHEMA,
    "providers": PROVIDER_SCHEMA,
    "rejects": REJECT_SCHEMA,
    "signals": SIGNAL_SCHEMA,
}
REQUIRED: Mapping[Kind, frozenset[str]] = {
    "offers": frozenset({"offer_id", "network", "gpu_name", "gpu_count", "usd_per_hour"}),
    "providers": frozenset({"network", "provider_id"}),
    "rejects": frozenset({"code", "reason"}),
    "signals": frozenset({"network", "signal", "at"}),
}
ALIKE: Mapping[Kind, tuple[str, ...]] = {
    "offers": ("offer_id",),
    "providers": ("provider_id",),
    "rejects": ("code", "reason"),
    "signals": ("signal", "at"),
}
"""What brings the rows about one thing together: they differ little from run to run."""

IN_DAY: Mapping[str, pl.DataType] = {"run_id": pl.String(), "position": pl.Int64()}
"""What a merged day adds to every row: whose run it was, and its place in that run's drop."""
