"""The proof of one entry: leaf hash, path to the signed root, and Verify, which shows each step."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import streamlit as st

from components.audit_check import sign_button
from components.text import ago, counted, literal, visible
from engine.proofs import Checked, Kept, Proof, checked
from engine.verdicts import base64_of


def proof_section(
    kept: Kept,
    book: str,
    now: datetime,
    again: Callable[[], Kept | None],
    sign: Callable[[], str | None],
    pack: Callable[[int, int], bytes],
) -> None:
    """Draw what proves an entry; ``again`` reads it anew, ``sign`` makes a checkpoint.

    ``pack`` gives the evidence pack of an entry under the checkpoint of a size.
    """
    st.header("Proof", anchor=False)
    if kept.fault:
        st.error(f"No proof can be given: {literal(kept.fault)}", icon=":material/gpp_bad:")
    elif kept.proof is None:
        st.warning(
            "No checkpoint covers this entry yet, so nobody outside can be shown that it stands "
            "here. A checkpoint signs the book as it is now.",
            icon=":material/gpp_maybe:",
        )
        sign_button("Sign a checkpoint now", "audit_sign_here", sign)
    else:
        _proof(kept, kept.proof, now)
        if st.button(
            "Verify", icon=":material/verified:", type="primary", key=f"check_{kept.index}"
        ):
            _verify(again())
    _downloads(kept, book, pack)


def _proof(kept: Kept, proof: Proof, now: datetime) -> None:
    size, at = proof.checkpoint.size, datetime.fromisoformat(proof.at)
    st.markdown(
        f"Entry **{kept.index:,}** of the first **{size:,}**, under the checkpoint signed "
        f"{ago(at, now)}: its leaf hash and "
        f"{counted(len(proof.hashes), 'sibling hash', 'sibling hashes')} lead to the root."
    )
    st.caption("Leaf hash")
    st.code(kept.hash.hex(), language=None)
    st.caption("Checkpoint, a signed note: origin, size, root, signature")
    st.code(proof.note, language=None, wrap_lines=True)


def _verify(kept: Kept | None) -> None:
    if kept is None or kept.proof is None:
        st.error("The entry or its proof is no longer there: verify the whole book.")
        return
    found = checked(kept, kept.proof)
    for fault in found.faults:
        st.error(f"Not proved: {literal(fault)}.", icon=":material/gpp_bad:")
    if not found.faults:
        signers = "; ".join(literal(text) for text in found.signed_by)
        st.success(
            f"Proved: hashed again from its bytes, the entry leads to the root that the checkpoint "
            f"signs, and the signature is good. Key: {signers}",
            icon=":material/verified:",
        )
    siblings = counted(len(found.steps), "sibling hash", "sibling hashes")
    st.caption(f"Every step: the leaf hash, then one for each of the {siblings}")
    st.code("\n".join(step_lines(kept, found)), language=None)


def step_lines(kept: Kept, found: Checked) -> list[str]:
    """Return every hash that was computed, the last one beside the root that was signed."""
    lines = [
        f"leaf   SHA-256(00, the {len(kept.leaf):,} bytes of the entry)",
        f"     = {found.leaf.hex()}",
    ]
    for level, step in enumerate(found.steps, start=1):
        pair = "sibling, result" if step.side == "left" else "result, sibling"
        lines += [
            f"{level:>4}   SHA-256(01, {pair}), the sibling on the {step.side}:",
            f"       {step.sibling.hex()}",
            f"     = {step.result.hex()}",
        ]
    signed = kept.proof.checkpoint.root if kept.proof else b""
    sign = "✓ equal" if signed == found.root else "✕ not equal"
    told = base64_of(signed.hex())
    lines += [f"root   as signed: {sign}", f"       {signed.hex()}"]
    return [*lines, "       which the checkpoint writes in base64:", f"       {told}"]


def _pack(file: str, make: Callable[[], bytes]) -> None:
    """The pack of one entry, made when it is asked for: that is an entry of its own."""
    if not st.button(
        "Pack of this entry", key="audit_pack_entry", icon=":material/archive:",
        help="A zip file that the verify.py in it checks offline: the entry, its proof, the "
        "checkpoint and the key. Making it is an entry of its own.",
    ):  # fmt: skip
        return
    try:
        content = make()
    except (ValueError, RuntimeError, OSError) as fault:
        st.error(f"No pack was made: {literal(visible(str(fault)))}", icon=":material/error:")
        return
    st.download_button(
        "Download the pack", content, file, "application/zip", on_click="ignore",
        icon=":material/download:", key="audit_download_pack",
    )  # fmt: skip
    st.caption(f"`python3 verify.py {file}` checks it; `--key` takes the public key of this page.")


def _downloads(kept: Kept, book: str, pack: Callable[[int, int], bytes]) -> None:
    name = f"necto-{book}-{kept.index}"
    files = {"Entry": (kept.leaf, f"{name}.leaf.json", "application/json")}
    if proof := kept.proof:
        point = f"necto-{book}-{proof.checkpoint.size}.checkpoint"
        files["Proof"] = (proof.json, f"{name}.proof.json", "application/json")
        files["Checkpoint"] = (proof.note.encode(), point, "text/plain")
    if proof := kept.proof:
        _pack(f"{name}-evidence.zip", partial(pack, kept.index, proof.checkpoint.size))
    with st.container(horizontal=True, gap="small"):
        for label, (content, file, kind) in files.items():
            st.download_button(
                label, content, file, kind, on_click="ignore", icon=":material/download:",
                key=f"audit_download_{label}",
            )  # fmt: skip
