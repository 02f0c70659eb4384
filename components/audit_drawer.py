"""One entry of the trail in the slide-over: in words, its exact bytes, and what proves it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from components import audit_address
from components.audit_entry import entry_in_words, raw_entry
from components.audit_proof import proof_section
from components.text import literal, visible
from engine.proofs import Kept
from engine.verdicts import Verdict

_SIGNED = "audit_signed_here"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDesk:
    """What can be done with entries of one book.

    ``look`` reads one, ``around`` gives those before and after it of those shown, ``sign`` signs a
    checkpoint or returns why it did not, ``pack`` gives the evidence pack of an entry under the
    checkpoint of a size. ``verdict``: what the newest verification found.
    """

    look: Callable[[int], Kept | None]
    around: Callable[[int], tuple[int | None, int | None]]
    sign: Callable[[], str | None]
    pack: Callable[[int, int], bytes]
    verdict: Verdict | None = None


def audit_drawer(book: str, now: datetime, desk: EntryDesk) -> None:
    """Open the slide-over on the entry that the address names."""

    def sign() -> str | None:
        fault = desk.sign()
        st.session_state[_SIGNED] = fault is None
        return fault

    @st.dialog(
        f"Entry in the {book} trail",
        width="medium",
        position="right",
        on_dismiss=audit_address.close_entry,
    )
    def drawer() -> None:
        if st.session_state.pop(_SIGNED, False):
            st.rerun()  # the page behind tells how far the newest checkpoint covers the book
        index = audit_address.opened()
        kept = None if index is None else desk.look(index)
        if index is None or kept is None:
            st.error("This entry is not there any more: verify the whole book.")
            return
        _turner(kept, *desk.around(index))
        _warning(index, desk.verdict)
        entry_in_words(kept.leaf, now)
        proof_section(kept, book, now, lambda: desk.look(index), sign, desk.pack)
        st.header("Raw entry, exactly as it is hashed", anchor=False)
        raw_entry(kept.leaf)

    drawer()


def _warning(index: int, verdict: Verdict | None) -> None:
    for problem in verdict.about(index) if verdict else ():
        place, what = (literal(visible(text)[:300]) for text in (problem.place, problem.what))
        st.error(
            f"The last verification found a problem here: **{place}** {what}",
            icon=":material/gpp_bad:",
        )


def _turner(kept: Kept, before: int | None, after: int | None) -> None:
    """The buttons to the entries beside this one, of those that the page's filters show."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        turn = audit_address.open_entry
        st.button(
            "Previous", on_click=turn, args=(before,), disabled=before is None,
            icon=":material/chevron_left:", key="audit_previous",
        )  # fmt: skip
        st.button(
            "Next", on_click=turn, args=(after,), disabled=after is None,
            icon=":material/chevron_right:", icon_position="right", key="audit_next",
        )  # fmt: skip
        st.markdown(f"Entry **{kept.index:,}**, of 0 to {kept.size - 1:,}")
