"""A job's requirement as a file: YAML 1.2 or JSON. ``docs/requirement.md`` explains every field."""

from functools import cache
from typing import Any

from engine.requirement import Requirement
from engine.told_faults import BadFile, Fault, Place
from engine.told_files import Value
from engine.told_models import Reading, read_as
from engine.told_schema import schema_of
from engine.told_words import REQUIREMENT

__all__ = ["BadFile", "Fault", "read_requirement", "requirement_reading", "requirement_schema"]

_STAND_INS: dict[Place, Value] = {
    ("gpus",): {"count": 1, "memory_gib_min": 1},
    ("gpus", "count"): 1,
}


def read_requirement(text: str, name: str) -> Requirement:
    """Return the requirement that a file states; raises BadFile with everything that is wrong.

    ``name``: the file's, for messages; one that ends in .json is read as JSON. Names of countries,
    networks and GPUs are checked by ``engine.told_names``.
    """
    return requirement_reading(text, name).whole()


def requirement_reading(text: str, name: str) -> Reading[Requirement]:
    """Return what came of a file, to go on checking; raises BadFile when it is no YAML or JSON."""
    return read_as(Requirement, requirement_schema(), text, name, _STAND_INS)


@cache
def requirement_schema() -> dict[str, Any]:
    """Return the JSON Schema of a requirement, as ``docs/schemas`` holds it."""
    words = "What a job needs: which machine, for how long, where, and at what price."
    return schema_of(Requirement, REQUIREMENT, "requirement", words)
