"""The policies a job may be routed under: those that were imported, and the shipped examples."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection

from data.examples import policy_examples
from data.policies import UnknownPolicy, policies, policy
from engine.canonical import digest
from engine.policy import Policy
from engine.policy_file import read_policy
from engine.requirement import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChoice:
    """A policy and what names its very version: "eu@2", or an example's digest."""

    policy: Policy
    version: str
    is_example: bool = False

    @property
    def words(self) -> str:
        """What it says, and whether it holds for anybody."""
        title = self.policy.title or self.policy.name
        if self.is_example:
            return f"{title}. An example that ships with Necto: import your own version of it."
        return f"{title} ({self.version})"


def policy_choices(view: Connection) -> dict[str, PolicyChoice]:
    """Return every policy by name: an imported one stands before an example of its name."""
    kept = {
        one.policy.name: PolicyChoice(policy=one.policy, version=one.ref) for one in policies(view)
    }
    return dict(sorted((_examples() | kept).items()))


def policy_of(view: Connection, requirement: Requirement) -> PolicyChoice | None:
    """Return the policy that a job names, by its name or name@version; raises UnknownPolicy."""
    ref = requirement.policy
    if ref is None:
        return None
    try:
        kept = policy(view, ref)
    except UnknownPolicy:
        if ref not in _examples():
            raise
        return _examples()[ref]
    return PolicyChoice(policy=kept.policy, version=kept.ref)


@cache
def _examples() -> dict[str, PolicyChoice]:
    found = {}
    for name, text in policy_examples().items():
        stated = read_policy(text, f"{name}.yaml")
        version = f"{stated.name} of {digest(text.encode())}"
        found[stated.name] = PolicyChoice(policy=stated, version=version, is_example=True)
    return found
