"""Who changed a setting, from what to what, and when: on the page where it is changed."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

import polars as pl
import streamlit as st

from components.text import network_name
from engine.export import inert
from engine.settings_changes import (
    GPUS_OF_INTEREST,
    TIME_ZONE,
    Mark,
    SettingChange,
    source_of,
    value_text,
)

_NAMES = {TIME_ZONE: "Reporting time zone", GPUS_OF_INTEREST: "GPU models of interest"}


def mark_text(mark: Mark | None, zone: tzinfo | None) -> str:
    """Who changed a thing last; nothing when it is as it ships."""
    return f"changed by {mark.by} at {_at(mark.at, zone)}" if mark else ""


def recent_changes(changes: Sequence[SettingChange], zone: tzinfo | None) -> None:
    """The last changes of settings, the newest first."""
    with st.expander("Recent changes", icon=":material/history:"):
        if not changes:
            st.caption("Nobody has changed a setting yet.")
            return
        rows = [
            {
                "When": _at(change.at, zone),
                "Who": inert(change.by),
                "What": setting_name(change.setting),
                "Before": inert(value_text(change.before)),
                "After": inert(value_text(change.after)),
            }
            for change in changes
        ]
        st.dataframe(pl.DataFrame(rows), hide_index=True, alt="Recent changes of settings")


def setting_name(setting: str) -> str:
    """What a setting is called on the page."""
    source = source_of(setting)
    return f"Reading {network_name(source)}" if source else _NAMES.get(setting, setting)


def _at(moment: datetime, zone: tzinfo | None) -> str:
    return f"{moment.astimezone(zone or UTC):%Y-%m-%d %H:%M:%S %Z}"
