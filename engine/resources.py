"""What is bought and where it stands: canonical GPU names, machine shapes, jurisdictions.

A GPU has one canonical name per form factor ("A100-80-SXM"); sellers write it in many ways. A name
that is not known is kept and shown as received, never guessed.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from engine.countries import COUNTRIES
from engine.generations import Generations

Adequacy = Literal["eea", "full", "partial", "none"]

_VENDOR_WORDS = frozenset({"nvidia", "amd", "geforce", "tesla", "instinct"})
_MEMORY_KINDS = frozenset({"hbm2", "hbm2e", "hbm3", "hbm3e", "gddr6", "gddr6x", "gddr7"})
_MEMORY = re.compile(r"(\d{1,4}(?:\.\d+)?)(?:g|gb|gi|gib)")
_FORM_FACTORS = {
    "sxm": "SXM",
    "sxm2": "SXM",
    "sxm3": "SXM",
    "sxm4": "SXM",
    "sxm5": "SXM",
    "sxm6": "SXM",
    "pcie": "PCIe",
    "nvl": "PCIe-NVL",
    "oam": "OAM",
}
_MEMORY_TOLERANCE = Decimal("0.07")  # sellers print GB, GiB or what the driver reports
_UNSPECIFIED = "unspecified"


class UnknownGpu(ValueError):
    """No GPU of this name is known: the message lists the closest known names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuModel:
    """One GPU in one form factor. ``memory_gib`` is per GPU; None where not certain."""

    name: str
    family: str
    vendor: str
    memory_gib: Decimal | None
    interface: str
    aliases: tuple[str, ...] = ()
    bf16_dense_tflops: Decimal | None = None
    spec_source: str = ""

    @property
    def form_factor_known(self) -> bool:
        return self.interface != _UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """A hyperscaler's machine size; ``memory_gib`` is the machine's RAM, None where not stated."""

    provider: str
    name: str
    gpu_model: str
    gpu_count: int
    vcpu: Decimal | None
    memory_gib: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction:
    """A country (ISO 3166 alpha-2) as the GDPR sees it, on a date."""

    country_code: str
    in_eu: bool
    in_eea: bool
    adequacy: Adequacy
    detail: str
    as_of: date


@dataclass(frozen=True, slots=True)
class _Words:
    """A GPU's name taken apart."""

    family: str
    memory_gib: Decimal | None
    interface: str | None


def name_key(text: str) -> str:
    """Return the name without vendor, case, blanks and punctuation: equal keys are equal names."""
    words = re.split(r"[^a-z0-9]+", text.lower())
    return "".join(word for word in words if word not in _VENDOR_WORDS)


def form_factor(text: str | None) -> str | None:
    """Return the form factor that a seller's word means ("SXM5": SXM), else the word itself."""
    return _FORM_FACTORS.get(text.lower(), text) if text else None


def _taken_apart(text: str) -> _Words:
    memory: Decimal | None = None
    interface: str | None = None
    rest: list[str] = []
    for word in re.split(r"[^a-z0-9.]+", text.lower()):
        if found := _MEMORY.fullmatch(word):
            memory = Decimal(found[1])
        elif word in _FORM_FACTORS:
            interface = _FORM_FACTORS[word]
        elif word and word not in _VENDOR_WORDS | _MEMORY_KINDS:
            rest.append(word)
    return _Words("".join(rest).replace(".", ""), memory, interface)


def _fits(model: GpuModel, words: _Words) -> bool:
    if words.interface not in (None, model.interface):
        return False
    if words.memory_gib is None or model.memory_gib is None:
        return True
    return abs(model.memory_gib - words.memory_gib) <= model.memory_gib * _MEMORY_TOLERANCE


@dataclass(frozen=True)
class Catalogue:
    """Every GPU, machine size, region, jurisdiction and generation known; from shipped tables."""

    models: tuple[GpuModel, ...]
    instances: Mapping[tuple[str, str], InstanceType] = field(default_factory=dict)
    regions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    jurisdictions: Mapping[str, Jurisdiction] = field(default_factory=dict)
    generations: Generations = field(default_factory=Generations)
    _by_key: dict[str, GpuModel] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for model in self.models:
            for alias in {name_key(text) for text in (model.name, *model.aliases)}:
                other = self._by_key.setdefault(alias, model)
                if other is not model:
                    raise ValueError(f"{alias!r} names both {other.name} and {model.name}")

    def model(self, name: str) -> GpuModel | None:
        """Return the model of this canonical name."""
        found = self._by_key.get(name_key(name))
        return found if found and found.name == name else None

    def match(self, text: str) -> GpuModel | None:
        """Return the one model that a seller's text names, or None: an unclear name is no match.

        Reads "a100 80Gi SXM4", "NVIDIA A100-SXM4-80GB" and a known instance type alike.
        """
        if found := self._by_key.get(name_key(text)):
            return found
        if instance := self._instance_named(text):
            return self.model(instance.gpu_model)
        words = _taken_apart(text)
        named = self._by_key.get(words.family)
        if named and _fits(named, words):
            return named
        fitting = self._fitting(words)
        if words.interface is None:
            unspecified = [m for m in fitting if not m.form_factor_known]
            fitting = unspecified if unspecified and words.memory_gib else fitting
        return fitting[0] if len(fitting) == 1 else None

    def select(self, text: str) -> frozenset[str]:
        """Return the canonical names that a request means: a bare family means all its members.

        "H100" is every H100, "A100-80" every 80 GiB A100, "H100-SXM" only that one.
        Raises UnknownGpu, naming the closest known names.
        """
        exact_name = self.match(text)
        if exact_name and exact_name.form_factor_known:
            return frozenset({exact_name.name})
        if exact_name and name_key(text) == name_key(exact_name.family):
            return self._names(m for m in self.models if m.family == exact_name.family)
        if exact_name:
            family, memory = exact_name.family, exact_name.memory_gib
            return self._names(
                m for m in self.models if m.family == family and m.memory_gib == memory
            )
        if found := self._names(self._fitting(_taken_apart(text))):
            return found
        if found := self._names(
            m for m in self.models if m.name.lower().startswith(f"{text.strip().lower()}-")
        ):
            return found
        known = sorted({m.name for m in self.models} | {m.family for m in self.models})
        close = difflib.get_close_matches(text, known, n=5, cutoff=0.4) or known[:5]
        raise UnknownGpu(f"No GPU is called {text!r}. Closest known: {', '.join(close)}")

    @staticmethod
    def country(text: str | None) -> str | None:
        """Return the country code that a seller's text is, in capitals; None for anything else."""
        code = (text or "").strip().upper()
        return code if code in COUNTRIES else None

    def country_of(self, network: str, region_code: str) -> str | None:
        """Return the country of a hyperscaler's region, None where the code spans several."""
        return self.regions.get((network, region_code))

    def countries_in(self, group: str) -> frozenset[str]:
        """Return the country codes of "EU", "EEA" or "EEA+adequate" (full decisions only).

        A partial decision (US, CA) covers some recipients only and is therefore not in the group.
        Raises ValueError for another group.
        """
        rules = {
            "EU": lambda j: j.in_eu,
            "EEA": lambda j: j.in_eea,
            "EEA+adequate": lambda j: j.in_eea or j.adequacy == "full",
        }
        if group not in rules:
            raise ValueError(f"{group!r} is not one of {', '.join(rules)}")
        return frozenset(c for c, j in self.jurisdictions.items() if rules[group](j))

    def _fitting(self, words: _Words) -> list[GpuModel]:
        return [
            model
            for model in self.models
            if words.family in (name_key(model.family), name_key(model.name))
            and _fits(model, words)
        ]

    def _instance_named(self, text: str) -> InstanceType | None:
        wanted = text.lower()
        return next((i for i in self.instances.values() if i.name.lower() == wanted), None)

    @staticmethod
    def _names(models: Iterable[GpuModel]) -> frozenset[str]:
        return frozenset(model.name for model in models)
