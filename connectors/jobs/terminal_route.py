"""``necto route``: the offers that a job may take, cheapest first, and why the others may not.

It only computes; ``--save`` keeps the decision. Cold on the shipped market it must answer within
1.5 seconds, so what is not needed for that is imported where it is.
"""

import sys
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from connectors.jobs.terminal import As, Json, actor_of, fail, settings

if TYPE_CHECKING:
    from connectors.jobs.terminal_inputs import Faults, GivenMarket, GivenPolicy
    from data.settings import Settings
    from engine.decision import Decision
    from engine.decision_record import DecisionRecord
    from engine.people import Actor
    from engine.requirement import Requirement

app = typer.Typer(add_completion=False)

SHOWN = 20
"""So many quotes are printed for a person who did not say how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    requirement: "Requirement"
    policy: "GivenPolicy | None"
    given: "GivenMarket"
    now: datetime


@app.command()
def route(
    requirement: Annotated[Path, typer.Option(help="YAML or JSON; see docs/requirement.md.")],
    offers: Annotated[
        Path | None, typer.Option(help="CSV or Parquet; else the market's newest offers.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="A file, or NAME[@VERSION] of an imported policy.")
    ] = None,
    now: Annotated[str | None, typer.Option(help="As of this moment (ISO 8601, UTC).")] = None,
    top: Annotated[int | None, typer.Option(min=1, help="So many quotes; else all.")] = None,
    refusals: Annotated[
        Literal["all", "sample", "counts"], typer.Option(help="Which refusals --json tells.")
    ] = "all",
    save: Annotated[bool, typer.Option("--save", help="Keep the decision, with an entry.")] = False,
    key: Annotated[str, typer.Option(help="With --save: the same key is the same click.")] = "",
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Find the cheapest offers that a job may take. Ends with 1 when there are none."""
    from connectors.jobs.terminal_inputs import Faults
    from engine.decision_further import further_of
    from engine.decision_json import answer
    from engine.decision_record import record_of

    faults, stands, who = Faults(), settings(), actor_of(as_)
    asked = _asked(requirement, offers, policy, now, stands, faults, is_kept=save, as_json=as_json)
    decision = _decided(asked, requirement.name, faults, as_json=as_json)
    parts = further_of(decision)
    more: dict[str, object] = {"warnings": faults.told()}
    record = None if as_json and not save else record_of(decision, further=parts)
    if save and record:
        more["decision"] = _saved(record, asked, stands, who, key)
    if record and not as_json:
        _print_text(record, top or SHOWN, more)
    else:
        quotes = islice(iter(decision.quotes), top)
        told = answer(decision, quotes, refusals=refusals, further=parts, more=more)
        sys.stdout.writelines(told)
    if not len(decision.quotes):
        raise typer.Exit(1)


def decided_now(requirement: Path, *, as_json: bool) -> "tuple[DecisionRecord, datetime]":
    """Return what is decided of a requirement file now, and when; nothing is kept.

    Ends with 2 and every fault.
    """
    from connectors.jobs.terminal_inputs import Faults
    from engine.decision_further import further_of
    from engine.decision_record import record_of

    faults = Faults()
    asked = _asked(requirement, None, None, None, settings(), faults, is_kept=True, as_json=as_json)
    decision = _decided(asked, requirement.name, faults, as_json=as_json)
    for warning in faults.told():
        typer.echo(f"warning: {warning}", err=True)
    return record_of(decision, further=further_of(decision)), asked.now


def _asked(
    requirement: Path,
    offers: Path | None,
    policy: str | None,
    now: str | None,
    stands: "Settings",
    faults: "Faults",
    *,
    is_kept: bool,
    as_json: bool,
) -> _Asked:
    """Return everything that was given, or end with every fault in it."""
    from connectors.jobs import terminal_inputs as inputs

    moment = inputs.moment_of(now, faults)
    reading = faults.tried(lambda: inputs.requirement_from(requirement))
    given = inputs.given_market(offers, stands, moment, faults, is_kept=is_kept)
    market = given.market if given else None
    need = None
    if reading is not None:
        need = faults.tried(lambda: inputs.whole_requirement(reading, market, faults))
    ref = policy or (need.policy if need else None)
    rules = inputs.policy_from(ref, stands, market, faults) if ref else None
    faults.fail_if_any(as_json=as_json)
    assert need is not None, "a requirement without faults is whole"
    assert given is not None, "a market without faults is there"
    return _Asked(requirement=need, policy=rules, given=given, now=moment)


def _decided(asked: _Asked, name: str, faults: "Faults", *, as_json: bool) -> "Decision":
    from engine.generations import UnknownGeneration
    from engine.resources import UnknownGpu
    from engine.routing import BadRequirement
    from engine.routing import route as routed

    try:
        return routed(
            asked.requirement,
            asked.given.market,
            asked.policy.policy if asked.policy else None,
            asked.now,
            policy_version=asked.policy.version if asked.policy else "",
        )
    except (BadRequirement, UnknownGpu, UnknownGeneration) as error:
        faults.add(name, str(error))
        faults.fail(as_json=as_json)


def _saved(
    record: "DecisionRecord", asked: _Asked, stands: "Settings", who: "Actor", key: str
) -> str:
    """Keep the decision in the book of the mode; returns its digest."""
    from connectors.jobs.terminal import opened_lake
    from data.books import open_book
    from data.decisions import NotKept, saved
    from data.faults import RecordsFault
    from engine.commands import BadCommand

    try:
        records = open_book(stands, stands.mode)
        kept = saved(opened_lake(), records, record, who, key, asked.given.file)
    except (NotKept, RecordsFault, BadCommand, OSError) as error:
        fail(f"the decision was not kept: {error}")
    return kept.digest


def _print_text(record: "DecisionRecord", top: int, more: dict[str, object]) -> None:
    from engine.decision_text import summary_text

    warnings = more["warnings"]
    assert isinstance(warnings, list)
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    sys.stdout.write(summary_text(record, top))
    if "decision" in more:
        typer.echo(f"\nkept as {more['decision']}")
