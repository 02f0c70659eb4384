"""Which generation a GPU belongs to, and which generations are later ones, vendor by vendor.

NVIDIA's are in the order of their compute capability (Ada 8.9 is before Hopper 9.0), AMD's
data-centre ones in that of their number. Vendors are not compared with one another.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date


class UnknownGeneration(ValueError):
    """No generation of this name is known: the message lists the known ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuGeneration:
    """The generation of one GPU family; ``order`` counts within the vendor, oldest first."""

    family: str
    vendor: str
    name: str
    order: int
    also_called: tuple[str, ...] = ()
    source: str = ""
    source_url: str = ""
    observed_on: date | None = None


@dataclass(frozen=True)
class Generations:
    """Every family whose generation is known; built from the shipped table.

    Raises ValueError for a family that stands twice, or a generation with two orders.
    """

    rows: tuple[GpuGeneration, ...] = ()
    _by_family: dict[str, GpuGeneration] = field(init=False, repr=False, default_factory=dict)
    _by_name: dict[str, GpuGeneration] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            if _key(row.family) in self._by_family:
                raise ValueError(f"the family {row.family} stands twice")
            self._by_family[_key(row.family)] = row
            for name in (row.name, *row.also_called):
                other = self._by_name.setdefault(_key(name), row)
                if (other.vendor, other.name, other.order) != (row.vendor, row.name, row.order):
                    raise ValueError(f"{name!r} is told of {other.family} and {row.family} apart")

    def of(self, family: str) -> str | None:
        """Return the generation of a GPU family ("H100": Hopper), None where it is not known."""
        found = self._by_family.get(_key(family))
        return found.name if found else None

    def since(self, name: str) -> frozenset[str]:
        """Return this generation and the same vendor's later ones.

        Raises UnknownGeneration for another name, listing the known ones.
        """
        first = self._by_name.get(_key(name))
        if first is None:
            raise UnknownGeneration(f"no GPU generation is called {name!r}. Known: {self._known()}")
        return frozenset(
            row.name for row in self.rows if row.vendor == first.vendor and row.order >= first.order
        )

    def names(self) -> dict[str, tuple[str, ...]]:
        """Return the generations of each vendor, oldest first."""
        ordered = sorted(self.rows, key=lambda row: (row.vendor, row.order))
        return {
            vendor: _once(row.name for row in ordered if row.vendor == vendor)
            for vendor in _once(row.vendor for row in ordered)
        }

    def _known(self) -> str:
        return "; ".join(f"{vendor}: {', '.join(of)}" for vendor, of in self.names().items())


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
