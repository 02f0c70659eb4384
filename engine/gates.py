"""The gates: every hard constraint has one stable code, and one bit in an offer's mask.

An offer's mask is 0 where it passed every gate. A gate has a second bit where the answer may be
unknown: what is not known never meets a stated condition, and is told apart from what fails.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

Facet = Literal["machine", "place", "deal", "offer", "route"]
"""What a gate looks at: the machine's shape, whose and where it is, how it is sold, the price and
age of the one offer, or what only the route knows (what is blocked, what the job costs in all)."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One hard constraint. ``unknown_bit`` is 0 where the answer is always known."""

    code: str
    facet: Facet
    bit: int
    unknown_bit: int
    title: str

    @property
    def unknown_code(self) -> str:
        return f"{self.code}_unknown"


_TABLE: tuple[tuple[str, Facet, str], ...] = (
    ("country", "place", "country"),
    ("gpu_model", "machine", "GPU model"),
    ("gpu_count", "machine", "number of GPUs"),
    ("gpu_memory", "machine", "memory of a GPU"),
    ("form_factor", "machine", "form factor"),
    ("tflops", "machine", "bf16 TFLOPS"),
    ("generation", "machine", "generation"),
    ("vcpu", "machine", "vCPU"),
    ("memory", "machine", "RAM"),
    ("storage", "machine", "storage"),
    ("term", "deal", "term"),
    ("network_banned", "place", "network"),
    ("provider_banned", "place", "provider"),
    ("blocked", "route", "blocked offer"),
    ("price", "offer", "price an hour"),
    ("total", "route", "cost of the job"),
    ("gpu_price", "offer", "price per GPU-hour"),
    ("unavailable", "deal", "availability"),
    ("age", "offer", "age of the price"),
    ("uptime", "place", "uptime"),
    ("datacenter", "place", "kind of place"),
    ("online", "place", "online"),
    ("audit", "place", "audit"),
    ("attribute", "place", "stated attribute"),
    ("compliance", "place", "compliance control"),
    ("not_rankable", "deal", "kind of price"),
    ("baseline", "place", "hyperscaler"),
    ("validity", "deal", "days of the contract"),
)
_ALWAYS_KNOWN = frozenset({"blocked", "price", "total", "gpu_price", "not_rankable", "baseline"})

GATES: tuple[Gate, ...] = tuple(
    Gate(code, facet, 1 << 2 * place, 0 if code in _ALWAYS_KNOWN else 1 << 2 * place + 1, title)
    for place, (code, facet, title) in enumerate(_TABLE)
)
"""In the order in which reasons are told. A new gate comes last: bits keep their meaning."""

GATE = {gate.code: gate for gate in GATES}


def all_codes() -> tuple[str, ...]:
    """Return every code that a refusal can have, in order."""
    return tuple(code for gate in GATES for code, _ in _bits(gate))


@cache
def codes_of(mask: int) -> tuple[str, ...]:
    """Return the codes of a mask, in the order of the gates."""
    return tuple(code for gate in GATES for code, bit in _bits(gate) if mask & bit)


def mask_of(codes: Iterable[str]) -> int:
    """Return the mask with these codes; raises KeyError for one that is none."""
    bits = {code: bit for gate in GATES for code, bit in _bits(gate)}
    return sum(bits[code] for code in set(codes))


def gate_of(code: str) -> Gate:
    """Return the gate of a code, known or unknown."""
    return GATE.get(code) or GATE[code.removesuffix("_unknown")]


def _bits(gate: Gate) -> list[tuple[str, int]]:
    known = [(gate.code, gate.bit)]
    return [*known, (gate.unknown_code, gate.unknown_bit)] if gate.unknown_bit else known
