"""What networks say about themselves beside offers: one function per question, from the lake."""

import polars as pl

from data.market import Lake
from engine.signals import SIGNAL_SCHEMA


def signals(lake: Lake, network: str) -> pl.DataFrame:
    """Return a network's newest signals, by signal, subject and time; empty when it has none."""
    drop = lake.newest_drop("signals", network)
    return lake.frame("signals", [drop] if drop else [], list(SIGNAL_SCHEMA))
