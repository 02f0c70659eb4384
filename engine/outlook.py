"""What to expect of a GPU on a network, from what was seen: is it free, how long is the wait.

Everything rests on live readings (``engine.series``); with too few of them there is no figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from engine.series import availability, volatility

OUTLOOK_SCHEMA: Mapping[str, pl.DataType] = {
    "network": pl.String(),
    "gpu_model": pl.String(),
    "term": pl.String(),
    "readings": pl.Int64(),
    "availability": pl.Float64(),
    "wait_minutes": pl.Float64(),
    "volatility": pl.Float64(),
}
READINGS_MIN = 20
"""With fewer readings that say whether a machine is free, that is too little data."""

_SERIES = ("network", "gpu_model", "term")
_DAY_MINUTES = 1440.0


def outlook(bands: pl.DataFrame) -> pl.DataFrame:
    """Return ``OUTLOOK_SCHEMA``: one row per network, GPU model and term that was read live.

    ``availability``: in how many of the newest readings (``readings``) one was free, 0..1.
    ``wait_minutes``: how long the wait for a free one is from any moment, on average.
    ``volatility``: as ``engine.series.volatility``. Null: too little data, or never stated; the
    wait is null too where none was ever free. ``bands``: every band of ``engine.series`` of the
    networks.
    """
    free = availability(bands).with_columns(
        readings="runs",
        availability=pl.when(pl.col("runs") >= READINGS_MIN).then("availability"),
    )
    whole = free.join(_waits(bands), on=_SERIES, how="left").join(
        volatility(bands), on=_SERIES, how="left"
    )
    return whole.select(pl.col(name).cast(dtype) for name, dtype in OUTLOOK_SCHEMA.items())


@dataclass(frozen=True, slots=True)
class Expected:
    """An outlook by numbers: ``availability`` and ``volatility`` of each network, model and term.

    The parts of a machine, a place and a deal (rows of a market's frames) add up to a row here.
    """

    machine: pl.Series
    place: pl.Series
    deal: pl.Series
    availability: pl.Series
    volatility: pl.Series

    def of(self, machine: pl.Series, place: pl.Series, deal: pl.Series) -> pl.Series:
        """Return the rows of offers of these machines, places and deals."""
        return self.machine.gather(machine) + self.place.gather(place) + self.deal.gather(deal)


def expected(
    history: pl.DataFrame, machines: pl.DataFrame, places: pl.DataFrame, deals: pl.DataFrame
) -> Expected:
    """Return an outlook (``OUTLOOK_SCHEMA``) for the machines, places and deals of a market.

    Offers then find their row by adding whole numbers; no texts of offers are compared.
    """
    known = history.drop_nulls(_SERIES)
    size, parts = 1, []
    row = pl.repeat(0, known.height, dtype=pl.UInt32, eager=True)
    for name, frame in zip(_SERIES, (places, machines, deals), strict=True):
        values = pl.concat([frame[name], known[name]])
        numbers = (values.fill_null("").rank("dense") - 1).cast(pl.UInt32) * size
        parts.append(numbers.slice(0, frame.height))
        row += numbers.slice(frame.height)
        size *= values.n_unique() + 1
    place, machine, deal = parts
    columns = [_scattered(size, row, known[name]) for name in ("availability", "volatility")]
    return Expected(machine, place, deal, *columns)


def _scattered(size: int, rows: pl.Series, values: pl.Series) -> pl.Series:
    """Return a column of its own with these values in these rows: scatter changes what it is of."""
    return pl.repeat(None, size, dtype=pl.Float64, eager=True).scatter(rows, values)


def _waits(bands: pl.DataFrame) -> pl.DataFrame:
    """Return the mean wait per series: of readings that found one free it is nothing.

    Readings and free moments count as spread evenly over their day, which is all that bands tell. A
    taken moment then waits for half the time between two free ones, at least till the next reading;
    on a day without any, for the day's rest and on to the next free one, or (which is the least it
    can be) to the end of what was read.
    """
    days = _days(bands).sort(*_SERIES, "day")
    told = pl.col("runs")
    free = pl.col("runs_free")
    half = _DAY_MINUTES / 2
    is_free = free > 0
    next_day = pl.when(is_free).then("day").backward_fill().over(_SERIES)
    next_free = pl.when(is_free).then(free).backward_fill().over(_SERIES)
    last_day = pl.col("day").max().over(_SERIES)
    whole_days = (next_day - pl.col("day")).dt.total_days() - 1
    to_the_end = (last_day - pl.col("day")).dt.total_days()
    taken_all_day = half + pl.coalesce(
        whole_days * _DAY_MINUTES + half / next_free, to_the_end * _DAY_MINUTES
    )
    wait = (
        pl.when(is_free)
        .then(pl.max_horizontal(_DAY_MINUTES / told, half / free))
        .otherwise(taken_all_day)
    )
    is_enough = (told.sum() >= READINGS_MIN) & is_free.any()
    return (
        days.with_columns(wait=wait)
        .group_by(_SERIES)
        .agg(
            wait_minutes=pl.when(is_enough).then(
                ((told - free) * pl.col("wait")).sum() / told.sum()
            )
        )
    )


def _days(bands: pl.DataFrame) -> pl.DataFrame:
    """Return the days on which a series was told to be free or not: day, runs, runs_free.

    As in ``engine.series.availability``: a day on which the network was read and the model was not
    listed counts as taken, one on which nobody said does not count.
    """
    live = bands.filter(source_kind="live")
    read = live.group_by("network", "day").agg(pl.col("runs").max()).drop_nulls()
    listed = live.select(*_SERIES, "day", "runs_free", is_listed=True)
    stated = live.group_by(_SERIES).agg(pl.col("runs_free").is_not_null().any())
    return (
        stated.filter("runs_free")
        .drop("runs_free")
        .join(read, on="network")
        .join(listed, on=[*_SERIES, "day"], how="left")
        .filter(pl.col("runs_free").is_not_null() | pl.col("is_listed").is_null())
        .with_columns(pl.col("runs_free").fill_null(0))
    )
