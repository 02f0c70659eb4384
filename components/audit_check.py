"""The check of a whole book: how far it is, and what it proved part by part."""

from collections.abc import Callable

import streamlit as st

from components.audit_address import open_entry
from components.audit_head import entries_of, outcome
from components.audit_pack import pack_button
from components.text import counted, literal, visible
from engine.proofs import Standing
from engine.verdicts import Verdict

POLL_SECONDS = 0.5
_PROVED = {
    "pages": "the database finds its own pages, indexes and references sound",
    "tree": "{entries} hashed again, one after the other, up to the root",
    "entries": "{facts} compared with the entries that vouch for them",
    "ledger": "every posting sums to zero, every hold is within its limits",
    "orders": "events follow each other, usage and holds are what the ledger says",
    "checkpoints": "{checkpoints}, compared with the tree",
    "guards": "the triggers that refuse changes stand",
}
_UNDER_WAY = {
    "pages": ("Reading the database's pages", ""),
    "tree": ("Hashing entries", "entries"),
    "entries": ("Comparing facts with entries", "entries"),
    "ledger": ("Adding up the ledger", "holds"),
    "orders": ("Following orders", "orders"),
    "checkpoints": ("Comparing checkpoints", "checkpoints"),
    "guards": ("Looking at the triggers", ""),
}
"""What each part does, and what it counts where it can tell how far it is."""


def acts(
    verify: Callable[[str], None], key: str, sign: Callable[[], str | None], standing: Standing
) -> bool:
    """Draw what can be done with the whole book; says whether an evidence pack is asked for.

    ``key`` makes a click one act; ``sign`` returns why nothing could be signed.
    """
    is_signed = standing.checkpoint is not None and standing.checkpoint.size == standing.size
    with st.container(horizontal=True, gap="small", horizontal_alignment="right"):
        st.button(
            "Verify the whole book", icon=":material/verified:", type="primary",
            key="audit_verify", on_click=verify, args=(key,),
        )  # fmt: skip
        sign_button(
            "Sign a checkpoint", "audit_sign", sign, disabled=is_signed,
            note="The newest checkpoint covers every entry." if is_signed else
            "Signs the book's size and root as they are now; whoever keeps a copy can tell later "
            "that nothing before it was changed.",
        )  # fmt: skip
        return pack_button()


def sign_button(
    label: str,
    key: str,
    sign: Callable[[], str | None],
    *,
    disabled: bool = False,
    note: str | None = None,
) -> None:
    """Draw a button that signs before anything is drawn again, and say why it could not."""

    def act() -> None:
        st.session_state[f"{key}_fault"] = sign()

    st.button(
        label, icon=":material/signature:", key=key, on_click=act, disabled=disabled, help=note
    )  # fmt: skip
    if fault := st.session_state.pop(f"{key}_fault", None):
        st.error(literal(fault), icon=":material/error:")


def under_way(part: str, done: int, total: int) -> None:
    """Draw which part of a check is under way and how far; it goes on when the person leaves.

    ``total`` is 0 where the part cannot tell how far it is.
    """
    parts = list(_UNDER_WAY)
    place = parts.index(part)
    words, counted = _UNDER_WAY[part]
    share = min(1.0, done / total) if total else 0.0
    box = st.status("Verifying the whole book. You may leave: the result will be here.")
    box.progress(
        (place + share) / len(parts),
        f"Part {place + 1} of {len(parts)}: {words}"
        + (f", {done:,} of {total:,} {counted}" if total else ""),
    )
    if place:
        box.caption(f"Done: {', '.join(parts[:place])}")
    box.update(expanded=True)


def result(kept: Verdict | None, own: Verdict | None, fault: str | None, *, expanded: bool) -> None:
    """Draw what the newest check found: the one that the trail keeps, or one that it could not.

    ``own`` was found by this process; ``fault`` says why it, or keeping it, did not work.
    """
    if fault and own:
        st.warning(f"The result could not be kept in the trail: {literal(fault)}")
    elif fault:
        st.error(f"The book could not be verified: {literal(fault)}", icon=":material/error:")
    verdict = own if fault and own else kept
    if verdict:
        verdict_panel(verdict, open_entry, expanded=expanded)


def verdict_panel(verdict: Verdict, on_open: Callable[[int], None], *, expanded: bool) -> None:
    """Draw what was proved part by part, and each problem with its place.

    ``on_open`` opens an entry that a problem names.
    """
    seconds = sum(part.milliseconds for part in verdict.parts) / 1000
    label = f"{outcome(verdict)} in {entries_of(verdict.size)}, checked in {seconds:.1f} s"
    if not verdict.is_clean:
        _problems(verdict, label, on_open)
        label = "The verification part by part"
    else:
        label = f"Verified: {label}"
    with st.status(label, state="complete" if verdict.is_clean else "error", expanded=expanded):
        st.code("\n".join(_lines(verdict)), language=None, wrap_lines=True)
    for note in verdict.notes:
        st.info(literal(visible(note)), icon=":material/history:")


def _problems(verdict: Verdict, label: str, on_open: Callable[[int], None]) -> None:
    """The red panel: what differs, and where; an entry that is named is a click away."""
    st.error(
        f"**Verification failed: {label}.** This book is not what was recorded: keep it as it is, "
        "and compare it with a backup and with a checkpoint that you keep elsewhere.",
        icon=":material/gpp_bad:",
    )
    for number, problem in enumerate(verdict.problems):
        place, what = (literal(visible(text)[:300]) for text in (problem.place, problem.what))
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if problem.entry is not None:
                st.button(
                    f"Open entry {problem.entry}", key=f"audit_problem_{number}", type="tertiary",
                    icon=":material/arrow_forward:", on_click=on_open, args=(problem.entry,),
                )  # fmt: skip
            st.markdown(f":red[:material/error: **{place}** {what}]")
    if verdict.problem_count > len(verdict.problems):
        st.caption(
            f"The first {len(verdict.problems)} of {verdict.problem_count:,}: "
            "`necto audit verify` tells them all."
        )


def _lines(verdict: Verdict) -> list[str]:
    counts = {
        "entries": entries_of(verdict.size),
        "facts": counted(verdict.facts, "fact"),
        "checkpoints": verdict.checkpoints_told,
    }
    lines = []
    for part in verdict.parts:
        proved = _PROVED.get(part.part, part.part).format(**counts)
        said = proved if not part.problems else f"{counted(part.problems, 'problem')}, told above"
        sign = "✓" if not part.problems else "✕"
        lines.append(f"{sign} {part.part:<12}{part.milliseconds / 1000:>7.2f} s  {said}")
    return [*lines, f"  root        {verdict.root_told}"]
