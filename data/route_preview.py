"""A job routed in the newest market as a page asks it; nothing is written.

What is wrong is a ``BadFile`` with every fault, whether it is in the text, in a name or only in
what the market knows.
"""

from datetime import datetime
from functools import cache

from data.examples import requirement_examples
from data.policy_choices import PolicyChoice
from data.shipped import HYPERSCALERS, catalogue
from engine.decision import Decision
from engine.decision_further import further_of
from engine.decision_record import DecisionRecord, record_of
from engine.generations import UnknownGeneration
from engine.names import NETWORK_NAMES
from engine.prepared_market import Prepared
from engine.requirement import Requirement
from engine.requirement_file import BadFile, Fault, read_requirement, requirement_reading
from engine.resources import UnknownGpu
from engine.routing import BadRequirement, route
from engine.told_names import checked


@cache
def examples() -> dict[str, str]:
    """Return what the shipped requirements that one machine can run are about, by name."""
    found = {}
    for name, text in requirement_examples().items():
        first = text.partition("\n")[0]
        if first.startswith("# ") and read_requirement(text, name).nodes == 1:
            found[name] = ". ".join(first.removeprefix("# ").split(". ")[:1]).rstrip(".") + "."
    return found


def read_checked(text: str, name: str, market: Prepared) -> tuple[Requirement, tuple[Fault, ...]]:
    """Return what a requirement file states, its names checked, and what to look at all the same.

    Raises BadFile with every fault.
    """
    networks = {*NETWORK_NAMES, *HYPERSCALERS, *market.known[0]}
    gpus = [kind.name for kind in market.kinds if kind.name]
    return checked(requirement_reading(text, name), catalogue(), networks, gpus)


def preview(
    requirement: Requirement, market: Prepared, policy: PolicyChoice | None, now: datetime
) -> Decision:
    """Return the decision; raises BadFile for a job that cannot be routed."""
    try:
        return route(
            requirement,
            market,
            policy.policy if policy else None,
            now,
            policy_version=policy.version if policy else "",
        )
    except (BadRequirement, UnknownGpu, UnknownGeneration) as error:
        raise BadFile(requirement.name, [Fault(None, "", str(error))]) from None


def whole_record(decision: Decision) -> DecisionRecord:
    """Return a decision with everything that is shown of it, as it is kept."""
    return record_of(decision, further=further_of(decision))
