"""Proving one entry: its bytes, the hashes up to a signed root, the signature, step by step."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from engine.canonical import Json, canonical
from engine.merkle import InclusionStep, inclusion_steps, leaf_hash
from engine.notes import BadNote, Checkpoint, Verifier, opened, verified
from engine.trail import Event
from engine.verdicts import Verdict, verdict_of


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that an entry stands under a checkpoint; ``at``: when that was signed."""

    index: int
    checkpoint: Checkpoint
    note: str
    at: str
    hashes: Sequence[bytes]

    @property
    def json(self) -> bytes:
        """The proof as an evidence pack keeps it (``proofs/<leaf_index>.json``)."""
        siblings: list[Json] = [base64.b64encode(one).decode() for one in self.hashes]
        told: dict[str, Json] = {
            "leaf_index": self.index,
            "size": self.checkpoint.size,
            "proof": siblings,
        }
        return canonical(told) + b"\n"


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry as a book of ``size`` entries keeps it, with what proves it.

    ``proof`` is None before a checkpoint covers the entry; ``fault`` says why a proof cannot be
    given although there should be one.
    """

    index: int
    size: int
    leaf: bytes
    hash: bytes
    proof: Proof | None = None
    verifiers: Sequence[Verifier] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a book stands: its size, its newest checkpoint, its newest verification.

    ``fault`` says why the newest checkpoint is not believed; ``keys`` are all that have signed, the
    present one last.
    """

    size: int
    checkpoint: Checkpoint | None = None
    at: str | None = None
    fault: str | None = None
    verified: Event | None = None
    keys: Sequence[Verifier] = ()

    @property
    def verdict(self) -> Verdict | None:
        """What the newest verification found."""
        return verdict_of(self.verified.data.result) if self.verified else None


@dataclass(frozen=True, slots=True)
class Checked:
    """What recomputing a proof found; ``faults`` is empty when everything fits."""

    leaf: bytes
    steps: Sequence[InclusionStep]
    root: bytes
    signed_by: Sequence[str]
    faults: Sequence[str]


def checked(kept: Kept, proof: Proof) -> Checked:
    """Recompute every hash from the entry's bytes to the root, and check who signed that root."""
    leaf = leaf_hash(kept.leaf)
    faults: list[str] = []
    if leaf != kept.hash:
        faults.append("the entry's bytes are not those that were hashed when it was written")
    try:
        steps = inclusion_steps(leaf, proof.index, proof.checkpoint.size, proof.hashes)
    except ValueError as error:
        steps = []
        faults.append(str(error))
    root = steps[-1].result if steps else leaf
    if root != proof.checkpoint.root:
        faults.append("the hashes do not lead to the root that the checkpoint states")
    signed_by, fault = _signatures(kept, proof)
    return Checked(leaf, steps, root, signed_by, [*faults, *([fault] if fault else [])])


def _signatures(kept: Kept, proof: Proof) -> tuple[list[str], str | None]:
    """Return whose signatures fit the note, and why it is not this checkpoint where it is not."""
    try:
        if opened(proof.note, kept.verifiers) != proof.checkpoint:
            return [], "the signed note states another checkpoint"
        found = verified(proof.note, kept.verifiers).signatures
    except BadNote as error:
        return [], str(error)
    return [signature.verifier.text for signature in found], None
