"""A checked rate card as offers, and offers of a card as the rows to type them again.

Export and import are the identity: a card that leaves Necto and is imported unchanged gives the
same prices, machines and days.
"""

from datetime import datetime
from decimal import Decimal, localcontext

import polars as pl

from engine.export import inert_text, number_text
from engine.market import MOMENT, OFFER_SCHEMA, PRICE, naive_utc
from engine.money import divided
from engine.rate_cards import BASELINES, NAMES, TEXTS
from engine.resources import Catalogue

_IN_THE_ID = (
    "seller",
    "provider_name",
    "gpu",
    "gpu_count",
    "vcpu",
    "memory_gib",
    "storage_gib",
    "region",
    "country_code",
    "term",
    "price_basis",
    "card",
    "valid_from",
)


def completed(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Return typed rows with what Necto knows: a GPU's memory, an instance's shape, a country."""
    return _with_places(_with_shapes(_with_models(rows, catalogue), catalogue), catalogue)


def card_offers(
    rows: pl.DataFrame, *, name: str, version: int, imported_at: datetime
) -> pl.DataFrame:
    """Return checked rows (``engine.card_checks``) as offers of ``OFFER_SCHEMA``, sorted by id.

    A hyperscaler's rate is a baseline. ``price_as_of`` is the first day of the price.
    """
    hour, gpu_hour = _prices(rows)
    offers = rows.with_columns(hour, gpu_hour, card=pl.lit(name)).with_columns(
        offer_id=_id(),
        network="seller",
        is_baseline=pl.col("seller").is_in(BASELINES),
        provider_id=pl.when(pl.col("seller").is_in(BASELINES))
        .then("seller")
        .otherwise("provider_name"),
        gpu_name="gpu",
        rankable=pl.lit(value=True),
        price_as_of=pl.col("valid_from").cast(MOMENT),
        observed_at=pl.lit(naive_utc(imported_at), dtype=MOMENT),
        source_kind=pl.lit("contract"),
        source=pl.format(
            "rate card {}, version {}, line {}; {}",
            pl.lit(name),
            pl.lit(version),
            "line",
            "contract_reference",
        ),
        raw=_raw(),
    )
    absent = [
        pl.lit(None, dtype).alias(n) for n, dtype in OFFER_SCHEMA.items() if n not in offers.columns
    ]
    shaped = offers.with_columns(absent).select(list(OFFER_SCHEMA)).cast(dict(OFFER_SCHEMA))  # type: ignore[arg-type]
    return shaped.sort("offer_id")


def rows_of(offers: pl.DataFrame) -> pl.DataFrame:
    """Return a card's offers as the text rows of a card, in the order of the file they came from.

    A price is written for the whole machine, which is exact whichever was typed. Text that a
    spreadsheet would run is made inert (``engine.export``).
    """
    line = pl.col("source").str.extract(r", line (\d+); ", 1).cast(pl.Int64)
    sizes = [
        pl.col(name).cast(pl.String).str.replace(r"\.0$", "")
        for name in ("vcpu", "memory_gib", "storage_gib")
    ]
    texts = offers.sort(line, "offer_id").select(
        "region",
        "country_code",
        "term",
        "price_basis",
        "note",
        *sizes,
        pl.col("gpu_count").cast(pl.String),
        pl.col("usd_per_hour").map_elements(number_text, return_dtype=pl.String),
        pl.col("valid_from", "valid_until").cast(pl.String),
        seller="network",
        provider="provider_name",
        gpu="gpu_name",
        usd_per_gpu_hour=pl.lit(None, pl.String),
        currency=pl.lit("USD"),
        contract_reference=pl.col("source").str.extract(r"(?s), line \d+; (.*)$", 1),
    )
    return texts.select(NAMES).with_columns(inert_text(pl.col(name)) for name in TEXTS)


def _with_models(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    models = pl.DataFrame(
        [
            (m.name, m.interface if m.form_factor_known else None, _number(m.memory_gib))
            for m in catalogue.models
        ],
        schema={"gpu_model": pl.String, "form_factor": pl.String, "gpu_memory_gib": pl.Float64},
        orient="row",
    )
    named = pl.when(pl.col("seller").is_in(BASELINES)).then(pl.coalesce("provider", "gpu"))
    return rows.join(models, on="gpu_model", how="left", maintain_order="left").with_columns(
        provider_name=pl.coalesce(named, "provider")
    )


def _with_shapes(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """A known instance type with the same GPUs states the CPU and RAM that the card leaves out."""
    shapes = pl.DataFrame(
        [
            (i.provider, i.name, i.gpu_model, i.gpu_count, _number(i.vcpu), _number(i.memory_gib))
            for i in catalogue.instances.values()
        ],
        schema={
            "seller": pl.String,
            "provider_name": pl.String,
            "gpu_model": pl.String,
            "gpu_count": pl.Int64,
            "known_vcpu": pl.Float64,
            "known_memory_gib": pl.Float64,
        },
        orient="row",
    )
    by = ["seller", "provider_name", "gpu_model", "gpu_count"]
    return rows.join(shapes, on=by, how="left", maintain_order="left").with_columns(
        vcpu=pl.coalesce("vcpu", "known_vcpu"),
        memory_gib=pl.coalesce("memory_gib", "known_memory_gib"),
    )


def _with_places(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """A hyperscaler's region names its country; else the card's word is the evidence."""
    places = pl.DataFrame(
        [(seller, region, country) for (seller, region), country in catalogue.regions.items()],
        schema={"seller": pl.String, "region": pl.String, "known_country": pl.String},
        orient="row",
    ).with_columns(pl.col("known_country").replace("", None))
    placed = rows.join(places, on=["seller", "region"], how="left", maintain_order="left")
    country = pl.coalesce("country_code", "known_country")
    evidence = (
        pl.when(country == pl.col("known_country"))
        .then(pl.lit("the provider's region table"))
        .when(country.is_not_null())
        .then(pl.lit("stated in the rate card"))
    )
    return placed.with_columns(country_code=country, country_evidence=evidence)


def _prices(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Both prices of every row, exactly; each pair of price and count is computed once."""
    cells = list(rows.select("usd_per_gpu_hour", "usd_per_hour", "gpu_count").iter_rows())
    with localcontext(prec=60):
        computed = {cell: _both(*cell) for cell in set(cells)}
    hour = pl.Series("usd_per_hour", [computed[cell][0] for cell in cells], dtype=pl.String)
    one = pl.Series("usd_per_gpu_hour", [computed[cell][1] for cell in cells], dtype=pl.String)
    return hour.cast(PRICE), one.cast(PRICE)


def _both(one: Decimal | None, machine: Decimal | None, count: int) -> tuple[str, str]:
    if one is not None:
        return f"{one * count:f}", f"{one:f}"
    assert machine is not None, "a checked row has a price"
    return f"{machine:f}", f"{divided(machine, count):f}"


def _id() -> pl.Expr:
    parts = [
        pl.col(name).cast(pl.String).str.replace_all(":", "_", literal=True).fill_null("-")
        for name in _IN_THE_ID
    ]
    return pl.concat_str(parts, separator=":")


def _raw() -> pl.Expr:
    """The row as it was typed, one line per cell."""
    cells = [pl.format("{}: {}", pl.lit(name), pl.col(f"{name}_text")) for name in NAMES]
    return pl.concat_str(cells, separator="\n", ignore_nulls=True)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
