"""Every rule that a row of a rate card must keep; each fault says what to do about it.

All cells are text. The rules run over whole columns, so that a card of 100,000 rows is checked in
about a second, and every fault is found, not only the first. Nothing is guessed: "1,234.50" and
"2,15" are refused, not interpreted.
"""

import difflib
from collections.abc import Sequence

import polars as pl

from engine.card_offers import completed
from engine.card_rules import Rule, rules
from engine.market import PRICE
from engine.rate_cards import (
    BASELINES,
    DATES,
    FAULT_SCHEMA,
    GPU_NAMES_MAX,
    PRICES,
    CardRefused,
    faults_frame,
    sorted_faults,
)
from engine.resources import Catalogue

_PRICE = r"^\d{1,15}(\.\d{1,18})?$"
_SIZE = r"^\d{1,9}(\.\d{1,3})?$"
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
_VALUE_CHARACTERS_MAX = 80
_A_SLIP = 0.85  # of difflib's ratio: aetheer, akahs, nosanna
_MACHINE = (
    "seller",
    "provider_name",
    "machine_gpu",
    "gpu_count",
    "vcpu",
    "memory_gib",
    "storage_gib",
    "region",
    "country_code",
    "term",
    "price_basis",
)
"""What makes two rows the same machine."""


def checked(
    rows: pl.DataFrame, catalogue: Catalogue, sellers: Sequence[str], found: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (rows with their values typed, warnings).

    ``rows``: ``line`` and every column of a card as text, null where empty. ``sellers``: names that
    are known; others only get a warning. ``found``: faults that reading the file has shown already.
    Raises CardRefused with those and all others.
    """
    names = rows["gpu"].drop_nulls().unique(maintain_order=True).to_list()
    faults = [found]
    if len(names) > GPU_NAMES_MAX:
        what = f"the card has {len(names):,} different GPU names, more than {GPU_NAMES_MAX:,}"
        faults.append(faults_frame([(None, "gpu", None, what, "write GPU names, one per model")]))
        names = []
    matched = {name: catalogue.match(name) for name in names}
    models = {name: model.name if model else None for name, model in matched.items()}
    typed = completed(_typed(rows, models), catalogue)
    faults += [_broken(typed, rule) for rule in rules()]
    faults += [_repeated(typed), _slips(typed, sellers)]
    everything = sorted_faults(faults)
    if everything.height:
        raise CardRefused(everything)
    known = [model.name for model in catalogue.models]
    told = [_unknown_gpus(typed, known), _new_sellers(typed, sellers), _own_term(typed)]
    return typed, sorted_faults(told)


def _typed(rows: pl.DataFrame, models: dict[str, str | None]) -> pl.DataFrame:
    """Beside every cell as text (``<name>_text``) its value, null where it cannot be read."""
    lower = [pl.col(name).str.to_lowercase() for name in ("seller", "term")]
    kept = [pl.col(name).alias(f"{name}_text") for name in rows.columns if name != "line"]
    values = rows.select("line", *kept, *(pl.col(name) for name in rows.columns if name != "line"))
    return values.with_columns(
        *lower,
        _value("gpu_count", r"^\d{1,9}$", pl.Int64()),
        *(_value(name, _SIZE, pl.Float64()) for name in ("vcpu", "memory_gib", "storage_gib")),
        *(_value(name, _PRICE, PRICE) for name in PRICES),
        *(
            pl.when(pl.col(name).str.contains(_ISO_DATE))
            .then(pl.col(name))
            .str.to_date("%Y-%m-%d", strict=False)
            .alias(name)
            for name in DATES
        ),
        country_code=pl.col("country_code").str.to_uppercase(),
        currency=pl.col("currency").str.to_uppercase(),
        price_basis=pl.col("price_basis").str.to_lowercase().fill_null("instance"),
        gpu_model=pl.col("gpu").replace_strict(models, default=None, return_dtype=pl.String),
    ).with_columns(machine_gpu=pl.coalesce("gpu_model", "gpu"))


def _value(name: str, pattern: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.when(pl.col(name).str.contains(pattern)).then(pl.col(name))
    return cell.cast(dtype, strict=False).alias(name)


def _broken(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    def text(value: str | pl.Expr) -> pl.Expr:
        return pl.lit(value) if isinstance(value, str) else value

    return rows.filter(rule.broken).select(
        "line",
        column=pl.lit(rule.column),
        value=pl.col(f"{rule.column}_text").str.slice(0, _VALUE_CHARACTERS_MAX),
        fault=text(rule.fault),
        remedy=text(rule.remedy),
    )


def _repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows for the same machine whose days overlap, so that two prices would hold.

    Each is held against the row before it that lasts longest: its end and its place are packed into
    one number, whose running maximum names both.
    """
    machine = list(_MACHINE)
    place_max = rows.height + 1
    dated = rows.filter(pl.all_horizontal(pl.col(DATES).is_not_null()))
    ordered = dated.sort("valid_from", "line").with_row_index("place")
    end = pl.col("valid_until").cast(pl.Int32).cast(pl.Int64) * place_max + pl.col("place")
    longest = end.cum_max().shift(1).over(machine)
    held = ordered.with_columns(longest=longest).filter(
        pl.col("longest").is_not_null(),
        pl.col("valid_from").cast(pl.Int32).cast(pl.Int64) <= pl.col("longest") // place_max,
    )
    other = ordered.select(rival=pl.col("place").cast(pl.Int64), rival_line="line")
    pairs = held.with_columns(rival=pl.col("longest") % place_max).join(other, on="rival")
    return pairs.select(
        "line",
        column=pl.lit("valid_from"),
        value=pl.col("valid_from_text"),
        fault=pl.format("the same machine is on line {} for some of these days", "rival_line"),
        remedy=pl.lit("delete one of the lines, or end one before the other begins"),
    ).cast(dict(FAULT_SCHEMA))  # type: ignore[arg-type]


def _unknown_gpus(rows: pl.DataFrame, known: Sequence[str]) -> pl.DataFrame:
    """One warning per name that is no known GPU, at the first line it is on."""
    unknown = rows.filter(pl.col("gpu_model").is_null()).group_by("gpu", maintain_order=True)
    return faults_frame(
        [
            (
                row["line"],
                "gpu",
                row["gpu"],
                f"names no known GPU ({row['rows']} rows): kept as written, not compared",
                _closest(row["gpu"], known) or "nothing to do unless it is a slip",
            )
            for row in unknown.agg(pl.col("line").first(), rows=pl.len()).to_dicts()
        ]
    )


def _new_sellers(rows: pl.DataFrame, sellers: Sequence[str]) -> pl.DataFrame:
    known = {*sellers, *BASELINES, "aethir"}
    first = rows.group_by("seller", maintain_order=True).agg(pl.col("line").first()).to_dicts()
    return faults_frame(
        [
            (
                row["line"],
                "seller",
                row["seller"],
                "is no network that Necto reads; its prices are shown under this name",
                _closest(row["seller"], sorted(known)) or "nothing to do unless it is a slip",
            )
            for row in first
            if row["seller"] not in known
        ]
    )


def _slips(rows: pl.DataFrame, sellers: Sequence[str]) -> pl.DataFrame:
    """A seller spelt almost like a known one would become a seller of its own."""
    known = sorted({*sellers, *BASELINES, "aethir"})
    first = rows.filter(pl.col("seller").is_not_null(), ~pl.col("seller").is_in(known))
    near = [
        (row["line"], row["seller"], difflib.get_close_matches(row["seller"], known, 1, _A_SLIP))
        for row in first.group_by("seller").agg(pl.col("line").first()).to_dicts()
    ]
    return faults_frame(
        [
            (line, "seller", name, "is almost another seller's name", f"write {close[0]}")
            for line, name, close in near
            if close
        ]
    )


def _own_term(rows: pl.DataFrame) -> pl.DataFrame:
    """Prices on the term contract meet no hyperscaler's: the person may have meant another."""
    own = rows.filter(pl.col("term") == "contract")
    if own.is_empty():
        return faults_frame([])
    what = f"is compared with no list price ({own.height:,} rows)"
    return faults_frame(
        [
            (own["line"][0], "term", "contract", what,
             "write on_demand for a rate without commitment, reserved_1y or _3y for one with"),
        ]
    )  # fmt: skip


def _closest(text: str, known: Sequence[str]) -> str | None:
    close = difflib.get_close_matches(text, known, n=3, cutoff=0.6)
    return f"if it is a slip, write {' or '.join(close)}" if close else None
