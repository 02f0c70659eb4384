"""The floor: the same questions of the same offers as plain DuckDB queries."""

from typing import Any

import duckdb
import polars as pl

COLUMNS = (
    "network", "tier", "gpu_model", "gpu_count", "vcpu", "memory_gib", "usd_per_hour", "region",
)  # fmt: skip
_CHEAPEST = """
    SELECT network, region, tier, usd_per_hour FROM offers
    WHERE gpu_model = 'A100-80' AND gpu_count = 8 AND vcpu >= 32 AND memory_gib >= 256
      AND price_basis = 'instance'
    ORDER BY usd_per_hour, network, region LIMIT 20"""
_EVERY = "SELECT * FROM offers WHERE gpu_model IS NOT NULL ORDER BY usd_per_hour"


class Floor:
    """A table in memory; prices are binary floats."""

    def __init__(self, offers: pl.DataFrame) -> None:
        listed = offers.select(*COLUMNS, "price_basis").with_columns(
            pl.col("usd_per_hour").cast(pl.Float64)
        )
        self._connection = duckdb.connect()
        self._connection.execute("SET threads = 2")
        self._connection.register("listed", listed.to_arrow())
        self._connection.execute("CREATE TABLE offers AS SELECT * FROM listed")

    def cheapest(self) -> list[tuple[Any, ...]]:
        return self._connection.execute(_CHEAPEST).fetchall()

    def every(self) -> list[tuple[Any, ...]]:
        return self._connection.execute(_EVERY).fetchall()
