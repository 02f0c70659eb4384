"""What an offered GPU is, as far as its name, form factor and memory tell; and whether it is asked.

An offer that names a family only ("H100") may be any member of it: where some members are asked
for and others not, whether it is the right one is unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.resources import Catalogue, GpuModel, UnknownGpu, form_factor, name_key

_T = TypeVar("_T")
_MEMORY_TOLERANCE = 0.07  # sellers print GB, GiB or what the driver reports


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuKind:
    """A GPU as offered.

    ``members``: the canonical names that it may be, each with its interface; none without a name.
    """

    name: str | None
    form_factor: str | None
    memory_gib: float | None
    tflops: float | None
    generation: str | None
    members: Mapping[str, str]

    def is_one_of(self, wanted: frozenset[str]) -> bool | None:
        """Whether it is one of these models; None where it may be and may not be."""
        if not self.members:
            return None
        if wanted.isdisjoint(self.members):
            return False
        return True if wanted.issuperset(self.members) else None

    def lacks_form(self, wanted: frozenset[str]) -> bool:
        """Whether only some of its form factors are wanted, and it does not say which it has."""
        asked = {interface for name, interface in self.members.items() if name in wanted}
        return bool(asked) and asked != set(self.members.values())


def gpu_kind(
    catalogue: Catalogue, name: str | None, form: str | None, memory_gib: float | None
) -> GpuKind:
    """Return what is offered; the model table's figures come before the seller's own."""
    generations, stated = catalogue.generations, form_factor(form)
    own = catalogue.match(name) if name else None
    models = [own] if own and own.form_factor_known else _members(catalogue, name)
    models = _narrowed(models, stated, memory_gib)
    known = [own] if own and len(models) > 1 else models
    interface = _common(m.interface for m in models if m.form_factor_known)
    is_certain = bool(models) and all(m.form_factor_known for m in models)
    memory = _common(_number(m.memory_gib) for m in known)
    return GpuKind(
        name=own.name if own else name,
        form_factor=interface if is_certain and interface else stated,
        memory_gib=memory_gib if memory is None else memory,
        tflops=_common(_number(m.bf16_dense_tflops) for m in known),
        generation=_common(generations.of(m.family) for m in known) or generations.of(name or ""),
        members={m.name: m.interface for m in models} or ({name: ""} if name else {}),
    )


def wanted_models(
    catalogue: Catalogue, models: Iterable[str], kinds: Sequence[GpuKind]
) -> frozenset[str]:
    """Return the canonical names that are asked for.

    A name that the catalogue lacks may be a seller's own; raises UnknownGpu where it is nobody's.
    """
    offered = {name_key(kind.name): kind.name for kind in kinds if kind.name}
    found: set[str] = set()
    for text in sorted(models):
        try:
            found |= catalogue.select(text)
        except UnknownGpu:
            if name_key(text) not in offered:
                raise
            found.add(offered[name_key(text)])
    return frozenset(found)


def _members(catalogue: Catalogue, name: str | None) -> list[GpuModel]:
    if not name:
        return []
    try:
        names = catalogue.select(name)
    except UnknownGpu:
        return []
    return [model for model in catalogue.models if model.name in names]


def _narrowed(models: list[GpuModel], form: str | None, memory_gib: float | None) -> list[GpuModel]:
    """Leave out the members that the offer's own form factor or memory rules out."""
    if len(models) > 1 and form:
        models = [m for m in models if m.interface == form] or models
    if len(models) > 1 and memory_gib:
        models = [m for m in models if _has_memory(m, memory_gib)] or models
    return models


def _has_memory(model: GpuModel, memory_gib: float) -> bool:
    own = _number(model.memory_gib)
    return own is None or abs(own - memory_gib) <= own * _MEMORY_TOLERANCE


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _common(values: Iterable[_T | None]) -> _T | None:
    """The one value that all share; None where they differ or one is unknown."""
    found = set(values)
    return found.pop() if len(found) == 1 else None
