"""The conditions of a plan in words that a buyer understands."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Literal

from engine.portfolio_options import Job
from engine.portfolio_types import Conflict
from engine.requirement import Standbys

_NAMED_MAX = 5


def job_words(job: Job) -> Conflict:
    """Say what the job needs, or that nothing on offer can carry it."""
    task = job.task
    if not job.options:
        sentence = f"no offer can carry {task.name}, which needs {machines_words(job)}"
        return Conflict(code="no_offer", subject=task.name, sentence=sentence)
    offers = "one offer would do" if job.offers == 1 else f"{job.offers} offers would do"
    sentence = f"{task.name} needs {machines_words(job)} ({offers})"
    return Conflict(code="job", subject=task.name, sentence=sentence)


def machines_words(job: Job) -> str:
    task = job.task
    gpus = "1 GPU" if task.gpus == 1 else f"{task.gpus} GPUs"
    machines = f"a machine with {gpus}" if task.nodes == 1 else f"{task.nodes} machines with {gpus}"
    combined = ", which smaller ones may add up to" if task.combine else ""
    return f"{machines}{combined}"


def one_place_words(job: Job) -> Conflict:
    sentence = f"all machines of {job.task.name} must be at one provider in one region"
    return Conflict(code="one_place", subject=job.task.name, sentence=sentence)


def standby_words(job: Job) -> Conflict:
    asked = job.task.standbys
    offers = "1 standby" if asked.count == 1 else f"{asked.count} standbys"
    sentence = (
        f"{job.task.name} needs {offers}, each able to carry it whole, at another "
        f"{_others(asked)} than it and than each other"
    )
    return Conflict(code="standbys", subject=job.task.name, sentence=sentence)


def capacity_words(pool: str, free: int, users: Collection[str]) -> Conflict:
    named = ", ".join(sorted(users)[:_NAMED_MAX])
    more = f" and {len(users) - _NAMED_MAX} more" if len(users) > _NAMED_MAX else ""
    sentence = f"{pool} has {free} free, which {named}{more} would share"
    if len(users) == 1:
        sentence = f"{pool} has {free} free for {named}"
    return Conflict(code="capacity", subject=pool, sentence=sentence)


def free_words(capacities: Sequence[Conflict]) -> Conflict:
    """Put many capacities into one condition."""
    named = "; ".join(capacity.sentence for capacity in capacities[:_NAMED_MAX])
    sentence = (
        f"the {len(capacities)} offers that would do have too little free: {named}; and "
        f"{len(capacities) - _NAMED_MAX} more"
    )
    return Conflict(code="capacity", subject="all", sentence=sentence)


def share_words(kind: Literal["provider", "network"], share: float) -> Conflict:
    sentence = f"no {kind} may have more than {share * 100:.4g} % of what all machines cost"
    if kind == "provider":
        return Conflict(code="provider_share", subject="provider", sentence=sentence)
    return Conflict(code="network_share", subject="network", sentence=sentence)


def budget_words(centre: str, usd: Decimal) -> Conflict:
    sentence = f"cost centre {centre} may spend {usd:f} USD"
    return Conflict(code="budget", subject=centre, sentence=sentence)


def _others(asked: Standbys) -> str:
    names = {
        "provider": True,
        "network": asked.other_network,
        "hosting company": asked.other_hosting,
        "datacenter": asked.other_datacenter,
    }
    return ", ".join(name for name, is_asked in names.items() if is_asked)
