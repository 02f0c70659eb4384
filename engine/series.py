"""What daily prices say over time: bands, availability, volatility, last change, an index price.

A band is one day of one network, GPU model and term (``BAND_SCHEMA``). Every price in it is a price
somebody asked: quantiles are by nearest rank, never interpolated. The index and its rules:
``docs/index-price.md``.
"""

from collections.abc import Mapping

import polars as pl

from engine.market import MOMENT, PRICE
from engine.money import divided
from engine.savings import MODELLED

BAND_SCHEMA: Mapping[str, pl.DataType] = {
    "run_day": pl.Date(),
    "day": pl.Date(),
    "network": pl.String(),
    "is_baseline": pl.Boolean(),
    "gpu_model": pl.String(),
    "term": pl.String(),
    "source_kind": pl.String(),
    "min_usd_per_gpu_hour": PRICE,
    "p25_usd_per_gpu_hour": PRICE,
    "median_usd_per_gpu_hour": PRICE,
    "p75_usd_per_gpu_hour": PRICE,
    "max_usd_per_gpu_hour": PRICE,
    "offers": pl.Int64(),
    "runs": pl.Int64(),
    "runs_free": pl.Int64(),
    "price_basis": pl.String(),
    "source_url": pl.String(),
    "last_observed_at": MOMENT,
}
"""``run_day``: when it was read; ``day``: what day it is about (they differ for shipped figures).

``price_basis`` and ``source_url`` are the cheapest offer's. ``runs``: readings of the network that
day; ``runs_free``: those with an offer of this model that was stated to be free, null where nobody
states it. A model that was taken all day has no prices and no offers.
"""

RUNS_LAST = 200
VOLATILITY_DAYS, VOLATILITY_DAYS_MIN = 30, 5
INDEX_NETWORKS_MIN = 2

_SERIES = ["network", "gpu_model", "term"]
_DAY = ["run_day", "day", *_SERIES, "source_kind"]
_PRICE = "usd_per_gpu_hour"
_QUARTERS = ("p25", "median", "p75", "max")


def bands_of_day(daily: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Return one reading day's bands (``BAND_SCHEMA``) of one network.

    ``daily``: a row per offer and day with its lowest price (``data.rollups.DAILY_SCHEMA``);
    ``seen``: run_day, network, is_baseline, gpu_model, term, source_kind, runs, runs_free. Each
    offer counts once, with its lowest price of the day. What was known to be taken all day, must
    not be ranked or is no whole machine (``gpu_only``) does not count, and a price that is modelled
    only counts where the network has no firm one.
    """
    priced = _priced_bands(daily).join(
        seen.drop("run_day", "network", "is_baseline"),
        on=["gpu_model", "term", "source_kind"],
        how="left",
    )
    # A live reading is about its own day; shipped figures without a price say nothing.
    taken = seen.filter(source_kind="live").join(
        priced, on=["gpu_model", "term", "source_kind"], how="anti"
    )
    taken = taken.with_columns(day=pl.col("run_day"), offers=pl.lit(0))
    both = pl.concat([priced, taken], how="diagonal_relaxed")
    return both.select(list(BAND_SCHEMA)).cast(dict(BAND_SCHEMA)).sort(_DAY)  # type: ignore[arg-type]


def availability(bands: pl.DataFrame, runs_last: int = RUNS_LAST) -> pl.DataFrame:
    """Return how often a model was seen free in a network's newest live readings.

    Columns: network, gpu_model, term, runs, runs_free, availability (0..1). The newest whole days
    that together hold ``runs_last`` readings count. A day on which the network was read and the
    model was not listed counts as not free; a day on which nobody said so does not count. Null
    where availability is never stated. Pass every band of a network, not one model's only.
    """
    live = bands.filter(source_kind="live")
    read = (
        live.group_by("network", "day")
        .agg(pl.col("runs").max())
        .drop_nulls()
        .sort("network", "day", descending=[False, True])
        .with_columns(newer=pl.col("runs").cum_sum().over("network") - pl.col("runs"))
        .filter(pl.col("newer") < runs_last)
    )
    listed = live.select(*_SERIES, "day", "runs_free", is_listed=True)
    days = (
        live.select(_SERIES)
        .unique()
        .join(read, on="network")
        .join(listed, on=[*_SERIES, "day"], how="left")
    )
    is_told = pl.col("runs_free").is_not_null() | pl.col("is_listed").is_null()
    return (
        days.group_by(_SERIES)
        .agg(
            is_stated=pl.col("runs_free").is_not_null().any(),
            told=pl.col("runs").filter(is_told).sum(),
            runs=pl.col("runs").sum(),
            runs_free=pl.col("runs_free").sum(),
        )
        .select(
            *_SERIES,
            runs=pl.when("is_stated").then("told").otherwise("runs"),
            runs_free=pl.when("is_stated").then("runs_free"),
            availability=pl.when("is_stated").then(pl.col("runs_free") / pl.col("told")),
        )
        .sort(_SERIES)
    )


def volatility(bands: pl.DataFrame, days: int = VOLATILITY_DAYS) -> pl.DataFrame:
    """Return how much a series' median price moves from one day to the next, as a fraction.

    The standard deviation (n - 1) of the daily changes of the logarithm of the median price over
    the last ``days`` days up to the newest band; not annualised. Only live readings of adjacent
    days make a change. Null with fewer than ``VOLATILITY_DAYS_MIN`` days: too little data.
    """
    live = bands.filter(pl.col("source_kind") == "live", pl.col(f"median_{_PRICE}").is_not_null())
    return (
        live.filter(pl.col("day") > pl.col("day").max() - pl.duration(days=days))
        .sort(*_SERIES, "day")
        .with_columns(
            change=pl.col(f"median_{_PRICE}").cast(pl.Float64).log().diff().over(_SERIES),
            gap=pl.col("day").diff().over(_SERIES),
        )
        .group_by(_SERIES)
        .agg(
            volatility=pl.when(pl.len() >= VOLATILITY_DAYS_MIN).then(
                pl.col("change").filter(pl.col("gap") == pl.duration(days=1)).std()
            )
        )
        .sort(_SERIES)
    )


def last_change(bands: pl.DataFrame) -> pl.DataFrame:
    """Return since which day a series' lowest price is what it is: ``unchanged_since``.

    It is the first day at hand where the price never changed, so "at least since".
    """
    price = pl.col(f"min_{_PRICE}")
    changed = price != price.shift().over(_SERIES)
    return (
        one_kind(bands)
        .sort(*_SERIES, "day")
        .filter(changed.fill_null(value=True))
        .group_by(_SERIES)
        .agg(unchanged_since=pl.col("day").max())
        .sort(_SERIES)
    )


def facts(bands: pl.DataFrame) -> pl.DataFrame:
    """Return one row per network, GPU model and term that has a price in these bands.

    Columns: network, gpu_model, term, source_kind, last_day, min_/median_/max_usd_per_gpu_hour (of
    the last day with a price), days_seen (days with a price), first_seen, and those of
    ``availability``, ``volatility`` and ``last_change``. Live readings and shipped figures are
    never joined into one series: live ones win.
    """
    newest = [pl.col(f"{part}_{_PRICE}").last() for part in ("min", "median", "max")]
    prices = (
        one_kind(bands)
        .sort(*_SERIES, "day")
        .group_by(_SERIES)
        .agg(
            pl.col("source_kind").last(),
            *newest,
            last_day=pl.col("day").max(),
            days_seen=pl.len().cast(pl.Int64),
            first_seen=pl.col("day").min(),
        )
    )
    for more in (availability(bands), volatility(bands), last_change(bands)):
        prices = prices.join(more, on=_SERIES, how="left")
    return prices.sort(_SERIES)


def index_price(bands: pl.DataFrame) -> pl.DataFrame:
    """Return the index price per GPU model and day (``docs/index-price.md``).

    Columns: day, gpu_model, index_usd_per_gpu_hour (Decimal; half up on the 18th decimal),
    networks (how many), names (sorted), lowest_/highest_usd_per_gpu_hour (the lowest and highest
    network's median), is_single_network. The median over networks of each network's median
    on-demand price of the day; no baselines, no modelled prices, no rate cards, live readings only.
    """
    price = f"median_{_PRICE}"
    sold = bands.filter(
        pl.col("term") == "on_demand",
        pl.col("source_kind") == "live",
        ~pl.col("is_baseline").fill_null(value=False),
        ~pl.col("price_basis").is_in(MODELLED),
        pl.col(price).is_not_null(),
    ).sort(price, "network")
    rows = (
        sold.group_by("day", "gpu_model")
        .agg(
            low=pl.col(price).get((pl.len() - 1) // 2),
            high=pl.col(price).get(pl.len() // 2),
            networks=pl.len().cast(pl.Int64),
            names=pl.col("network").sort(),
            **{f"lowest_{_PRICE}": pl.col(price).first()},
            **{f"highest_{_PRICE}": pl.col(price).last()},
        )
        .sort("day", "gpu_model")
    )
    middle = [divided(low + high, 2) for low, high in rows.select("low", "high").iter_rows()]
    return rows.select(
        "day",
        "gpu_model",
        pl.Series(f"index_{_PRICE}", middle, dtype=PRICE),
        "networks",
        "names",
        f"lowest_{_PRICE}",
        f"highest_{_PRICE}",
        is_single_network=pl.col("networks") < INDEX_NETWORKS_MIN,
    )


def one_kind(bands: pl.DataFrame) -> pl.DataFrame:
    """Return the bands with a price: a series' live ones, or its shipped ones if it has no other.

    One row per day and series; of two readings of one day (shipped figures loaded again) the newer.
    """
    is_live = pl.col("source_kind") == "live"
    return (
        bands.filter(pl.col(f"min_{_PRICE}").is_not_null())
        .filter(is_live | ~is_live.any().over(_SERIES))
        .sort(*_SERIES, "day", "run_day", "source_kind")
        .unique([*_SERIES, "day"], keep="last", maintain_order=True)
    )


def _priced_bands(daily: pl.DataFrame) -> pl.DataFrame:
    price = pl.col(f"min_{_PRICE}")
    is_firm = ~pl.col("price_basis").is_in(MODELLED)
    sold = (
        daily.filter(
            pl.col("gpu_model").is_not_null(),
            pl.col("rankable"),
            pl.col("price_basis") != "gpu_only",
            pl.col("readings_free") > 0,
        )
        .with_columns(day=pl.when(pl.col("source_kind") == "live").then("run_day").otherwise("day"))
        .filter(is_firm | ~is_firm.any().over(_DAY))
        .sort(price, "offer_id")
        .unique([*_DAY, "offer_id"], keep="first", maintain_order=True)
    )
    ranks = {
        f"{name}_{_PRICE}": price.get((quarter * pl.len() - 1) // 4)
        for quarter, name in enumerate(_QUARTERS, start=1)
    }
    return sold.group_by(_DAY, maintain_order=True).agg(
        pl.col("is_baseline").first(),
        price.first(),
        **ranks,
        offers=pl.len().cast(pl.Int64),
        price_basis=pl.col("price_basis").first(),
        source_url=pl.col("source_url").first(),
        last_observed_at=pl.col("last_observed_at").max(),
    )
