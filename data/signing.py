"""Signing a book as it stands, as a click or a command does it."""

from pathlib import Path

from data import checkpoints, trail_keys
from data.faults import RecordsFault
from data.records import Records
from engine.notes import BadNote


def sign(records: Records, home: Path) -> str | None:
    """Sign a checkpoint over everything that is there; returns why that could not be done."""
    try:
        checkpoints.make(records, trail_keys.signer(records, home), home)
    except (RecordsFault, BadNote, OSError) as fault:
        return f"No checkpoint was signed: {fault}"
    return None
