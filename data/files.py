"""Files that other processes read while we write: they see the old one or the new one, whole."""

import contextlib
import hashlib
import os
import threading
import uuid
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
    publish_bytes(path, text.encode("utf-8"))


def publish_bytes(path: Path, content: bytes) -> None:
    """Replace a small file's content, durably and in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(
        f"{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY_SUFFIX}"
    )
    temporary.write_bytes(content)
    publish(temporary, path)


def write_once(path: Path, text: str) -> bool:
    """Write a small file that nobody else may read, durably and whole; an existing one is kept.

    Returns whether it was written: of several processes that try, one does.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{uuid.uuid4()}{TEMPORARY_SUFFIX}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


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
