"""Conditions on whose machine it is and where: country, network, provider, compliance."""

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from engine.conditions import (
    JOB,
    Asked,
    BadRequirement,
    Condition,
    Row,
    condition,
    listed,
    number,
    text_of,
)
from engine.policy import Rules
from engine.provider_facts import all_names, judgement_of
from engine.provider_search import ANY_AUDITOR, DATACENTER, signed_statement, statement
from engine.requirement import Attribute, Requirement
from engine.resources import Catalogue

_GROUPS = ("EU", "EEA", "EEA+adequate")


def place_conditions(asked: Asked) -> Iterator[Condition]:
    """Return the conditions of job and policy over the rows of ``Prepared.places``."""
    yield _baselines(asked.requirement)
    if asked.requirement.providers:
        yield _providers(asked, JOB, sorted(asked.requirement.providers), is_banned=False)
    for by, rules in asked.sources:
        if rules.countries:
            yield _countries(by, rules, asked.market.facts.catalogue)
        yield from _networks(by, rules)
        if rules.providers_banned:
            yield _providers(asked, by, sorted(rules.providers_banned), is_banned=True)
        yield from _kind_of_place(by, rules)
        for attribute in rules.attributes:
            yield _attribute(by, attribute)
        if isinstance(rules, Rules):
            yield from _checked(by, rules)
            for control in sorted(rules.controls):
                yield _control(asked, by, rules, control)


def allowed_countries(names: frozenset[str], catalogue: Catalogue) -> frozenset[str]:
    """Return the country codes that these codes and groups mean.

    Raises BadRequirement for a name that is neither.
    """
    found: set[str] = set()
    for name in sorted(names):
        code = catalogue.country(name)
        if name in _GROUPS:
            found |= catalogue.countries_in(name)
        elif code:
            found.add(code)
        else:
            raise BadRequirement(
                f"countries: {name!r} is no country: give ISO 3166 codes (DE) or one of "
                f"{', '.join(_GROUPS)}"
            )
    return frozenset(found)


def _countries(by: str, rules: Requirement | Rules, catalogue: Catalogue) -> Condition:
    allowed = allowed_countries(rules.countries, catalogue)
    return condition(
        "country",
        pl.col("country_code").str.to_uppercase().is_in(sorted(allowed)),
        text_of("country_code"),
        listed(rules.countries),
        by=by,
        lead="located in {}",
        silent="country not known",
        demand="allows {}",
    )


def _networks(by: str, rules: Requirement | Rules) -> Iterator[Condition]:
    for names, is_banned in ((rules.networks, False), (rules.networks_banned, True)):
        if names:
            is_named = pl.col("network").is_in(sorted(names))
            yield condition(
                "network_banned",
                ~is_named if is_banned else is_named,
                text_of("network"),
                listed(names),
                by=by,
                lead="on {}",
                silent="network not known",
                demand="bans {}" if is_banned else "allows only {}",
            )


def _providers(asked: Asked, by: str, wanted: list[str], *, is_banned: bool) -> Condition:
    """Return whether a provider goes by one of these names: ids, names, hosts, organizations."""
    names = asked.market.names
    is_wanted = pl.col("place").is_in(all_names(names, wanted).implode())
    is_known = pl.col("place").is_in(names["place"].unique().implode())
    return condition(
        "provider_banned",
        pl.when(is_known).then(~is_wanted if is_banned else is_wanted),
        _provider_names,
        listed(wanted),
        by=by,
        lead="provider {}",
        silent="provider not known",
        demand="bans {}" if is_banned else "allows only {}",
    )


def _provider_names(row: Row) -> str | None:
    both = dict.fromkeys(row[name] for name in ("provider_name", "provider_id") if row[name])
    return " = ".join(both) or None


def _baselines(requirement: Requirement) -> Condition:
    named = pl.col("network").is_in(sorted(requirement.networks))
    return condition(
        "baseline",
        ~pl.col("is_baseline") | named,
        text_of("network"),
        "networks",
        by=JOB,
        lead="{} is a hyperscaler",
        silent="a hyperscaler",
        demand="does not name it in its {}",
    )


def _kind_of_place(by: str, rules: Requirement | Rules) -> Iterator[Condition]:
    if rules.datacenter_only:
        yield condition(
            "datacenter",
            pl.col("provider_location_type") == DATACENTER,
            text_of("provider_location_type"),
            DATACENTER,
            by=by,
            lead="stands in: {}",
            silent="kind of place not known",
            demand="requires a {}",
        )
    if rules.uptime_min is not None:
        column = f"provider_uptime_{rules.uptime_days}d"
        days = f"{rules.uptime_days} day{'s' if rules.uptime_days > 1 else ''}"
        yield condition(
            "uptime",
            pl.col(column) >= rules.uptime_min,
            text_of(column),
            number(rules.uptime_min) or "",
            by=by,
            lead=f"uptime {{}} over {days}",
            silent=f"uptime over {days} not known",
            demand="requires {}",
        )


def _checked(by: str, rules: Rules) -> Iterator[Condition]:
    for code, is_asked, column, words in (
        ("online", rules.online_only, "provider_is_online", ("not online", "online")),
        ("audit", rules.audited_only, "provider_is_audited", ("not audited", "audited")),
    ):
        if is_asked:
            is_not, it_is = words
            yield condition(
                code,
                pl.col(column),
                lambda _row, is_not=is_not: is_not,  # type: ignore[misc]
                it_is,
                by=by,
                lead="the provider is {}",
                silent=f"whether the provider is {it_is} is not known",
                demand="requires that it is {}",
            )


def _attribute(by: str, attribute: Attribute) -> Condition:
    text = statement(attribute.key, attribute.value)
    signed_by = attribute.signed_by
    if signed_by is None:
        states, asked = _has("provider_states", text), text
    else:
        states = _has("provider_signed", signed_statement(text, signed_by))
        signer = "any auditor" if signed_by == ANY_AUDITOR else signed_by
        asked = f"{text}, signed by {signer}"

    def stated(row: Row) -> str:
        own = [one for one in row["provider_states"] or () if one.startswith(f"{attribute.key} = ")]
        unsigned = "" if text not in own or signed_by is None else " without that signature"
        return f"{listed(own)}{unsigned}"

    return condition(
        "attribute",
        pl.when(_has("provider_keys", attribute.key)).then(states),
        stated,
        asked,
        by=by,
        lead="the provider states {}",
        silent=f"the provider does not state {attribute.key}",
        demand="requires {}",
    )


def _has(column: str, text: str) -> pl.Expr:
    return pl.col(column).list.contains(pl.lit(text)).fill_null(value=False)


def _control(asked: Asked, by: str, rules: Rules, control: str) -> Condition:
    """Return whether a control is satisfied still at the end of the lease."""
    is_allowed = rules.unknown_controls == "allow"
    otherwise = pl.lit(value=True if is_allowed else None, dtype=pl.Boolean)
    passes = otherwise
    if f"failed:{control}" in asked.market.places.columns:
        until = pl.col(f"until:{control}")
        holds = pl.when(until.is_not_null()).then(until >= asked.end).otherwise(otherwise)
        passes = pl.when(pl.col(f"failed:{control}")).then(statement=False).otherwise(holds)

    def found(row: Row) -> str | None:
        judged = judgement_of(asked.market.judged, row["network"], row["provider_id"], control)
        if judged is None:
            return None
        evidence = f" (evidence {judged.finding.evidence})" if judged.finding.evidence else ""
        if judged.failed:
            return f"not satisfied{evidence}"
        return f"satisfied until {_day(judged.until)}{evidence}"

    return condition(
        "compliance",
        passes,
        found,
        f"{control} satisfied until {_day(asked.end)}",
        by=by,
        lead=f"control {control}: {{}}",
        silent=f"control {control}: not judged",
        demand="requires {}",
    )


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
