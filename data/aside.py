"""Files that could not be used: moved to ``set-aside/``, each with the reason beside it."""

import logging
import shutil
from pathlib import Path

from data.files import write_text

log = logging.getLogger(__name__)

_REASON = ".reason"


def move(root: Path, path: Path, reason: str) -> None:
    """Move a file of the lake out of the way; what cannot be moved stays and is logged."""
    target = root / "set-aside" / "__".join(path.relative_to(root).parts)
    try:
        write_text(target.with_name(f"{target.name}{_REASON}"), reason)
        path.replace(target)
    except FileNotFoundError:
        return  # another process was faster
    except OSError:
        log.exception("%s is unusable (%s) and could not be moved", path, reason)


def keep_copy(root: Path, path: Path, reason: str) -> None:
    """Keep a copy of a file that is about to be mended, with the reason beside it."""
    target = root / "set-aside" / "__".join(path.relative_to(root).parts)
    shutil.copy2(path, target)
    write_text(target.with_name(f"{target.name}{_REASON}"), reason)


def listed(root: Path) -> dict[str, str]:
    """Return the files set aside, by name, with the reason."""
    found = sorted((root / "set-aside").glob(f"*{_REASON}"))
    return {path.name.removesuffix(_REASON): path.read_text(encoding="utf-8") for path in found}
