"""The SDL as this network reads it: what it needs to trade; whatever else is there is passed on.

Rules and limits: akash-network/chain-sdk 55f1c683 go/sdl (schema, parser) and the chain's limits.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

_UNITS = {
    "": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "p": 10**15, "e": 10**18,
    "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40, "pi": 2**50, "ei": 2**60,
}  # fmt: skip
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([a-zA-Z]{0,2})")
WEB_PORT = 80
Name = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=63)]


def size_of(value: object) -> int:
    """Return bytes for ``512Mi``; raises ValueError."""
    found = _SIZE.fullmatch(str(value))
    if not found or isinstance(value, bool) or found[2].lower() not in _UNITS:
        raise ValueError(f"invalid quantity {value!r}")
    return int(Decimal(found[1]) * _UNITS[found[2].lower()])


def millicores_of(value: object) -> int:
    """Return thousandths of a CPU for ``500m``, ``0.5`` or ``2``; raises ValueError."""
    text = str(value)
    try:
        cores = Decimal(text.removesuffix("m"))
    except InvalidOperation:
        raise ValueError(f"invalid cpu units {value!r}") from None
    if isinstance(value, bool) or not cores.is_finite():
        raise ValueError(f"invalid cpu units {value!r}")
    return int(cores if text.endswith("m") else cores * 1000)


class Form(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class Closed(Form):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Cpu(Form):
    units: Annotated[int, BeforeValidator(millicores_of), Field(ge=10, le=384_000)]


class Memory(Form):
    size: Annotated[int, BeforeValidator(size_of), Field(ge=2**20, le=2**41)]


class Volume(Form):
    name: str = "default"
    size: Annotated[int, BeforeValidator(size_of), Field(ge=5 * 2**20, le=2**45)]
    attributes: dict[str, bool | str] = Field(default_factory=dict)

    @property
    def is_persistent(self) -> bool:
        return str(self.attributes.get("persistent", False)).lower() == "true"

    @field_validator("attributes")
    @classmethod
    def _ram_forgets(cls, value: dict[str, bool | str]) -> dict[str, bool | str]:
        if value.get("class") == "ram" and str(value.get("persistent")).lower() == "true":
            raise ValueError("storage of class ram cannot be persistent")
        return value


class GpuModel(Form):
    model: str | None = None
    ram: str | None = None
    interface: Literal["pcie", "sxm"] | None = None


class GpuVendors(Closed):
    nvidia: list[GpuModel] | None


class GpuAttributes(Form):
    vendor: GpuVendors


class Gpu(Form):
    units: int = Field(ge=0, le=24)
    attributes: GpuAttributes | None = None


class Resources(Form):
    cpu: Cpu
    memory: Memory
    storage: Annotated[
        list[Volume], BeforeValidator(lambda v: v if isinstance(v, list) else [v])
    ] = Field(min_length=1)
    gpu: Gpu | None = None


class Compute(Form):
    resources: Resources


class Price(Form):
    denom: str
    amount: Annotated[Decimal, BeforeValidator(str), Field(gt=0)]


class SignedBy(Form):
    any_of: list[str] = Field(default_factory=list, alias="anyOf")
    all_of: list[str] = Field(default_factory=list, alias="allOf")


class Placement(Form):
    attributes: dict[str, str] = Field(default_factory=dict)
    signed_by: SignedBy = Field(default=SignedBy(), alias="signedBy")
    pricing: dict[str, Price]


class Target(Form):
    service: str = ""
    is_global: bool = Field(default=False, alias="global")
    ip: str = ""


class Expose(Form):
    port: int = Field(ge=1, le=65_535)
    external: int | None = Field(default=None, ge=1, le=65_535, alias="as")
    proto: Annotated[Literal["TCP", "UDP"], BeforeValidator(lambda v: str(v).upper())] = "TCP"
    accept: list[str] | None = None
    to: list[Target] = Field(default_factory=list)

    @property
    def is_global(self) -> bool:
        return any(target.is_global for target in self.to)

    @property
    def is_web(self) -> bool:
        return self.is_global and self.proto == "TCP" and (self.external or self.port) == WEB_PORT


class Mount(Form):
    mount: str | None = None


class Credentials(Form):
    host: str = Field(min_length=1)
    username: str = Field(min_length=1)
    password: str = Field(min_length=6)


class Params(Form):
    storage: dict[str, Mount | None] = Field(default_factory=dict)
    tee: Literal["cpu", "cpu-gpu"] | None = None


class Service(Form):
    image: str = Field(min_length=1)
    expose: list[Expose] = Field(default_factory=list)
    params: Params | None = None
    credentials: Credentials | None = None


class Deployed(Form):
    profile: str
    count: int = Field(ge=1, le=50)


class Profiles(Closed):
    compute: dict[str, Compute]
    placement: dict[str, Placement] = Field(max_length=20)


class Reclamation(Closed):
    min_window: str = Field(pattern=r"^[1-9][0-9]*(s|m|h)$")

    @property
    def seconds(self) -> int:
        return int(self.min_window[:-1]) * {"s": 1, "m": 60, "h": 3600}[self.min_window[-1]]


class Endpoint(Form):
    kind: Literal["ip"]


class Sdl(Closed):
    version: Literal["2.0", "2.1"]
    services: dict[Name, Service] = Field(min_length=1)
    profiles: Profiles
    deployment: dict[str, dict[str, Deployed]] = Field(min_length=1)
    endpoints: dict[Name, Endpoint] = Field(default_factory=dict)
    include: list[str] = Field(default_factory=list)
    reclamation: Reclamation | None = None
