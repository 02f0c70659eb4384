"""Files that other processes read while we write: they see the old one or the new one, whole."""

import contextlib
import hashlib
import os
import threading
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"


def temporary_of(path: Path) -> Path:
    """Return the name under which this process writes a file before it is published."""
    return path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")


def publish(temporary: Path, final: Path) -> None:
    """Make a finished temporary file durable and give it its name in one step."""
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(final)
    sync_folder(final.parent)


def write_text(path: Path, text: str) -> None:
    """Replace a small file's content, durably and in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(
        f"{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY_SUFFIX}"
    )
    temporary.write_text(text, encoding="utf-8")
    publish(temporary, path)


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut (not offered by every platform)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sha256_of(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
