"""What commands that write to the book of the mode share: the book, the key, reasons in words."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from connectors.jobs.terminal import fail, settings
from engine.terminal import line_text

if TYPE_CHECKING:
    from data.records import Records

T = TypeVar("T")
Key = Annotated[str, typer.Option(help="The same key again is the same click, done once.")]
Why = Annotated[str, typer.Option(help="The reason, which others will read.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def done(act: Callable[[], T], *also: type[Exception]) -> T:
    """Do it, or end with 2 and the reason; ``also``: errors that are reasons here too."""
    from data.decisions import NotKept
    from data.faults import RecordsFault
    from engine.commands import BadCommand, Refused

    reasons: tuple[type[Exception], ...] = (Refused, NotKept, RecordsFault, BadCommand, OSError)
    try:
        return act()
    except (*reasons, *also) as reason:
        fail(line_text(str(reason)))


def mode_book() -> "Records":
    """Return the book of the mode."""
    from data.books import open_book

    return done(lambda: open_book(settings(), settings().mode))


def mode_name() -> str:
    return settings().mode
