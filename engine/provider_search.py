"""What a buyer asks of whose hardware it is: kind of place, uptime, audit, statements and signers.

A provider states attributes about itself; an auditor may have signed exactly that key and value.
Facts about providers are joined to offers as ``provider_*`` columns; an offer whose provider is not
known states none of them, and unknown never passes a stated condition.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import or_
from typing import Literal

import polars as pl

from engine.market import attributes_from

DATACENTER = "datacenter"
ANY_AUDITOR = "*"
_PLACE_KEY = "location-type"  # of Akash's provider-attributes.json, read 2026-08
_PLAIN = ("location_type", "is_online", "is_audited", "uptime_1d", "uptime_7d", "uptime_30d")

SIGNALS_SCHEMA: Mapping[str, pl.DataType] = {
    "network": pl.String(),
    "provider_id": pl.String(),
    "provider_location_type": pl.String(),
    "provider_is_online": pl.Boolean(),
    "provider_is_audited": pl.Boolean(),
    "provider_uptime_1d": pl.Float64(),
    "provider_uptime_7d": pl.Float64(),
    "provider_uptime_30d": pl.Float64(),
    "provider_states": pl.List(pl.String()),
    "provider_keys": pl.List(pl.String()),
    "provider_signed": pl.List(pl.String()),
    "provider_signers": pl.List(pl.String()),
}
"""One row per provider. ``provider_states``: "key = value"; ``provider_signed``: the same with the
signer behind it, once per signer and once for ``ANY_AUDITOR``. Uptime is a fraction 0..1."""

EXPORTED_SIGNALS = tuple(f"provider_{name}" for name in _PLAIN)
"""What leaves Necto of a provider beside its offers."""

Days = Literal[1, 7, 30]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSearch:
    """Conditions on providers; an empty one asks for nothing.

    ``statements``: ("country", "DE"): every key must hold, several values of one key are "any of".
    ``signed_by``: an auditor's name or ``ANY_AUDITOR``: statements and the kind of place count only
    with that signature; None: the provider's own word is enough. ``uptime_min``: a fraction over
    the last ``uptime_days``.
    """

    datacenter_only: bool = False
    online_only: bool = False
    audited_only: bool = False
    uptime_min: float | None = None
    uptime_days: Days = 30
    statements: frozenset[tuple[str, str]] = frozenset()
    signed_by: str | None = None


def signals_of(providers: pl.DataFrame) -> pl.DataFrame:
    """Return a provider frame's facts as ``SIGNALS_SCHEMA``, one row per provider."""
    rows = providers.unique(["network", "provider_id"], keep="first", maintain_order=True)
    attributes = [attributes_from(text) for text in rows["attributes"]]
    lists = {
        "provider_states": [[statement(a.key, a.value) for a in of] for of in attributes],
        "provider_keys": [sorted({a.key for a in of}) for of in attributes],
        "provider_signed": [
            [signed_statement(statement(a.key, a.value), by) for a in of if a.signed_by
             for by in (ANY_AUDITOR, *a.signed_by)]
            for of in attributes
        ],
        "provider_signers": [sorted({by for a in of for by in a.signed_by}) for of in attributes],
    }  # fmt: skip
    columns = [
        pl.Series(name, values, dtype=SIGNALS_SCHEMA[name]) for name, values in lists.items()
    ]
    plain = [pl.col(name).alias(f"provider_{name}") for name in _PLAIN]
    return rows.select("network", "provider_id", *plain).with_columns(columns)


def with_signals(offers: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Return the offers with their providers' facts; null where nothing is known."""
    return offers.join(signals, on=["network", "provider_id"], how="left", maintain_order="left")


def statement(key: str, value: str) -> str:
    return f"{key} = {value}"


def statements(signals: pl.DataFrame) -> list[str]:
    """Return what any provider states, by name."""
    return _distinct(signals, "provider_states")


def auditors(signals: pl.DataFrame) -> list[str]:
    """Return who signed anything, by name."""
    return _distinct(signals, "provider_signers")


def provider_conditions(search: ProviderSearch) -> Iterator[pl.Expr]:
    """Return one expression per stated condition, over offers ``with_signals``."""
    if search.datacenter_only:
        yield pl.col("provider_location_type") == DATACENTER
        if search.signed_by:
            yield _states([statement(_PLACE_KEY, DATACENTER)], search.signed_by)
    if search.online_only:
        yield pl.col("provider_is_online")
    if search.audited_only:
        yield pl.col("provider_is_audited")
    if search.uptime_min is not None:
        yield pl.col(f"provider_uptime_{search.uptime_days}d") >= search.uptime_min
    for _, pairs in groupby(sorted(search.statements), key=lambda pair: pair[0]):
        yield _states([statement(*pair) for pair in pairs], search.signed_by)


def provider_unstated(search: ProviderSearch) -> dict[str, pl.Expr]:
    """Return, per value that the search asks about, which offers' providers do not state it."""
    asked = {
        "kind of place": (search.datacenter_only, "location_type"),
        "online": (search.online_only, "is_online"),
        "audit": (search.audited_only, "is_audited"),
        "uptime": (search.uptime_min is not None, f"uptime_{search.uptime_days}d"),
    }
    found = {
        label: pl.col(f"provider_{column}").is_null()
        for label, (is_asked, column) in asked.items()
        if is_asked
    }
    keys = sorted({key for key, _ in search.statements})
    return found | {key: ~_contains("provider_keys", key) for key in keys}


def _states(texts: list[str], signed_by: str | None) -> pl.Expr:
    """Whether any of these statements is made (and signed, where that is asked)."""
    if signed_by is None:
        return reduce(or_, (_contains("provider_states", text) for text in texts))
    signed = (signed_statement(text, signed_by) for text in texts)
    return reduce(or_, (_contains("provider_signed", text) for text in signed))


def _contains(column: str, text: str) -> pl.Expr:
    return pl.col(column).list.contains(pl.lit(text)).fill_null(value=False)


def signed_statement(text: str, by: str) -> str:
    return f"{text}\n{by}"


def _distinct(signals: pl.DataFrame, column: str) -> list[str]:
    return signals[column].explode().drop_nulls().unique().sort().to_list()
