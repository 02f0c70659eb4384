"""The export of an evidence pack: what it shall hold, how far it is, and the file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias

import streamlit as st

from components.audit_time import DATES, PRESETS, Times
from components.text import counted, literal, moment, visible

_WISHED = "audit_pack_wished"
FIRST = "The first that covers them"
ALL_TIMES = Times()
Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pack shall hold: entries recorded from ``start`` until before ``end``, None: no bound.

    ``subject``: only the entries about it. ``checkpoint``: the size of the one that proves them;
    None: the first that covers them.
    """

    start: datetime | None = None
    end: datetime | None = None
    subject: str | None = None
    checkpoint: int | None = None


class Made(Protocol):
    """A pack that was made and lies outside the memory until somebody downloads it."""

    @property
    def size(self) -> int: ...

    @property
    def entries(self) -> int: ...

    @property
    def checkpoint(self) -> int: ...

    @property
    def key(self) -> str: ...

    def content(self) -> bytes: ...


Make: TypeAlias = Callable[[Wanted, Progress], Made]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows when the dialog opens: the pack is about the same, unless changed.

    ``others``: the columns that it is filtered by besides, which no pack can be chosen by.
    """

    times: Times = ALL_TIMES
    subject: str = ""
    others: Sequence[str] = ()

    def days(self, now: datetime) -> list[date | datetime | str | None]:
        """The days that the times are within; none for all times."""
        if self.times.preset in PRESETS:
            return [(now - PRESETS[self.times.preset]).date(), now.date()]
        first, last = self.times.first or self.times.last, self.times.last or self.times.first
        return [first, last] if first and last else []


def pack_dialog(
    book: str, checkpoints: Sequence[tuple[int, str]], shown: Shown, now: datetime, make: Make
) -> None:
    """Open the dialog; ``make`` returns a pack and tells its progress.

    ``checkpoints``: the size and the time (text, UTC) of those that there are. What ``make`` raises
    as ValueError, RuntimeError or OSError is told in its words.
    """

    @st.dialog(f"Export evidence from the {book} book", width="medium", on_dismiss=_dismissed)
    def dialog() -> None:
        st.markdown(
            "A zip file that an auditor checks offline: entries, their proofs, the signed "
            "checkpoint, and a program that verifies them. Where no checkpoint covers them yet, "
            "**this signs a checkpoint**; exporting is an entry of its own."
        )
        wanted = _wanted(checkpoints, shown, now)
        if st.button("Make the pack", type="primary", icon=":material/archive:", key="pack_make"):
            _hand_over(book, wanted, make)

    dialog()


def pack_button() -> bool:
    """Draw the button that opens the dialog; says whether it is open."""

    def open_dialog() -> None:
        st.session_state[_WISHED] = True

    st.button(
        "Export", icon=":material/archive:", key="audit_export", on_click=open_dialog,
        help="An evidence pack, which an auditor checks offline.",
    )  # fmt: skip
    return _WISHED in st.session_state


def _dismissed() -> None:
    st.session_state.pop(_WISHED, None)


def _wanted(checkpoints: Sequence[tuple[int, str]], shown: Shown, now: datetime) -> Wanted:
    days = st.date_input(
        "Days, both included (none chosen: the whole book)", shown.days(now), key="pack_days",
        format="YYYY-MM-DD",
    )  # fmt: skip
    subject = st.text_input(
        "Only about this subject (optional)", shown.subject, key="pack_subject", max_chars=300,
        placeholder="rate-card/aethir",
        help="Also what begins with it and a slash. Such a pack cannot prove that nothing else is "
        "about the subject; it says so.",
    )  # fmt: skip
    if shown.others:
        names = ", ".join(shown.others)
        st.caption(f"The page is filtered by {names} too: a pack cannot be, it holds all results.")
    sizes = {FIRST: None} | {
        f"At {_entries(size)}, signed {moment(datetime.fromisoformat(at), now.tzinfo)}": size
        for size, at in checkpoints
    }
    point = st.selectbox("Checkpoint", list(sizes), key="pack_checkpoint")
    start, end = Times(DATES, days[0], days[-1]).bounds(now) if days else (None, None)
    return Wanted(start, end, subject.strip() or None, sizes[point])


def _hand_over(book: str, wanted: Wanted, make: Make) -> None:
    bar = st.progress(0.0, "Reading the book")

    def progress(done: int, total: int) -> None:
        bar.progress(min(1.0, done / total) if total else 0.0, f"{done:,} of {total:,} entries")

    try:
        pack = make(wanted, progress)
    except (ValueError, RuntimeError, OSError) as fault:
        bar.empty()
        st.error(f"No pack was made: {literal(visible(str(fault)))}", icon=":material/error:")
        return
    bar.progress(1.0, f"The pack is made: {pack.size:,} bytes")
    st.success(
        f"It holds {_entries(pack.entries)} under the checkpoint at {_entries(pack.checkpoint)}.",
        icon=":material/verified_user:",
    )
    # A callable: its bytes are read when they are asked for, and not held for nothing until then.
    st.download_button(
        "Download the pack", pack.content, f"necto-{book}-evidence.zip", "application/zip",
        on_click="ignore", icon=":material/download:", key="pack_download",
    )  # fmt: skip
    st.caption(
        "The public key that signed it. Give it to the auditor another way than the pack, so that "
        "the two can be compared:"
    )
    st.code(pack.key, language=None, wrap_lines=True)
    st.caption("What the auditor runs, with the verify.py of the pack or one got elsewhere:")
    st.code(
        f"python3 verify.py necto-{book}-evidence.zip --key {pack.key}", language="bash",
        wrap_lines=True,
    )  # fmt: skip


def _entries(number: int) -> str:
    return counted(number, "entry", "entries")
