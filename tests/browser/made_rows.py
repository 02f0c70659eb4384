"""Rows like an audit trail's, and rows that try to act, for the long table's tests."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from components.data_table import Column

ROWS = 100_000
HUGE = 3_000_000
COLUMNS = (
    Column("time", "Recorded (UTC)", kind="time", width=176, help="When it was recorded."),
    Column("actor", "Actor", width=150, is_faceted=True),
    Column("action", "Action", width=200, is_faceted=True),
    Column("subject", "Subject", width=200),
    Column(
        "result", "Result", width=130, is_faceted=True,
        tones={"done": "good", "refused": "warn", "failed": "bad"},
    ),
    Column("usd", "USD", kind="number", width=110),
    Column("digest", "Digest", kind="code", width=220),
    Column("index", "Leaf", kind="number", width=90, is_filterable=False, is_hidden=True),
)  # fmt: skip
HOSTILE = {
    "html": "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>",
    "control": "bell\x07 null\x00 escape\x1b[31m line\nfeed tab\t delete\x7f",
    "right-to-left": "invoice\u202efdp.exe \u200f\u2067mark",
    "formula": '=HYPERLINK("http://127.0.0.1:9","pay")',
    "long": "x" * 1_000_000,
    "hebrew": "שלום עולם",
    "emoji": "👩‍👩‍👧 ok",
    "surrogate": "half \ud800 pair",
}  # fmt: skip


def made(rows: int, seed: int) -> pl.DataFrame:
    """Return entries, newest first, the same for the same seed."""
    dice = np.random.default_rng(seed)
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - UTC, as DuckDB and polars keep it
    actors = ["local:root", "job:ingest", "persona:buyer", "persona:approver", "system"]
    actions = ["market.ingested", "settings.changed", "order.placed", "order.approved",
               "lease.closed", "pack.exported"]  # fmt: skip
    index = np.arange(rows)[::-1]
    return pl.DataFrame(
        {
            "id": [f"entry-{i:07d}" for i in index],
            "time": [f"{start + timedelta(seconds=97 * int(i)):%Y-%m-%d %H:%M:%S}" for i in index],
            "actor": dice.choice(actors, rows, p=[0.1, 0.6, 0.15, 0.1, 0.05]),
            "action": [f"necto.{name}" for name in dice.choice(actions, rows)],
            "subject": [f"lease/akash/{n}" for n in dice.integers(0, 5000, rows)],
            "result": dice.choice(["done", "refused", "failed"], rows, p=[0.9, 0.07, 0.03]),
            "usd": dice.integers(0, 9_999_999, rows) / 100,
            "digest": [f"sha256:{n:016x}" for n in dice.integers(0, 2**62, rows)],
            "index": index,
        }
    )
