"""``necto plan``: many jobs at once, where all of them together cost least. It only computes."""

import sys
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.jobs.terminal import Json, settings
from engine.terminal import json_text

if TYPE_CHECKING:
    from connectors.jobs.terminal_inputs import Faults, GivenPolicy
    from engine.plan_candidates import Candidates
    from engine.plan_file import Plan
    from engine.portfolio_types import Portfolio
    from engine.requirement import Requirement
    from engine.routing import Prepared

app = typer.Typer(add_completion=False)

_SUFFIXES = (".yaml", ".yml", ".json")
FILES_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    plan: "Plan"
    requirements: "dict[str, Requirement]"
    policies: "dict[str, GivenPolicy | None]"
    market: "Prepared"
    now: datetime


@app.command()
def plan(
    requirements: Annotated[
        Path, typer.Option(help="A folder: requirement files, and plan.yaml; see docs/plan.md.")
    ],
    offers: Annotated[
        Path | None, typer.Option(help="CSV or Parquet; else the market's newest offers.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="A file, or NAME[@VERSION]; else what each job names.")
    ] = None,
    now: Annotated[str | None, typer.Option(help="As of this moment (ISO 8601, UTC).")] = None,
    as_json: Json = False,
) -> None:
    """Place many jobs together so that all cost least. Ends with 1 when there is no plan."""
    from connectors.jobs.terminal_inputs import Faults
    from engine.plan_json import plan_told
    from engine.plan_text import plan_text

    faults = Faults()
    asked = _asked(requirements, offers, policy, now, faults, as_json=as_json)
    jobs = _candidates(asked, faults)
    faults.fail_if_any(as_json=as_json)
    found = _planned(asked, jobs, faults, as_json=as_json)
    if as_json:
        sys.stdout.write(json_text(plan_told(found, jobs) | {"warnings": faults.told()}))
    else:
        for warning in faults.told():
            typer.echo(f"warning: {warning}", err=True)
        sys.stdout.write(plan_text(found))
    if found.status in ("infeasible", "unknown"):
        raise typer.Exit(1)


def _asked(
    folder: Path,
    offers: Path | None,
    policy: str | None,
    now: str | None,
    faults: "Faults",
    *,
    as_json: bool,
) -> _Asked:
    """Return everything that was given, or end with every fault in it."""
    from connectors.jobs import terminal_inputs as inputs
    from engine.plan_file import PLAN_FILE, read_plan

    moment, stands = inputs.moment_of(now, faults), settings()
    given = inputs.given_market(offers, stands, moment, faults, is_kept=False)
    market = given.market if given else None
    files = _files(folder, faults)
    known: dict[str, Requirement] = {}
    policies: dict[str, GivenPolicy | None] = {}
    shared = inputs.policy_from(policy, stands, market, faults) if policy else None
    for file in files:
        need = faults.tried(partial(_requirement, file, market, faults))
        if need is not None:
            known[file.name] = need
            own = need.policy if policy is None else None
            policies[file.name] = inputs.policy_from(own, stands, market, faults) if own else shared
    text = partial(inputs.text_of, folder / PLAN_FILE)
    said = faults.tried(text) if (folder / PLAN_FILE).exists() else "{}"
    names = [file.name for file in files]
    whole = None if said is None else faults.tried(lambda: read_plan(said, PLAN_FILE, names))
    faults.fail_if_any(as_json=as_json)
    assert whole is not None, "a plan without faults is whole"
    assert market is not None, "a market without faults is there"
    return _Asked(plan=whole, requirements=known, policies=policies, market=market, now=moment)


def _files(folder: Path, faults: "Faults") -> list[Path]:
    """Return the requirement files of a folder, by name."""
    from engine.plan_file import PLAN_FILE

    if not folder.is_dir():
        faults.add(str(folder), "is no folder: name one with a requirement file per job")
        return []
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _SUFFIXES and path.name != PLAN_FILE and path.is_file()
    )
    if not found:
        faults.add(str(folder), "holds no requirement file (.yaml or .json): add one a job")
    if len(found) > FILES_MAX:
        faults.add(str(folder), f"holds more than {FILES_MAX} files: is it the right folder?")
    return found[:FILES_MAX]


def _requirement(file: Path, market: "Prepared | None", faults: "Faults") -> "Requirement":
    from connectors.jobs import terminal_inputs as inputs

    return inputs.whole_requirement(inputs.requirement_from(file), market, faults)


def _candidates(asked: _Asked, faults: "Faults") -> "dict[str, Candidates]":
    """Return what may carry each job; a job that cannot be understood is a fault of its file."""
    from engine.generations import UnknownGeneration
    from engine.plan_candidates import candidates_for
    from engine.plan_file import PlanTask
    from engine.resources import UnknownGpu
    from engine.routing import BadRequirement

    found: dict[str, Candidates] = {}
    for name, requirement in asked.requirements.items():
        rules = asked.policies[name]
        try:
            found[name] = candidates_for(
                requirement,
                asked.market,
                rules.policy if rules else None,
                asked.now,
                combine=asked.plan.tasks.get(name, PlanTask()).combine,
                policy_version=rules.version if rules else "",
            )
        except (BadRequirement, UnknownGpu, UnknownGeneration) as error:
            faults.add(name, str(error))
    return found


def _planned(
    asked: _Asked, jobs: "dict[str, Candidates]", faults: "Faults", *, as_json: bool
) -> "Portfolio":
    from data.egress import egress_rates
    from engine.plan_file import PLAN_FILE, data_of, edges_of, limits_of, tasks_of
    from engine.portfolio import portfolio
    from engine.tariffs import ListedMoves

    frames = {name: job.offers for name, job in jobs.items()}
    try:
        return portfolio(
            tasks_of(asked.plan, asked.requirements, frames),
            edges_of(asked.plan),
            data=data_of(asked.plan),
            limits=limits_of(asked.plan),
            tariff=ListedMoves(egress_rates(), is_regional=asked.plan.regional_egress),
            seconds=asked.plan.time_limit_seconds,
        )
    except ValueError as error:
        faults.add(PLAN_FILE, str(error))
        faults.fail(as_json=as_json)
