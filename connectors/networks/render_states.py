"""What a Dispersed job's status means in Necto's words; an unknown one is polled on, never guessed.

The first seven are documented (otoyinc.mintlify.app); PREPARING and FAILING were met by clients.
RUNNING without ``node_urls`` in its job-run is not ready yet.
"""

from collections.abc import Mapping
from typing import Literal

RenderState = Literal[
    "requested",
    "provisioning",
    "running",
    "terminating",
    "completed",
    "terminated",
    "failed",
    "unknown",
]
STATES: Mapping[str, RenderState] = {
    "PENDING": "requested",
    "ASSIGNED": "provisioning",
    "PREPARING": "provisioning",
    "RUNNING": "running",
    "CANCELLING": "terminating",
    "FAILING": "terminating",
    "COMPLETED": "completed",
    "CANCELLED": "terminated",
    "FAILED": "failed",
}
FINAL: frozenset[RenderState] = frozenset({"completed", "terminated", "failed"})
"""No other follows; a job in any other state may still cost money and is asked about again."""


def state_of(status: str) -> RenderState:
    """Return the state that a job's status means."""
    return STATES.get(status, "unknown")
