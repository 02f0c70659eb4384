"""What the Audit page says when there is little to show, and what an address asked in vain."""

from collections.abc import Callable, Sequence

import streamlit as st

from components.audit_address import BOOK_KEY, BOOKS
from components.text import literal, visible

_NAMES = {"house": "House", "sandbox": "Sandbox"}
_BEGINS = {
    "house": "it begins with the first start of Necto",
    "sandbox": "it begins with the first act with play money",
}
_NEXT = {
    "house": "change a setting or import a rate card, and it stands above it, for ever.",
    "sandbox": "whatever is done with play money stands above it, for ever.",
}


def book_choice(book: str, on_change: Callable[[str], None]) -> None:
    """Draw the choice of the book; ``on_change`` is called with another one."""
    if st.session_state.get(BOOK_KEY) != book:  # the address leads
        st.session_state[BOOK_KEY] = book
    st.radio(
        "Book", BOOKS, format_func=_NAMES.__getitem__, key=BOOK_KEY, horizontal=True,
        on_change=lambda: on_change(st.session_state[BOOK_KEY]), label_visibility="collapsed",
    )  # fmt: skip


def left_out(faults: Sequence[str]) -> None:
    """What the address asked that cannot be shown."""
    if faults:
        lines = "  \n".join(literal(visible(fault)) for fault in faults)
        st.warning(lines, icon=":material/link_off:")


def in_doubt(told: str | None) -> None:
    """What the worker found when it compared the book with what was signed of it, if anything."""
    if told:
        st.error(
            f"This book is not what was signed of it: {literal(visible(told))}. Verify the whole "
            "book, and compare it with a backup.",
            icon=":material/gpp_bad:",
        )


def no_entry(index: int, size: int, book: str) -> None:
    if index < size:
        st.error(
            f"Entry {index:,} is missing from the {book} book: it was taken out. Verify the whole "
            "book, and compare it with a backup.",
            icon=":material/error:",
        )
    else:
        st.warning(
            f"There is no entry {index:,} in the {book} book: its newest is {size - 1:,}.",
            icon=":material/link_off:",
        )


def only_the_opening(book: str) -> None:
    st.info(
        f"Only the opening of the {book} book is here yet: {_NEXT[book]}",
        icon=":material/hourglass_top:",
    )


def not_begun(book: str) -> None:
    st.info(
        f"The {book} book is not begun yet: {_BEGINS[book]}. Looking at it writes nothing.",
        icon=":material/hourglass_top:",
    )


def unreadable(fault: str) -> None:
    st.error(f"The records cannot be read: {literal(fault)}", icon=":material/error:")
