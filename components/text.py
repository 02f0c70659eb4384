"""Values as text, the only place where they are rounded for the eye."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from engine.overview import Comparison
from engine.savings import DIFFERENCES

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
UNKNOWN = "not known"

NETWORK_NAMES = {
    "akash": "Akash",
    "render": "Render",
    "aethir": "Aethir",
    "nosana": "Nosana",
    "lium": "Lium",
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
}
TERM_NAMES = {
    "on_demand": "on demand",
    "spot": "spot",
    "reserved_1y": "reserved 1 year",
    "reserved_3y": "reserved 3 years",
    "contract": "contract",
}
BASIS_NAMES = {
    "instance": "whole machine",
    "gpu_only": "GPU alone, machine billed on top",
    "whole_group_bid_incl_cpu_ram_disk": "recent bid for the whole order, CPU, RAM, disk included",
    "host_reward_before_network_fee": "what the host earns, before the network's fee",
    "customer_price": "example published by the network, not a quote",
    "as_published_per_gpu": "price page, per GPU",
    "list": "list price",
}


def network_name(name: str) -> str:
    return NETWORK_NAMES.get(name, name)


def usd_per_hour(amount: Decimal | None) -> str:
    """Three decimals, as prices per GPU-hour are shown everywhere."""
    if amount is None:
        return UNKNOWN
    return f"${amount.quantize(Decimal('0.001'), ROUND_HALF_UP):,}"


def percent(fraction: float | None) -> str:
    """A whole percentage with a real minus sign."""
    if fraction is None:
        return UNKNOWN
    return f"{fraction * 100:.0f} %".replace("-", "−")


def saving_range(comparison: Comparison) -> str:
    """What is saved after adding missing CPU and RAM, and before: 62 to 70 %."""
    least, most = percent(comparison.least), percent(comparison.saving)
    return most if least == most else f"{least.removesuffix(' %')} to {most}"


def differences_text(codes: Sequence[str]) -> str:
    return "; ".join(DIFFERENCES[code] for code in codes) or "none that is known"


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was: 4 min, 3 h, 56 days."""
    if moment is None:
        return UNKNOWN
    seconds = max((now - moment.replace(tzinfo=moment.tzinfo or UTC)).total_seconds(), 0)
    if seconds < _MINUTE:
        return "just now"
    for size, unit in ((_DAY, "day"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    raise AssertionError("unreachable")


def moment(value: datetime | None) -> str:
    """A moment in UTC; midnight means that only the day is known."""
    if value is None:
        return UNKNOWN
    return (
        f"{value:%Y-%m-%d}"
        if (value.hour, value.minute) == (0, 0)
        else f"{value:%Y-%m-%d %H:%M} UTC"
    )


def number(value: float | None, unit: str = "") -> str:
    """At most two decimals, no trailing zeros."""
    if value is None:
        return UNKNOWN
    text = f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{text} {unit}".strip()


def literal(text: object) -> str:
    """Text from outside as it is: nothing in it is taken for Markdown."""
    escaped = str(text)
    for sign in "\\`*_{}[]<>()#+-.!|~$:":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped
