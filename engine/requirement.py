"""What a job needs: the buyer's half of a decision. ``docs/requirement.md`` explains every field.

Everything is per node; ``nodes`` above one is planned (``necto plan``), not routed.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from engine.market import Term
from engine.secret_names import (
    ENV_NAME,
    REFERENCE,
    REFERENCE_RULE,
    REMEDY,
    is_secret_like,
    is_secret_name,
)

CountryGroup = Literal["EU", "EEA", "EEA+adequate"]
DataClass = Literal["public", "internal", "confidential", "personal", "special"]
"""What the job works on; ``special``: special categories of personal data (GDPR article 9)."""

Usd = Annotated[Decimal, Field(gt=0, le=Decimal(10) ** 9, max_digits=28, decimal_places=18)]
Hours = Annotated[Decimal, Field(gt=0, le=100_000, max_digits=18, decimal_places=9)]
Gigabytes = Annotated[Decimal, Field(ge=0, le=Decimal(10) ** 9, max_digits=28, decimal_places=9)]
Amount = Annotated[float, Field(gt=0, le=10**9, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
Names = Annotated[frozenset[Name], Field(max_length=500)]


class Told(BaseModel):
    """A part of a file that a person writes: unknown names are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Conflict(ValueError):
    """Fields that do not fit together: the fields that each sentence is about, the first to blame.

    Every conflict is told at once, each at its own line.
    """

    def __init__(self, *parts: tuple[tuple[str, ...], str]) -> None:
        self.parts = parts
        super().__init__("; ".join(sentence for _, sentence in parts))


def refuse_conflicts(*found: tuple[bool, tuple[str, ...], str]) -> None:
    """Raise Conflict for every condition that holds: (holds, the fields, the sentence)."""
    parts = [(fields, sentence) for holds, fields, sentence in found if holds]
    if parts:
        raise Conflict(*parts)


def both_ways(allowed: Names, banned: Names, noun: str) -> tuple[bool, tuple[str, ...], str]:
    """Return the conflict of asking for what is banned, for ``refuse_conflicts``."""
    both = ", ".join(sorted(allowed & banned))
    return bool(both), (f"{noun}_banned", noun), f"{both}: asked for and banned at once"


class Gpus(Told):
    """Which GPUs, and how many in one machine. Conditions that are not given ask for nothing.

    ``models``: names or families ("H100-SXM", "H100", "A100-80"): any of them. ``memory_gib_min``
    and ``bf16_tflops_min`` (dense) are of one GPU. ``generation_min``: of one vendor's generations
    (``engine.generations``), that one or a later one.
    """

    count: Annotated[int, Field(ge=1, le=1024)]
    models: Names = frozenset()
    memory_gib_min: Amount | None = None
    form_factors: frozenset[Literal["SXM", "PCIe", "PCIe-NVL", "OAM", "superchip"]] = frozenset()
    bf16_tflops_min: Amount | None = None
    generation_min: Name | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        asked = ("models", "memory_gib_min", "bf16_tflops_min", "generation_min")
        refuse_conflicts(
            (
                not any(getattr(self, field) for field in asked),
                asked,
                "name models, or at least memory_gib_min, bf16_tflops_min or generation_min",
            )
        )
        return self


class Attribute(Told):
    """What a provider must state about itself; ``signed_by``: an auditor's name, or * for any."""

    key: Name
    value: Name
    signed_by: Name | None = None


class Port(Told):
    """A port that the job serves on."""

    port: Annotated[int, Field(ge=1, le=65535)]
    protocol: Literal["http", "tcp", "udp"] = "http"
    is_public: bool = True


class EnvVar(Told):
    """A variable of the job's environment: a plain ``value``, or the ``secret`` it refers to.

    Only the name of a secret is ever here (``engine.secret_names``). What is wrong with either is
    told without showing it: it may be the secret itself, in the wrong place.
    """

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=ENV_NAME)]
    value: Annotated[str, Field(max_length=4096)] | None = None
    secret: Annotated[str, Field(json_schema_extra={"pattern": REFERENCE})] | None = None

    @model_validator(mode="after")
    def _is_told_one_way(self) -> Self:
        value, secret = self.value or "", self.secret
        given = [one for one in (self.value, secret) if one is not None]
        refuse_conflicts(
            (len(given) > 1, ("value", "secret"), "give a value or a secret, not both"),
            (not given, ("value", "secret"), "give a value, or the secret that it refers to"),
            (
                is_secret_like(self.name, value) or "${secret:" in value,
                ("value", "name"),
                f"{self.name} is or holds a secret: {REMEDY}",
            ),
            (
                any(character < " " or character == "\x7f" for character in value),
                ("value",),
                "leave out line breaks, tabs and other control characters",
            ),
            (secret is not None and not is_secret_name(secret), ("secret",), REFERENCE_RULE),
        )
        return self


class Standbys(Told):
    """How many offers stand by for the first one, and what they must not share with it.

    They never share the provider.
    """

    count: Annotated[int, Field(ge=0, le=20)] = 2
    other_network: bool = False
    other_hosting: bool = False
    other_datacenter: bool = False


class Requirement(Told):
    """One job. ``duration_hours`` None: open-ended. Amounts in USD, storage and RAM in GiB.

    ``egress_gb`` and ``ingress_gb`` (10^9 bytes) move within the job's duration; open-ended: within
    30 days. ``interruptible``: the job survives being stopped, and loses at most
    ``checkpoint_minutes`` of work and what restarting takes. ``countries``: ISO 3166 codes, or EU,
    EEA, EEA+adequate. ``terms`` None: on demand and contracts, and spot where interruptible.
    """

    gpus: Gpus
    name: Name = "job"
    nodes: Annotated[int, Field(ge=1, le=10_000)] = 1
    one_place: bool = False
    vcpu_min: Amount | None = None
    memory_gib_min: Amount | None = None
    storage_gib_min: Amount | None = None
    egress_gb: Gigabytes = Decimal(0)
    ingress_gb: Gigabytes = Decimal(0)
    duration_hours: Hours | None = None
    start_by: AwareDatetime | None = None
    interruptible: bool = False
    checkpoint_minutes: Amount | None = None
    usd_per_hour_max: Usd | None = None
    usd_total_max: Usd | None = None
    countries: Names = frozenset()
    networks: Names = frozenset()
    networks_banned: Names = frozenset()
    providers: Names = frozenset()
    providers_banned: Names = frozenset()
    terms: frozenset[Term] | None = None
    datacenter_only: bool = False
    uptime_min: Fraction | None = None
    uptime_days: Literal[1, 7, 30] = 30
    attributes: Annotated[tuple[Attribute, ...], Field(max_length=50)] = ()
    policy: Name | None = None
    data_class: DataClass = "internal"
    image: Name | None = None
    command: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    env: Annotated[tuple[EnvVar, ...], Field(max_length=100)] = ()
    ports: Annotated[tuple[Port, ...], Field(max_length=50)] = ()
    owner: Name | None = None
    cost_centre: Name | None = None
    po_number: Name | None = None
    standbys: Standbys = Standbys()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse_conflicts(
            both_ways(self.networks, self.networks_banned, "networks"),
            both_ways(self.providers, self.providers_banned, "providers"),
            (
                self.usd_total_max is not None and self.duration_hours is None,
                ("usd_total_max", "duration_hours"),
                "usd_total_max needs duration_hours: an open-ended job has no total",
            ),
            (
                self.checkpoint_minutes is not None and not self.interruptible,
                ("checkpoint_minutes", "interruptible"),
                "checkpoint_minutes is of jobs with interruptible: true",
            ),
            (bool(self._env_twins()), ("env",), f"given twice: {self._env_twins()}"),
        )
        return self

    def _env_twins(self) -> str:
        names = [one.name for one in self.env]
        return ", ".join(sorted({name for name in names if names.count(name) > 1}))


def is_late(requirement: Requirement, now: datetime) -> bool:
    """Return whether the job should have started already."""
    return requirement.start_by is not None and requirement.start_by < now
