"""``necto alerts …``: rules made, listed, changed and removed, alerts seen and acknowledged."""

import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectors.jobs.terminal import As, Json, actor_of, fail, opened_house, opened_lake
from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from data.records import Records
    from engine.alert_rules import KeptRule, Rule
    from engine.alert_states import Alert, Verdict

Named = Annotated[str, typer.Argument(help="Its id: necto alerts list.")]
Seen = Annotated[
    int | None, typer.Option(help="The version you saw (list --json): refused if another holds.")
]
Key = Annotated[str, typer.Option(help="Idempotency key: what has the same key is done once.")]

app = typer.Typer(help="Be told about prices, machines, networks.", no_args_is_help=True)


class KindWord(StrEnum):
    """What a rule is about, as it is typed."""

    PRICE = "price_below"
    FREE = "availability_returns"
    SILENT = "network_silent"
    SIGNATURE = "signature_lost"


class OnOff(StrEnum):
    """Whether a rule is judged, as it is typed."""

    ON = "on"
    OFF = "off"


@app.command("list")
def list_(
    history: Annotated[bool, typer.Option("--history", help="Also alerts that are over.")] = False,
    as_json: Json = False,
) -> None:
    """List the alerts that are open and every rule, with what is so for it now."""
    from connectors.registry import PAUSES
    from data.alert_facts import Watch
    from data.alert_rules import rules
    from data.alerts import history as past
    from data.alerts import open_alerts
    from engine.alerts import judged

    with opened_house().reading() as view:
        kept, opened = rules(view), open_alerts(view)
        alerts = past(view) if history else opened
    known = {alert.rule_id: alert.evidence for alert in opened}
    look = Watch(PAUSES).look(opened_lake(), datetime.now(UTC))
    verdicts = {one.kept.id: one.verdict for one in judged(kept, look, known)}
    told = {
        "alerts": [_alert_row(alert) for alert in alerts],
        "rules": [_rule_row(one, verdicts.get(one.id)) for one in kept],
    }
    if as_json:
        sys.stdout.write(json_text(told))
        return
    whole = {"sentence", "words", "found"}
    opened_columns = ("alert", "state", "opened_at", "sentence")
    sys.stdout.write(table_text(told["alerts"], opened_columns, whole))
    rule_columns = ("rule", "on", "now", "words", "found")
    sys.stdout.write("\n" + table_text(told["rules"], rule_columns, whole))


@app.command()
def add(
    kind: Annotated[KindWord, typer.Argument(help="What to be told about.")],
    gpu: Annotated[str | None, typer.Option(help="Model or family: H100-SXM, H100.")] = None,
    usd_per_gpu_hour_below: Annotated[str | None, typer.Option(help="Price, USD.")] = None,
    term: Annotated[str | None, typer.Option(help="on_demand (default), spot, …")] = None,
    network: Annotated[list[str] | None, typer.Option(help="May be repeated for a price.")] = None,
    taken_too: Annotated[bool, typer.Option(help="A price counts also when taken.")] = False,
    offer: Annotated[str | None, typer.Option(help="One offer's id: necto offers --json.")] = None,
    hours: Annotated[int | None, typer.Option(help="Without a good reading.")] = None,
    provider: Annotated[str | None, typer.Option(help="A provider's id (address).")] = None,
    attribute: Annotated[str | None, typer.Option(help="Only this statement's key.")] = None,
    auditor: Annotated[str | None, typer.Option(help="Only this auditor's signature.")] = None,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Make a rule; it says itself in words. The worker judges it after each reading."""
    from data.alert_rules import make_rule
    from data.faults import RecordsFault

    stated = {
        "gpu": gpu,
        "usd_per_gpu_hour_below": usd_per_gpu_hour_below,
        "term": term,
        "free_only": False if taken_too else None,
        "offer_id": offer,
        "hours": hours,
        "provider_id": provider,
        "attribute": attribute,
        "auditor": auditor,
    }
    try:
        rule = _meant({"kind": kind.value}, stated, network)
        kept = make_rule(opened_house(), actor_of(as_), rule)
    except RecordsFault as error:
        fail(str(error))
    _tell(kept, as_json=as_json)


@app.command()
def change(
    rule: Named,
    usd_per_gpu_hour_below: Annotated[str | None, typer.Option(help="Price, USD.")] = None,
    hours: Annotated[int | None, typer.Option(help="Without a good reading.")] = None,
    gpu: Annotated[str | None, typer.Option(help="Model or family: H100-SXM, H100.")] = None,
    term: Annotated[str | None, typer.Option(help="on_demand, spot, …")] = None,
    network: Annotated[list[str] | None, typer.Option(help="May be repeated for a price.")] = None,
    taken_too: Annotated[
        bool | None, typer.Option("--taken-too/--free-only", help="Whether what is taken counts.")
    ] = None,
    version: Seen = None,
    key: Key = "",
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Let a rule ask something else; what is open for it is closed. What is not named stays."""
    from data.alert_rules import change_rule

    house = opened_house()
    kept = _found(house, rule, version)
    stated = {
        "usd_per_gpu_hour_below": usd_per_gpu_hour_below,
        "hours": hours,
        "gpu": gpu,
        "term": term,
        "free_only": None if taken_too is None else not taken_too,
    }
    asks = _meant(kept.rule.model_dump(), stated, network)
    _done(
        house,
        rule,
        lambda: change_rule(house, actor_of(as_), kept, asks, key=_key(key)),
        as_json=as_json,
    )


@app.command()
def switch(
    rule: Named,
    to: Annotated[OnOff, typer.Argument(help="Whether the rule is judged.")],
    version: Seen = None,
    key: Key = "",
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Switch a rule on or off; what is open for it is closed."""
    from data.alert_rules import switch_rule

    house, is_on = opened_house(), to is OnOff.ON
    kept = _found(house, rule, version)
    _done(
        house,
        rule,
        lambda: switch_rule(house, actor_of(as_), kept, on=is_on, key=_key(key)),
        as_json=as_json,
    )


@app.command()
def remove(rule: Named, as_: As = None) -> None:
    """Remove a rule; what is open for it is closed. Its history stays readable."""
    from data.alert_rules import remove_rule
    from data.faults import RecordsFault

    house = opened_house()
    kept = _found(house, rule, None)
    try:
        remove_rule(house, actor_of(as_), kept)
    except RecordsFault as error:
        fail(str(error))
    typer.echo(f"removed: {kept.rule.words}")


@app.command("acknowledge")
def acknowledge_(
    alert: Annotated[str, typer.Argument(help="Its id: necto alerts list.")],
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Say that you have seen an alert; it stays listed until it is over."""
    from data.alerts import acknowledge
    from data.faults import RecordsFault

    try:
        seen = acknowledge(opened_house(), actor_of(as_), alert)
    except RecordsFault as error:
        fail(str(error))
    if as_json:
        sys.stdout.write(json_text(_alert_row(seen)))
    else:
        typer.echo(f"acknowledged by {seen.acknowledged_by}: {seen.sentence}")


def _meant(
    before: dict[str, Any], stated: Mapping[str, object], network: list[str] | None
) -> "Rule":
    """Return the rule that is asked for: what was stated, and what it was before."""
    from data.shipped import catalogue
    from engine.alert_rules import BadRule, rule_from
    from engine.resources import UnknownGpu

    networks = tuple(name.lower() for name in network or ())
    is_price = before["kind"] == KindWord.PRICE
    if len(networks) > 1 and not is_price:
        fail("only a price can be about several networks: make a rule for each")
    where = ({"networks": networks} if is_price else {"network": networks[0]}) if networks else {}
    known = {name: value for name, value in stated.items() if value is not None}
    try:
        rule = rule_from(before | known | where)
        _refuse_strangers(networks)
        if gpu := known.get("gpu"):
            catalogue().select(str(gpu))
    except (BadRule, UnknownGpu) as error:
        fail(str(error))
    return rule


def _found(house: "Records", id_: str, version: int | None) -> "KeptRule":
    """Return a rule as the person saw it: as it holds now where no version is named."""
    from data.alert_rules import rule_named
    from data.faults import RecordsFault

    try:
        with house.reading() as view:
            kept = rule_named(view, id_)
    except RecordsFault as error:
        fail(str(error))
    return replace(kept, version=version) if version else kept


def _done(house: "Records", id_: str, act: Callable[[], object], *, as_json: bool) -> None:
    from data.faults import RecordsFault

    try:
        act()
    except RecordsFault as error:
        fail(str(error))
    _tell(_found(house, id_, None), as_json=as_json)


def _tell(kept: "KeptRule", *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text(_rule_row(kept, None)))
    else:
        off = "" if kept.is_on else " (switched off)"
        typer.echo(f"{kept.id}: {kept.rule.words}{off}")


def _key(given: str) -> str:
    return given or str(uuid.uuid4())


def _refuse_strangers(networks: tuple[str, ...]) -> None:
    from connectors.registry import SOURCES

    known = sorted({kind.name for kind in SOURCES} | set(opened_lake().networks()))
    if unknown := sorted(set(networks) - set(known)):
        fail(f"no source is called {', '.join(unknown)}. Known: {', '.join(known)}")


def _rule_row(kept: "KeptRule", verdict: "Verdict | None") -> dict[str, object]:
    return {
        "rule": kept.id,
        "version": kept.version,
        "on": kept.is_on,
        "words": kept.rule.words,
        "now": verdict.state if verdict else None,
        "found": verdict.sentence if verdict else None,
        "by": kept.by,
        "asks": kept.rule.model_dump(mode="json", exclude_none=True),
    }


def _alert_row(alert: "Alert") -> dict[str, object]:
    return {"alert": alert.id} | alert.model_dump(mode="json", exclude={"id"})
