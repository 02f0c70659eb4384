"""What a unit of an SDL's compute profile is made of: CPUs, RAM, disks, GPUs.

Form: as ``sdl_model``, whose parts these are.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from connectors.networks.akash.sdl_units import cpu_text, memory_text, storage_text
from engine.requirement import PRINTABLE, Told, refuse_conflicts

GPUS_MAX, VOLUMES_MAX = 24, 20
"""Of one unit, by the chain."""
_NAME_MAX = 128

Line = Annotated[str, Field(min_length=1, max_length=4096, pattern=PRINTABLE)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]


def named(pattern: str, rule: str) -> tuple[AfterValidator, WithJsonSchema]:
    """Return what makes a text a name of this pattern, told by its rule in words."""

    def check(name: str) -> str:
        if len(name) > _NAME_MAX or not re.fullmatch(pattern, name):
            raise PydanticCustomError("sdl_name", "{said}", {"said": f"write {rule}"})
        return name

    return AfterValidator(check), WithJsonSchema({"type": "string", "pattern": pattern})


ATTRIBUTE_KEY = r"^[a-zA-Z][\w/.\-]{1,126}[\w*]?$"
"""As the Console's API takes it (akash-network/console d84c9e93 openapi.json)."""
ATTRIBUTE_RULE = "an attribute's name: two letters or more, digits, and _ / . -"
AttributeKey = Annotated[str, *named(ATTRIBUTE_KEY, ATTRIBUTE_RULE)]
Attributes = dict[AttributeKey, Annotated[str, Field(max_length=200)]]


class Part(Told):
    """A part of an SDL: unknown names are mistakes; the file's own names, where Python has none."""

    model_config = ConfigDict(populate_by_name=True)


class Cpu(Part):
    """CPUs: ``500m``, ``0.5``, ``2``."""

    units: Annotated[str, AfterValidator(cpu_text)]
    attributes: Attributes = Field(default_factory=dict)


class Memory(Part):
    """RAM: ``512Mi``, ``16Gi``."""

    size: Annotated[str, AfterValidator(memory_text)]


class StorageAttributes(Part):
    """``ram`` (not persistent), or beta1 (HDD), beta2 (SSD), beta3 (NVMe), default (persistent)."""

    kind: Annotated[Name, Field(alias="class")]
    persistent: bool

    @model_validator(mode="after")
    def _persists_as_its_class_does(self) -> Self:
        ram, kept = self.kind == "ram", self.kind in ("beta1", "beta2", "beta3", "default")
        refuse_conflicts(
            (ram and self.persistent, ("persistent", "class"), "ram is never persistent: false"),
            (
                kept and not self.persistent,
                ("persistent", "class"),
                f"storage of class {self.kind} is always persistent: true",
            ),
        )
        return self


class Volume(Part):
    """A disk; without attributes it is the machine's own and goes with the lease."""

    size: Annotated[str, AfterValidator(storage_text)]
    name: Name = "default"
    attributes: StorageAttributes | None = None

    @property
    def is_persistent(self) -> bool:
        return self.attributes is not None and self.attributes.persistent


class GpuKind(Part):
    """A GPU that will do; what is not told leaves the choice to the provider."""

    model: Line | None = None
    ram: Line | None = None
    interface: Literal["pcie", "sxm"] | None = None


class Vendor(Part):
    """The one vendor that the published schema knows; no kinds: any GPU of it."""

    nvidia: Annotated[tuple[GpuKind, ...], Field(max_length=100)]


class GpuAttributes(Part):
    """Which GPUs will do."""

    vendor: Vendor


class Gpu(Part):
    """GPUs of one unit, with their kinds where there are any."""

    units: Annotated[int, Field(ge=0, le=GPUS_MAX)] = 0
    attributes: GpuAttributes | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        told = self.attributes is not None
        refuse_conflicts(
            (self.units > 0 and not told, ("units", "attributes"), "add attributes: {vendor: …}"),
            (told and self.units == 0, ("attributes", "units"), "say how many: units: 1"),
        )
        return self


class Resources(Part):
    """One unit of a compute profile."""

    cpu: Cpu
    memory: Memory
    storage: Annotated[tuple[Volume, ...], Field(max_length=VOLUMES_MAX)]
    gpu: Gpu | None = None

    @property
    def gpu_count(self) -> int:
        return self.gpu.units if self.gpu else 0


class Compute(Part):
    """A compute profile."""

    resources: Resources
