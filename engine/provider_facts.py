"""What is known of providers, once per market: names, signals, and what is judged of controls.

Everything here is small (one row per place of a provider) and gathered to offers by a code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.market import MOMENT, naive_utc
from engine.policy import Finding
from engine.provider_search import signals_of, with_signals

_NAMES = ("name", "host_uri", "organization")
_FOR_EVER = datetime.max  # noqa: DTZ901 - without an offset, as the lake stores moments


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the findings on one provider and control come to.

    ``failed``: one says not satisfied. ``until``: how long it is satisfied by the longest evidence,
    None where nobody found it so. ``finding``: the one that decides.
    """

    failed: bool
    until: datetime | None
    finding: Finding


def judgements(findings: Iterable[Finding]) -> Mapping[tuple[str, str | None, str], Judgement]:
    """Return the judgement per (network, provider or None, control).

    Of several findings on the same provider a failure decides, else the evidence that holds the
    longest; findings of unknown are as good as none.
    """
    found: dict[tuple[str, str | None, str], Judgement] = {}
    for finding in findings:
        if finding.word == "unknown":
            continue
        key = (finding.network, finding.provider_id, finding.control)
        new = _judgement(finding)
        old = found.get(key)
        if old is None or _weight(new) > _weight(old):
            found[key] = new
    return found


def judgement_of(
    judged: Mapping[tuple[str, str | None, str], Judgement],
    network: str,
    provider_id: str | None,
    control: str,
) -> Judgement | None:
    """Return what holds for a provider: its own judgement, else its network's."""
    own = judged.get((network, provider_id, control)) if provider_id is not None else None
    return own or judged.get((network, None, control))


def places_with_facts(
    places: pl.DataFrame,
    providers: pl.DataFrame,
    judged: Mapping[tuple[str, str | None, str], Judgement],
) -> pl.DataFrame:
    """Return the places with ``provider_*`` columns, and per control ``failed:…`` and ``until:…``.

    Of a provider that is listed twice the first row counts.

    ``places`` has the columns network and provider_id, one row per place, whose order is kept.
    """
    keyed = ["network", "provider_id"]
    sites = providers.unique(keyed, keep="first", maintain_order=True).select(
        *keyed, provider_hosting_provider="hosting_provider", provider_city="city"
    )
    whole = with_signals(places, signals_of(providers)).join(
        sites, on=keyed, how="left", maintain_order="left"
    )
    keys = list(whole.select("network", "provider_id").iter_rows())
    columns: list[pl.Series] = []
    for control in sorted({control for _, _, control in judged}):
        of = [judgement_of(judged, network, provider, control) for network, provider in keys]
        failed = [None if one is None else one.failed for one in of]
        until = [None if one is None else one.until for one in of]
        columns.append(pl.Series(f"failed:{control}", failed, dtype=pl.Boolean))
        columns.append(pl.Series(f"until:{control}", until, dtype=MOMENT))
    return whole.with_columns(columns)


def names_of(places: pl.DataFrame, providers: pl.DataFrame) -> pl.DataFrame:
    """Return every name that the provider of a place goes by: columns place, name.

    A provider that is listed under two names goes by both; so a ban by either name holds.
    """
    keys = ["network", "provider_id"]
    own = places.select("place", pl.col("provider_id").alias("name"))
    here = places.select("place", pl.col("provider_name").alias("name"))
    identified = places.filter(pl.col("provider_id").is_not_null())
    listed = pl.concat(
        [
            providers.select(*keys, pl.col(column).alias("name")) for column in _NAMES
        ] + [identified.select(*keys, pl.col("provider_name").alias("name"))]
    ).drop_nulls().unique()  # fmt: skip
    elsewhere = identified.select("place", *keys).join(listed, on=keys).select("place", "name")
    return pl.concat([own, here, elsewhere]).drop_nulls().unique(maintain_order=True)


def two_names(providers: pl.DataFrame) -> list[tuple[str, str, list[str]]]:
    """Return (network, provider_id, names) of the providers that are listed under several names."""
    several = (
        providers.drop_nulls("name")
        .group_by("network", "provider_id")
        .agg(pl.col("name").unique().sort())
        .filter(pl.col("name").list.len() > 1)
        .sort("network", "provider_id")
    )
    return [(network, provider, names) for network, provider, names in several.iter_rows()]


def _judgement(finding: Finding) -> Judgement:
    if finding.word == "not_satisfied":
        return Judgement(failed=True, until=None, finding=finding)
    expires = finding.expires_at
    until = _FOR_EVER if expires is None else naive_utc(expires)
    return Judgement(failed=False, until=until, finding=finding)


def _weight(judgement: Judgement) -> tuple[bool, datetime, str]:
    """Order judgements: failures first, then the longest; the evidence's id makes it certain."""
    until = judgement.until or _FOR_EVER
    return judgement.failed, until, judgement.finding.evidence or ""


def all_names(names: pl.DataFrame, wanted: Sequence[str]) -> pl.Series:
    """Return the places whose provider goes by one of these names."""
    return names.filter(pl.col("name").is_in(list(wanted)))["place"].unique()
