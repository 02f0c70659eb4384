"""Rate cards as they were imported, byte for byte, by the digest of their content."""

import hashlib
from pathlib import Path

from data.files import publish, temporary_of
from data.market import Lake
from engine.rate_cards import CardRecord


def original(lake: Lake, record: CardRecord) -> bytes:
    """Return the file as it was imported, byte for byte.

    Raises LookupError when it is not there or has changed since.
    """
    path = path_of(lake, record.original_sha256)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise LookupError(f"the file {record.filename} is no longer in {path.parent}") from None
    if hashlib.sha256(content).hexdigest() != record.original_sha256:
        raise LookupError(f"the file {path} is no longer what was imported")
    return content


def keep_original(lake: Lake, digest: str, content: bytes) -> None:
    """Publish the file as it came, unless it is there."""
    path = path_of(lake, digest)
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_of(path)
    temporary.write_bytes(content)
    publish(temporary, path)


def path_of(lake: Lake, digest: str) -> Path:
    return lake.root / "cards" / "originals" / digest
