"""Orders in the screen's words: a state with its icon and colour, health, money, runway."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from components.text import UNKNOWN, literal
from engine.attention import Headed, health, runway_hours
from engine.order_story import STATE_WORDS, Tone
from engine.orders import State

STATE_SIGNS: Mapping[State, tuple[str, str]] = {
    "waiting": (":material/hourglass_top:", "orange"),
    "placed": (":material/schedule_send:", "blue"),
    "buying": (":material/shopping_cart:", "blue"),
    "active": (":material/play_circle:", "green"),
    "closing": (":material/hourglass_bottom:", "orange"),
    "closed": (":material/check_circle:", "gray"),
    "declined": (":material/block:", "red"),
    "cancelled": (":material/cancel:", "gray"),
    "expired": (":material/timer_off:", "red"),
}
SIGNS: Mapping[State, str] = {
    "waiting": "◌", "placed": "◔", "buying": "◑", "active": "▶", "closing": "◕",
    "closed": "✓", "declined": "✕", "cancelled": "–", "expired": "✕",
}  # fmt: skip
"""Before a state's word in a table, which has no icons."""
TONES: Mapping[Tone, str] = {
    "done": ":green[:material/check_circle:]",
    "doing": ":blue[:material/pending:]",
    "waits": ":orange[:material/hourglass_top:]",
    "warns": ":orange[:material/warning:]",
    "failed": ":red[:material/block:]",
    "ended": ":gray[:material/stop_circle:]",
}
HEALTH: Mapping[str, tuple[str, str]] = {
    "serving": ("serves", "green"),
    "starting": ("starts", "blue"),
    "degraded": ("in part", "orange"),
    "silent": ("silent", "red"),
    "unknown": (UNKNOWN, "gray"),
}


class Listed(Headed, Protocol):
    """An order as the lists of the records show it."""

    @property
    def network(self) -> str: ...
    @property
    def cost_centre(self) -> str: ...
    @property
    def placed_at(self) -> datetime: ...
    @property
    def cents(self) -> int: ...
    @property
    def hold_cents(self) -> int: ...
    @property
    def provider_id(self) -> str | None: ...
    @property
    def handle(self) -> str | None: ...


def state_text(state: State) -> str:
    return f"{SIGNS[state]} {STATE_WORDS[state]}"


def health_word(observed: Mapping[str, Any] | None) -> str:
    return HEALTH.get(health(observed), HEALTH["unknown"])[0]


def runway_text(observed: Mapping[str, Any] | None) -> str:
    hours = runway_hours(observed)
    return UNKNOWN if hours is None else f"{hours:.1f} h"


def dollars_float(cents: int) -> float:
    """Cents as a table's number; exact to the cent up to 90 trillion dollars."""
    return float(Decimal(cents).scaleb(-2))


def shown(text: object) -> str:
    """Text of a network or a person, inert."""
    return literal(text)
