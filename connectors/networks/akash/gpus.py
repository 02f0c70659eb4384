"""Akash's GPU attributes: ``vendor/nvidia/model/h100/ram/80Gi/interface/sxm`` and its variants.

Providers and tenants write the parts in any order and case, some of them or all; the Console writes
"h100 80Gi SXM5". Both are brought to the Console's spelling, so that an offer keeps its id.
"""

from collections.abc import Iterable
from dataclasses import dataclass

_PARTS = ("vendor", "model", "ram", "interface")
ANY_MODEL = "*"


@dataclass(frozen=True, slots=True)
class Gpu:
    """One kind of GPU as Akash names it; what is not said is empty."""

    vendor: str
    model: str
    ram: str = ""
    interface: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it names a model: ``model/*`` is any, told only once the lease runs."""
        return self.model != ANY_MODEL

    @property
    def name(self) -> str:
        """As the Console writes it: "h100 80Gi SXM5"."""
        if not self.is_known:
            return f"any {self.vendor or 'GPU'}"
        return " ".join(filter(None, (self.model, self.ram, self.interface)))

    @property
    def memory_gib(self) -> float | None:
        number = self.ram.removesuffix("Gi")
        return float(number) if number.isdecimal() else None

    def allows(self, other: "Gpu") -> bool:
        """Whether ``other`` is this GPU told at least as exactly: "SXM" allows "SXM5"."""
        return (
            self.model == other.model
            and self.ram in ("", other.ram)
            and other.interface.startswith(self.interface)
        )


def gpu_of(key: str) -> Gpu | None:
    """Read an attribute's key; None when it names no model of GPU."""
    words = key.split("/")
    found: dict[str, str] = {}
    place = next((i for i, word in enumerate(words) if word.lower() in ("vendor", "model")), None)
    if place is None:
        return None
    for part, value in zip(words[place::2], words[place + 1 :: 2], strict=False):
        found.setdefault(part.lower(), value.strip())
    parts = {part: found.get(part, "") for part in _PARTS}
    if not parts["model"]:
        return None
    return Gpu(
        vendor=parts["vendor"].lower(),
        model=parts["model"].lower(),
        ram=_ram(parts["ram"]),
        interface=_interface(parts["interface"]),
    )


def completed(asked: Gpu, declared: Iterable[Gpu]) -> Gpu:
    """Return the one GPU of a provider that an order's short name can mean, or the short name."""
    fitting = {gpu for gpu in declared if asked.allows(gpu)}
    exact = {gpu for gpu in fitting if gpu.ram and gpu.interface}
    exact = {gpu for gpu in exact if not any(_is_vaguer(gpu, other) for other in exact)}
    return exact.pop() if len(exact) == 1 else asked


def _is_vaguer(gpu: Gpu, other: Gpu) -> bool:
    return gpu != other and gpu.allows(other)


def _ram(text: str) -> str:
    digits = text.lower().removesuffix("b").removesuffix("i").removesuffix("g")
    return f"{digits}Gi" if digits.isdecimal() else text


def _interface(text: str) -> str:
    return "PCIe" if text.lower() == "pcie" else text.upper()
