"""Exports that did not leave: why, shown by the frame, as a download's button only says that."""

import time
from dataclasses import dataclass, field

import streamlit as st

_KEY, _SHOWN_SECONDS = "refused_exports", 60.0


@dataclass(frozen=True, slots=True)
class Refused:
    """An export that did not leave, in words, and when."""

    words: str
    at_seconds: float = field(default_factory=time.monotonic)


def refused_exports() -> list[Refused]:
    """The visitor's own list, for who makes a file outside a script run to write to."""
    found: list[Refused] = st.session_state.setdefault(_KEY, [])
    return found


def show_refused_export() -> None:
    """Show for a minute why an export did not leave."""
    for refused in refused_exports():
        if time.monotonic() - refused.at_seconds < _SHOWN_SECONDS:
            st.error(refused.words, icon=":material/error:")
