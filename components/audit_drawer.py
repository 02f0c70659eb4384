"""One entry of the trail in the slide-over: in words, its exact bytes, and what proves it."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from components import audit_address
from components.audit_entry import entry_in_words, raw_entry
from components.audit_proof import proof_section
from engine.proofs import Kept


def audit_drawer(
    book: str, now: datetime, look: Callable[[int], Kept | None], sign: Callable[[], str | None]
) -> None:
    """Open the slide-over on the entry that the address names.

    ``look`` reads an entry, ``sign`` signs a checkpoint, or returns why it did not.
    """

    @st.dialog(
        f"Entry in the {book} trail",
        width="medium",
        position="right",
        on_dismiss=audit_address.close_entry,
    )
    def drawer() -> None:
        index = audit_address.opened()
        kept = None if index is None else look(index)
        if index is None or kept is None:
            st.error("This entry is not there any more: verify the whole book.")
            return
        _turner(kept)
        entry_in_words(kept.leaf, now)
        proof_section(kept, book, now, lambda: look(index), sign)
        st.header("Raw entry, exactly as it is hashed", anchor=False)
        raw_entry(kept.leaf)

    drawer()


def _turner(kept: Kept) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        turn, last = audit_address.open_entry, kept.size - 1
        st.button(
            "Previous", on_click=turn, args=(kept.index - 1,), disabled=kept.index == 0,
            icon=":material/chevron_left:", key="audit_previous",
        )  # fmt: skip
        st.button(
            "Next", on_click=turn, args=(kept.index + 1,), disabled=kept.index >= last,
            icon=":material/chevron_right:", icon_position="right", key="audit_next",
        )  # fmt: skip
        st.markdown(f"Entry **{kept.index:,}**, of 0 to {last:,}")
