"""Which generation a GPU belongs to, and which generations are later ones, vendor by vendor.

NVIDIA's are ordered by compute capability (https://developer.nvidia.com/cuda-gpus: Ada 8.9 is
before Hopper 9.0), AMD's data-centre ones by their number. Vendors are not compared.
"""

from collections.abc import Mapping

GENERATIONS: Mapping[str, tuple[str, ...]] = {
    "NVIDIA": (
        "Kepler", "Maxwell", "Pascal", "Volta", "Turing", "Ampere", "Ada", "Hopper", "Blackwell",
    ),
    "AMD": ("CDNA", "CDNA2", "CDNA3", "CDNA4"),
}  # fmt: skip
"""Oldest first."""

_OTHER_NAMES = {"adalovelace": "Ada", "gracehopper": "Hopper", "graceblackwell": "Blackwell"}

_FAMILIES: Mapping[str, frozenset[str]] = {
    "Kepler": frozenset({"K80"}),
    "Maxwell": frozenset({"M60", "Quadro M4000"}),
    "Pascal": frozenset({"P100", "P40", "P4", "Quadro P2000", "GTX 1070 Ti", "GTX 1050"}),
    "Volta": frozenset({"V100"}),
    "Turing": frozenset({"T4", "T4g", "Quadro RTX 6000"}),
    "Ampere": frozenset({
        "A100", "A10", "A10G", "A30", "A40", "A16", "A2", "RTX A4000", "RTX A5000", "RTX A6000",
        "RTX 3090 Ti", "RTX 3090", "RTX 3060 Ti", "RTX 3060",
    }),
    "Ada": frozenset({
        "L40S", "L40", "L4", "RTX 4000 Ada", "RTX 4000 SFF Ada", "RTX 4090", "RTX 4090 D",
        "RTX 4080", "RTX 4060 Ti",
    }),
    "Hopper": frozenset({"H100", "H200", "H800", "GH200"}),
    "Blackwell": frozenset({
        "B200", "B300", "GB200", "GB300", "RTX 5090", "RTX PRO 6000 Blackwell SE",
        "RTX PRO 6000 Blackwell WE",
    }),
    "CDNA": frozenset({"MI100"}),
    "CDNA2": frozenset({"MI210", "MI250", "MI250X"}),
    "CDNA3": frozenset({"MI300X", "MI300A", "MI325X"}),
    "CDNA4": frozenset({"MI350X", "MI355X"}),
}  # fmt: skip
_OF_FAMILY = {family: name for name, families in _FAMILIES.items() for family in families}


class UnknownGeneration(ValueError):
    """No generation of this name is known: the message lists the known ones."""


def generation_of(family: str) -> str | None:
    """Return the generation of a GPU family ("H100" -> "Hopper"), None where it is not known."""
    return _OF_FAMILY.get(family)


def from_generation(text: str) -> frozenset[str]:
    """Return this generation and the same vendor's later ones.

    Raises UnknownGeneration for another name, listing the known ones.
    """
    key = text.lower().replace(" ", "").replace("-", "")
    for generations in GENERATIONS.values():
        for place, name in enumerate(generations):
            if key == name.lower() or _OTHER_NAMES.get(key) == name:
                return frozenset(generations[place:])
    known = "; ".join(f"{vendor}: {', '.join(of)}" for vendor, of in GENERATIONS.items())
    raise UnknownGeneration(f"No GPU generation is called {text!r}. Known: {known}")
