"""Fluence's plans as its GPU API sends them; fields Necto does not use are ignored.

Shapes and units: fluencelabs/docs, docs/build/api/gpu_cloud/get_plans (2026-02), and
api.fluence.dev/gpu/api-docs. Containers come as a flat list, virtual machines and bare metal
grouped by GPU model, then by GPU count.
"""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine.money import exact

_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([A-Za-z]{1,4})")
_BINARY = {"Mi": 1 / 1024, "Gi": 1.0, "Ti": 1024.0}
_DECIMAL = {"M": 1 / 1000, "G": 1.0, "T": 1000.0}


def gib(count: float, units: str) -> float:
    """Return an amount in GiB; one in GB is kept as the number of GB that was published.

    Raises ValueError for a unit that is not known, rather than guess a thousandfold.
    """
    factor = (_BINARY | _DECIMAL).get(units.removesuffix("B"))
    if factor is None:
        raise ValueError(f"an amount in {units!r} has no known unit")
    return count * factor


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class Amount(Wire):
    count: float = Field(ge=0)
    units: str

    @property
    def gib(self) -> float:
        return gib(self.count, self.units)

    @property
    def is_binary(self) -> bool:
        return self.units.removesuffix("B") in _BINARY


class Cpus(Wire):
    count: float = Field(ge=0)


class Gpu(Wire):
    vendor: str | None = None
    model: str = Field(min_length=1)
    vram: str | None = None
    interface: str | None = None

    @property
    def text(self) -> str:
        """The name as Necto reads names: model, memory, form factor."""
        return " ".join(filter(None, (self.model, self.vram, self.interface)))

    @property
    def memory_gib(self) -> float | None:
        found = _AMOUNT.fullmatch(self.vram or "")
        return gib(float(found[1]), found[2]) if found else None


class Pricing(Wire):
    hour: Annotated[Decimal, BeforeValidator(exact)]
    currency: str
    upfront_hours: int | None = Field(default=None, ge=0)


class Supply(Wire):
    vcpu: Cpus
    memory: Amount
    storage: Amount
    gpu_count: int = Field(ge=1)


class Plan(Wire):
    id: str = Field(min_length=1)
    supply: Supply
    gpu_model: Gpu
    pricing: Pricing


class Places(Wire):
    location: list[str] = Field(default_factory=list)


class ContainerPlan(Wire):
    plan: Plan
    attributes: Places = Places()


class Option(Wire):
    id: str = Field(min_length=1)
    location: str | None = None
    provider: str | None = None
    vcpu: Cpus
    memory: Amount
    storage: Amount
    pricing: Pricing


class Count(Wire):
    gpu_count: int = Field(ge=1)
    options: list[object]


class Group(Wire):
    gpu_model: Gpu
    availability_by_number: list[object]


class Groups(Wire):
    data: list[object]
