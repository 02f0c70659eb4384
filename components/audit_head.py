"""Where a book stands, in one line: its size, its newest checkpoint, who verified it and when."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from components.text import ago, counted, literal, moment, visible
from engine.proofs import Standing
from engine.verdicts import Verdict

_NEVER = "Nobody has verified this book yet: press Verify the whole book."
_UNSIGNED = "A checkpoint is the book's size and root under a signature: sign one to prove entries."


def head_line(standing: Standing, now: datetime) -> None:
    """N entries, last checkpoint, verified when and by whom: with a word and a sign each."""
    st.badge(entries_of(standing.size), icon=":material/format_list_numbered:", color="blue")
    _checkpoint(standing, now)
    _verified(standing, now)
    if standing.keys:
        _keys([key.text for key in standing.keys])


def _keys(texts: Sequence[str]) -> None:
    """What checks a checkpoint and a pack: whoever got the key earlier compares it by eye."""
    with st.popover("Public key", icon=":material/key:"):
        st.caption(
            "The public key that signs this book's checkpoints. Keep a copy elsewhere: packs are "
            "checked with it (`verify.py --key`)."
        )
        st.code(texts[-1], language=None, wrap_lines=True)
        if older := texts[-2::-1]:
            st.caption("The keys before it, which handed over one to the next:")
            st.code("\n".join(older), language=None, wrap_lines=True)


def entries_of(number: int) -> str:
    return counted(number, "entry", "entries")


def _checkpoint(standing: Standing, now: datetime) -> None:
    if standing.fault:
        st.badge(
            "The last checkpoint is not to be believed", icon=":material/gpp_bad:", color="red",
            help=literal(standing.fault),
        )  # fmt: skip
        return
    if standing.checkpoint is None or standing.at is None:
        st.badge("No checkpoint yet", icon=":material/gpp_maybe:", color="yellow", help=_UNSIGNED)
        return
    at, size = datetime.fromisoformat(standing.at), standing.checkpoint.size
    after = standing.size - size
    if after < 0:
        text, icon, color = f"covers {entries_of(size)}: some were cut off", "gpp_bad", "red"
    elif after:
        text, icon, color = f"{entries_of(after)} came after it", "gpp_maybe", "yellow"
    else:
        text, icon, color = "covers all of them", "verified_user", "green"
    st.badge(
        f"Checkpoint at {size:,}, signed {ago(at, now)}: {text}",
        icon=f":material/{icon}:",
        color=color,  # type: ignore[arg-type]
        help=literal(f"Signed {moment(at, now.tzinfo)} by {standing.checkpoint.origin}."),
    )


def _verified(standing: Standing, now: datetime) -> None:
    event, verdict = standing.verified, standing.verdict
    if event is None or verdict is None:
        st.badge("Not verified yet", icon=":material/help:", color="gray", help=_NEVER)
        return
    at, who = datetime.fromisoformat(event.time), literal(visible(event.data.actor.id)[:60])
    st.badge(
        f"Verified {ago(at, now)} by {who}: {outcome(verdict)}",
        icon=f":material/{'check_circle' if verdict.is_clean else 'error'}:",
        color="green" if verdict.is_clean else "red",
        help=f"Up to entry {verdict.size - 1:,}, {literal(moment(at, now.tzinfo))}. "
        f"Entry {event.id} of this trail keeps the result.",
    )


def outcome(verdict: Verdict) -> str:
    """The result in words."""
    if verdict.is_clean:
        return "nothing differs"
    return counted(verdict.problem_count, "problem")
