"""What a verification of a whole book found, as its entry in the trail tells it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PROBLEMS_TOLD = 20
"""An entry describes so many problems and counts the rest."""
_Count = Annotated[int, Field(ge=0)]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class PartTold(_Told):
    """One part of the check: how long it took and how many problems it found."""

    part: str
    milliseconds: _Count
    problems: _Count


class ProblemTold(_Told):
    place: str
    what: str


class Verdict(_Told):
    """What was checked and found; ``problems`` holds the first of ``problem_count``.

    ``notes`` explain problems and take none away.
    """

    size: _Count
    root: str
    facts: _Count
    checkpoints: _Count
    problems: list[ProblemTold]
    problem_count: _Count
    parts: list[PartTold] = []
    notes: list[str] = []

    @property
    def is_clean(self) -> bool:
        return not self.problem_count


def verdict_of(result: object) -> Verdict | None:
    """Read what an entry tells as its result; None when it is no verdict."""
    try:
        return Verdict.model_validate(result)
    except ValidationError:
        return None
