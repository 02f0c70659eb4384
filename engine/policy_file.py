"""A company's policy as a file: YAML 1.2 or JSON. ``docs/policy.md`` explains every field."""

from functools import cache
from typing import Any

from engine.policy import Policy
from engine.told_faults import BadFile, Fault, Place
from engine.told_files import Value
from engine.told_models import Reading, read_as
from engine.told_schema import schema_of
from engine.told_words import POLICY

__all__ = ["BadFile", "Fault", "policy_reading", "policy_schema", "read_policy"]

_STAND_INS: dict[Place, Value] = {("name",): "nameless"}


def read_policy(text: str, name: str) -> Policy:
    """Return the policy that a file states; raises BadFile with everything that is wrong.

    ``name``: the file's, for messages; one that ends in .json is read as JSON. Names of countries
    and networks are checked by ``engine.told_names``.
    """
    return policy_reading(text, name).whole()


def policy_reading(text: str, name: str) -> Reading[Policy]:
    """Return what came of a file, to go on checking; raises BadFile when it is no YAML or JSON."""
    return read_as(Policy, policy_schema(), text, name, _STAND_INS)


@cache
def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy, as ``docs/schemas`` holds it."""
    words = "What a company allows: the rules that every job meets, and how offers are ranked."
    return schema_of(Policy, POLICY, "policy", words)
