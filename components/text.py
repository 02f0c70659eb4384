"""Values as text, the only place where they are rounded for the eye."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from engine.names import NETWORK_NAMES, TERM_NAMES, counted, network_name
from engine.overview import BASELINE_NAMES, Comparison
from engine.savings import DIFFERENCES

__all__ = ["NETWORK_NAMES", "TERM_NAMES", "counted", "network_name"]
"""Names that every component takes from here, beside what is defined below."""

_MINUTE = 60
_STEPS = ((86400, "day"), (3600, "h"), (_MINUTE, "min"))
_ROUNDING_NOISE = 1e-9
UNKNOWN = "not known"

LABEL_MEANINGS = (
    "Label B: like for like and fresh; C: a difference is named or a price is older than 30 days; "
    "D: never a headline."
)
SHORT_WARNINGS = {
    "host_reward_before_network_fee": ", before fee",
    "customer_price": ", example",
    "as_published_per_gpu": ", price page",
    "list": ", list",
}
BASIS_WARNINGS = {
    "host_reward_before_network_fee": "before the network's fee",
    "customer_price": "example, not a quote",
    "as_published_per_gpu": "price page",
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


def usd_per_hour(amount: Decimal | None) -> str:
    """Three decimals, as prices per GPU-hour are shown everywhere."""
    if amount is None:
        return UNKNOWN
    return f"${amount.quantize(Decimal('0.001'), ROUND_HALF_UP):,}"


def percent(fraction: float | None) -> str:
    """A whole percentage, rounded down so that no saving looks larger than it is."""
    if fraction is None:
        return UNKNOWN
    return f"{math.floor(fraction * 100 + _ROUNDING_NOISE)} %".replace("-", "−")


def uptime(fraction: float) -> str:
    """Two decimals: 99.51 % is not 100 %."""
    return f"{math.floor(fraction * 10_000 + _ROUNDING_NOISE) / 100:.2f} %"


def saving_range(comparison: Comparison) -> str:
    """The saving after adding the missing CPU and RAM, and before: 62 to 70 %.

    "up to" where CPU and RAM differ by an amount that nobody states.
    """
    least, most = percent(comparison.least), percent(comparison.saving)
    if comparison.is_upper_bound:
        return f"up to {most}"
    return most if least == most else f"{least.removesuffix(' %')} to {most}"


def baseline_name(comparison: Comparison) -> str:
    """Whose price it is; the customer's own contracted rate is called so."""
    name = BASELINE_NAMES[comparison.baseline]
    return f"your {name} contract" if comparison.baseline_kind == "contract" else name


def differences_text(codes: Sequence[str]) -> str:
    return "; ".join(DIFFERENCES[code] for code in codes) or "none that is known"


def age(moment: datetime | None, now: datetime) -> str:
    """How old something is: new, 4 min, 3 h, 56 days."""
    if moment is None:
        return UNKNOWN
    seconds = (now - moment.replace(tzinfo=moment.tzinfo or UTC)).total_seconds()
    if seconds < -_MINUTE:
        return "in the future: check the clock"
    if seconds < _MINUTE:
        return "new"
    size, unit = next(step for step in _STEPS if seconds >= step[0])
    count = int(seconds // size)
    return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago something was: just now, 4 min ago."""
    text = age(moment, now)
    if text == "new":
        return "just now"
    return f"{text} ago" if text[0].isdigit() else text


def span(first: datetime | None, last: datetime | None, zone: tzinfo | None = UTC) -> str:
    """From when to when: one day, or two with "to" between."""
    if first is None or last is None:
        return UNKNOWN
    days = (f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}")
    return moment(last, zone) if days[0] == days[1] else " to ".join(days)


def moment(value: datetime | None, zone: tzinfo | None = UTC) -> str:
    """A moment in the reporting time zone; midnight in UTC means that only the day is known."""
    if value is None:
        return UNKNOWN
    aware = value.replace(tzinfo=value.tzinfo or UTC)
    if (aware.hour, aware.minute) == (0, 0):
        return f"{aware:%Y-%m-%d}"
    return f"{aware.astimezone(zone or UTC):%Y-%m-%d %H:%M %Z}"


def number(value: float | None, unit: str = "") -> str:
    """At most two decimals, no trailing zeros."""
    if value is None:
        return UNKNOWN
    text = f"{round(value, 2) + 0.0:,.2f}".rstrip("0").rstrip(".")
    return f"{text} {unit}".strip()


def literal(text: object) -> str:
    """Text from outside on one line: nothing in it is taken for Markdown."""
    escaped = " ".join(str(text).split())
    for sign in "\\`*_{}[]<>()#+-.!|~$:&=":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped


_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_SPACE, _DELETE, _BASIC_MAX = 0x20, 0x7F, 0xFFFF


def visible(text: str) -> str:
    """Text from outside with every sign that would act on the screen shown as a picture instead."""
    return _ACTING.sub(_picture, text)


def escaped(json: str) -> tuple[str, int]:
    """Return JSON with such signs written as its escapes, and how many there were.

    It says the same to every reader of JSON, and nothing in it acts.
    """
    return _ACTING.subn(_escape, json)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < _SPACE:
        return chr(0x2400 + code)
    return "\u2421" if code == _DELETE else f"[U+{code:04X}]"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= _BASIC_MAX:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
