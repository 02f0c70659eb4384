"""Which time the Audit page shows: the last hours or days, all of it, or days by their dates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import streamlit as st

ALL, DATES = "all", "dates"
PRESETS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_LABELS = {"1h": "1 h", "24h": "24 h", "7d": "7 d", "30d": "30 d", ALL: "All", DATES: "Dates"}


@dataclass(frozen=True, slots=True)
class Times:
    """A preset, or days of the reporting time zone, both included; None: without a bound."""

    preset: str = ALL
    first: date | None = None
    last: date | None = None

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return from when until before when, seen from ``now``, whose zone has the days."""
        if self.preset in PRESETS:
            return now - PRESETS[self.preset], None
        start = datetime.combine(self.first, time(), now.tzinfo) if self.first else None
        after = self.last + timedelta(days=1) if self.last and self.last < date.max else None
        return start, datetime.combine(after, time(), now.tzinfo) if after else None


def times_of(preset: str, first: str, last: str, faults: list[str]) -> Times:
    """Read what an address asks for; what cannot be shown is added to the faults."""
    if preset and preset not in _LABELS:
        known = ", ".join(_LABELS)
        faults.append(f"time={preset:.40} is none of {known}: all times are shown.")
        return Times()
    days = [_day(text, faults) for text in (first, last)]
    if preset in PRESETS or not any((preset == DATES, *days)):
        return Times(preset or ALL)
    if days[0] and days[1] and days[0] > days[1]:
        faults.append(f"{days[0]} comes after {days[1]}: all times are shown.")
        return Times()
    return Times(DATES, *days)


def _day(text: str, faults: list[str]) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        faults.append(f"{text:.40} is no day: write 2026-11-24.")
        return None


def time_choice(
    times: Times, now: datetime, revision: str, on_change: Callable[[Times], None]
) -> None:
    """Draw the choice; ``on_change`` is called with what a person chooses."""
    preset_key, days_key = f"audit_preset {revision}", f"audit_days {revision}"

    def chosen() -> None:
        preset = st.session_state[preset_key]
        on_change(Times(preset, now.date(), now.date()) if preset == DATES else Times(preset))

    def dated() -> None:
        days = st.session_state[days_key]
        if len(days) == 2:  # noqa: PLR2004 - the second day is still to be chosen
            on_change(Times(DATES, *days))

    st.radio(
        "Time", list(_LABELS), list(_LABELS).index(times.preset), _LABELS.__getitem__,
        key=preset_key, on_change=chosen, horizontal=True, label_visibility="collapsed",
    )  # fmt: skip
    if times.preset == DATES:
        one, other = times.first or times.last, times.last or times.first
        days: list[date | datetime | str | None] = [one, other] if one and other else []
        st.date_input(
            "Days, both included", days, key=days_key, on_change=dated, format="YYYY-MM-DD",
            label_visibility="collapsed", width=240,
        )  # fmt: skip
