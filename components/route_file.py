"""A requirement as a file: pasted or uploaded into the form, and taken away from it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from components.route_fields import values_of
from components.route_form import fault_words, fill_form
from engine.requirement import Requirement
from engine.told_faults import BadFile, Fault
from engine.told_files import decoded

HandOut = Callable[[Callable[[], str | bytes], str], Callable[[], bytes]]
"""Makes a download of what makes a file and its name; whoever takes it is entered."""
Read = Callable[[str, str], tuple[Requirement, Sequence[Fault]]]
"""Reads a file's text and name; raises BadFile with everything that is wrong with it."""
_WISHED, _FAULTS, _DONE, _TEXT, _FILE = (
    f"route_file_{name}" for name in ("wished", "faults", "done", "text", "upload")
)
_NAME = "pasted text"


def file_button() -> None:
    """Draw the button that opens the dialog."""

    def wish() -> None:
        st.session_state[_WISHED] = True

    st.button(
        "From a file", icon=":material/upload_file:", key="route_file", on_click=wish,
        width="stretch", help="Paste or upload a requirement file (YAML or JSON).",
    )  # fmt: skip


def file_dialog(read: Read, examples: Mapping[str, str]) -> None:
    """Open the dialog if it was asked for; what it reads goes into the form."""
    if _WISHED not in st.session_state:
        return

    @st.dialog("A requirement from a file", width="large", on_dismiss=_dismissed)
    def dialog() -> None:
        if st.session_state.pop(_DONE, False):
            _dismissed()
            st.rerun()
        st.caption("YAML 1.2 or JSON; docs/requirement.md explains every field.")
        uploaded = st.file_uploader(
            "Upload", type=["yaml", "yml", "json"], key=_FILE, max_upload_size=1
        )
        _examples(examples)
        st.text_area(
            "or paste", key=_TEXT, height=260,
            placeholder="gpus: {models: [H100], count: 8}\nduration_hours: 72",
        )  # fmt: skip
        st.button(
            "Put it into the form", type="primary", key="route_file_use",
            on_click=_take, args=(read, uploaded),
        )  # fmt: skip
        _shown_faults(st.session_state.get(_FAULTS, ()))

    dialog()


def downloads(text: str, json: str, name: str, hand_out: HandOut) -> None:
    """The form as a file to take away."""
    kinds = {"YAML": (text, "yaml"), "JSON": (json, "json")}
    for place, (label, (content, ending)) in zip(st.columns(2), kinds.items(), strict=True):
        file = f"{name}.{ending}"
        place.download_button(
            label, hand_out(partial(str, content), file), file, f"application/{ending}",
            on_click="ignore", width="stretch", key=f"route_requirement_{ending}",
            help=f"The requirement as {label}, as necto route reads it.",
        )  # fmt: skip


def _examples(examples: Mapping[str, str]) -> None:
    def put(name: str) -> None:
        st.session_state[_TEXT] = examples[name]
        st.session_state.pop(_FAULTS, None)

    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption("Examples")
        for name in examples:
            st.button(name, key=f"route_example_{name}", on_click=put, args=(name,))


def _take(read: Read, uploaded: Any) -> None:  # noqa: ANN401 - Streamlit's uploaded file
    """Read what was given and fill the form, or keep every fault to be shown."""
    name = uploaded.name if uploaded else _NAME
    try:
        text = decoded(uploaded.getvalue(), name) if uploaded else st.session_state[_TEXT]
        requirement, _warnings = read(text, name)
    except BadFile as bad:
        st.session_state[_FAULTS] = bad.faults
        return
    st.session_state.pop(_FAULTS, None)
    fill_form(values_of(requirement))
    st.session_state[_DONE] = True


def _shown_faults(faults: Sequence[Fault]) -> None:
    if not faults:
        return
    count = "One fault" if len(faults) == 1 else f"{len(faults)} faults"
    lines = [f"- {fault_words(fault, line=True)}" for fault in faults]
    st.error("\n".join([f"{count}; the form is as it was:", *lines]), icon=":material/error:")


def _dismissed() -> None:
    for key in (_WISHED, _FAULTS, _DONE):
        st.session_state.pop(key, None)
