"""DuckDB in this process: one private connection, a cursor of its own for every use.

A connection shared without cursors mixed up the results of threads. No extension is ever loaded
from outside.
"""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import polars as pl

_OF_FILES = (duckdb.IOException, duckdb.InvalidInputException)


class Damaged(Exception):
    """A file is cut off, overwritten, gone or no Parquet: find out which, and go on without it."""


class Duck:
    """SQL over Parquet files, and Parquet files from frames."""

    def __init__(self, spill: Path) -> None:
        """Keep in ``spill`` what a sort cannot hold in memory, while it lasts."""
        self._spill = spill
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._guard = threading.Lock()

    def frame(self, sql: str, parameters: Sequence[object]) -> pl.DataFrame:
        """Run one query; raises Damaged for files that cannot be read, else duckdb.Error."""
        with _damage_told():
            found: pl.DataFrame = self._cursor().sql(sql, params=list(parameters)).pl()
        return found

    def write_parquet(self, frame: pl.DataFrame, path: Path) -> None:
        cursor = self._cursor()
        cursor.register("frame", frame.to_arrow())
        cursor.execute("COPY frame TO ? (FORMAT parquet, COMPRESSION zstd)", [str(path)])
        cursor.unregister("frame")

    def copy(self, sql: str, parameters: Sequence[object], path: Path, **metadata: str) -> None:
        """Write what a query finds as Parquet, with entries of metadata; raises as ``frame``."""
        entries = ", ".join(f"{name}: '{_quoted(text)}'" for name, text in metadata.items())
        options = f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{entries}}}"
        target = _quoted(str(path))
        with _damage_told():
            self._cursor().execute(f"COPY ({sql}) TO '{target}' ({options})", list(parameters))

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._guard:
            if self._connection is None:
                self._connection = duckdb.connect(
                    config={
                        "autoinstall_known_extensions": "false",
                        "autoload_known_extensions": "false",
                        "temp_directory": str(self._spill),
                        "threads": str(min(4, os.cpu_count() or 1)),
                    }
                )
            return self._connection.cursor()


@contextlib.contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        # A broken page comes as the bare base class: "TProtocolException: Invalid data".
        if isinstance(error, _OF_FILES) or type(error) is duckdb.Error:
            raise Damaged(str(error)) from error
        raise


def _quoted(text: str) -> str:
    return text.replace("'", "''")
