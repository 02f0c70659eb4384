"""What the records hold to prove an entry with, and where a book stands."""

from sqlalchemy import Connection, select

from data import checkpoints
from data.faults import RecordsDamaged
from data.tables import entries
from data.trail import leaf, nodes, size_of
from data.trail_keys import verifiers
from data.verification import ACTION
from engine.merkle import inclusion_proof
from engine.notes import BadNote, Verifier
from engine.proofs import Kept, Proof, Standing
from engine.trail import TYPE_PREFIX, BadEntry, Event, parse
from engine.verdicts import Verdict, verdict_of


def kept(view: Connection, index: int) -> Kept | None:
    """Return an entry with its proof under the newest checkpoint; None where there is no entry."""
    found = leaf(view, index)
    if found is None:
        return None
    size = size_of(view)
    try:
        keys = verifiers(view)
        signed = checkpoints.newest(view, keys)
        if signed is None or signed.checkpoint.size <= index:
            return Kept(index, size, found.body, found.hash)
        hashes = inclusion_proof(index, signed.checkpoint.size, nodes(view))
    except (BadNote, RecordsDamaged) as fault:
        return Kept(index, size, found.body, found.hash, fault=str(fault))
    proof = Proof(index, signed.checkpoint, signed.note, signed.at, hashes)
    return Kept(index, size, found.body, found.hash, proof, keys)


def standing(view: Connection) -> Standing:
    """Return a book's size, its newest checkpoint and its newest verification."""
    size, verified = size_of(view), _verified(view)
    keys: tuple[Verifier, ...] = ()
    try:
        keys = (*verifiers(view),)
        signed = checkpoints.newest(view, keys)
    except BadNote as fault:
        return Standing(size, fault=str(fault), verified=verified, keys=keys)
    if signed is None:
        return Standing(size, verified=verified, keys=keys)
    return Standing(size, signed.checkpoint, signed.at, verified=verified, keys=keys)


def last_verdict(view: Connection) -> Verdict | None:
    """Return what the newest verification of a book found."""
    verified = _verified(view)
    return verdict_of(verified.data.result) if verified else None


def _verified(view: Connection) -> Event | None:
    """Return the entry of the newest verification; a damaged one is as good as none."""
    asked = select(entries.c.body).where(entries.c.type == TYPE_PREFIX + ACTION)
    body = view.execute(asked.order_by(entries.c.leaf_index.desc()).limit(1)).scalar()
    try:
        return parse(body.encode()) if body else None
    except BadEntry:
        return None
