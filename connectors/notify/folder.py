"""Messages as files in a folder that others keep: a share, a write-once store, a synced folder."""

import contextlib
import errno
import os
import re
import threading
from pathlib import Path

from connectors.notify.base import Message, PersonNeeded, Receipt, TryLater, Undelivered

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What a file system without hard links answers (FAT, some network shares)."""
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EBUSY, errno.ETIMEDOUT}


class Folder:
    """Writes each attachment under its own name, or the text when there is none.

    A file appears whole or not at all and is never changed: the same content again is a success,
    another content under a name that is taken is PersonNeeded. The folder is never made, since a
    share that is not mounted would then fill this machine's disk and prove nothing. A share that
    hangs blocks its caller: no file system offers a time-out.
    """

    name = "folder"

    def __init__(self, path: Path) -> None:
        """Take the folder, which need not be there before something is sent."""
        self._path = path

    def send(self, message: Message) -> Receipt:
        files = {one.name: one.content for one in message.attachments} or _as_text(message)
        for name, content in files.items():
            try:
                _keep(self._path / name, content)
            except OSError as error:
                raise _words(self._path, error) from error
        return Receipt(self.name, str(self._path), ", ".join(files))


def _as_text(message: Message) -> dict[str, bytes]:
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", message.idempotency_key)[:80].lstrip("-.")
    text = f"{message.subject}\n\n{message.text}\n"
    return {f"{readable}-{message.digest[:12]}.txt": text.encode()}


def _keep(final: Path, content: bytes) -> None:
    if os.path.lexists(final):
        _compare(final, content)
    else:
        _write(final, content)
    _sync(final.parent)  # also when it was there: whoever wrote it may have been stopped before


def _write(final: Path, content: bytes) -> None:
    temporary = final.with_name(f".{final.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with temporary.open("wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        _name(temporary, final, content)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _name(temporary: Path, final: Path, content: bytes) -> None:
    """Give a finished file its name unless it is taken: renaming would replace what is there."""
    try:
        os.link(temporary, final)
    except FileExistsError:  # another worker was quicker
        _compare(final, content)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(final):
            _compare(final, content)
        else:
            temporary.rename(final)


def _compare(final: Path, content: bytes) -> None:
    with final.open("rb") as kept:
        if kept.read(len(content) + 1) != content:
            raise PersonNeeded(
                f"{final} is there with another content: it is evidence and was not replaced; "
                "find out which of the two is true, then move it away"
            )


def _sync(folder: Path) -> None:
    """Make a new name survive a power cut (not offered by every platform)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _words(folder: Path, error: OSError) -> Undelivered:
    if error.errno in _PASSING:
        return TryLater(f"the folder {folder} took no file: {error.strerror}")
    if not folder.is_dir():
        return PersonNeeded(f"the folder {folder} is not there: mount or make it, or set another")
    return PersonNeeded(f"the folder {folder} cannot be written: {error.strerror}")
