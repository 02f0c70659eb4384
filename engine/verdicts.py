"""What a verification of a whole book found, as its entry in the trail tells it."""

import base64
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.names import counted

PROBLEMS_TOLD = 20
"""An entry describes so many problems and counts the rest."""
_ENTRY = re.compile(r"\bentry ([0-9]{1,15})\b")
_Count = Annotated[int, Field(ge=0)]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class PartTold(_Told):
    """One part of the check: how long it took and how many problems it found."""

    part: str
    milliseconds: _Count
    problems: _Count


class ProblemTold(_Told):
    """One thing that is not as the trail says: ``place`` names the entry, row or file."""

    place: str
    what: str

    @property
    def entry(self) -> int | None:
        """The entry that it is about, where it names one."""
        found = _ENTRY.search(f"{self.place} {self.what}")
        return int(found[1]) if found else None


class Verdict(_Told):
    """What was checked and found; ``problems`` holds the first of ``problem_count``.

    ``checkpoints`` are those in the book, ``filed`` of them are files too, and so many
    ``checkpoint_files`` were compared; without ``filed`` they are all of these together.
    ``notes`` explain problems and take none away.
    """

    size: _Count
    root: str
    facts: _Count
    checkpoints: _Count
    problems: list[ProblemTold]
    problem_count: _Count
    checkpoint_files: _Count = 0
    filed: _Count | None = None
    parts: list[PartTold] = []
    notes: list[str] = []

    def about(self, entry: int) -> list[ProblemTold]:
        """Return the problems, of those that are told, that name an entry."""
        return [problem for problem in self.problems if problem.entry == entry]

    @property
    def is_clean(self) -> bool:
        return not self.problem_count

    @property
    def checkpoints_told(self) -> str:
        """How many checkpoints were compared, and where they were found."""
        return checkpoints_told(self.checkpoints, self.filed, self.checkpoint_files)

    @property
    def root_told(self) -> str:
        """The root as checkpoints state it, in base64."""
        return base64_of(self.root)


def checkpoints_told(in_book: int, filed: int | None, files: int) -> str:
    """Say how many checkpoints were compared: one in the book and its file are one."""
    if filed is None:
        return f"{counted(in_book, 'signed checkpoint')}, in the book or as files"
    if in_book and in_book == filed == files:
        each = " each" if in_book > 1 else ""
        return f"{counted(in_book, 'signed checkpoint')},{each} in the book and as a file"
    in_files = f"{files} as {'a file' if files == 1 else 'files'}"
    return f"{counted(in_book, 'signed checkpoint')} in the book, {in_files}"


def base64_of(hexadecimal: str) -> str:
    """Return a hash as checkpoints write it; what is no hash stays as it is."""
    try:
        return base64.b64encode(bytes.fromhex(hexadecimal)).decode()
    except ValueError:
        return hexadecimal


def verdict_of(result: object) -> Verdict | None:
    """Read what an entry tells as its result; None when it is no verdict."""
    try:
        return Verdict.model_validate(result)
    except ValidationError:
        return None
