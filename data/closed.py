"""A closed book: another one is in its place. It is read, proven and handed out, not added to.

What is closed is a document of the book itself, so that no process can miss it.
"""

from sqlalchemy import Connection

from data.engines import first_row
from data.faults import RecordsFault
from engine.modes import mode_of_book

KIND, ID = "book", "closed"
_CLOSED = "SELECT 1 FROM documents WHERE kind = ? AND id = ?"
_STILL_DONE = ("audit.", "book.", "checkpoint.", "export.", "key.", "pack.", "person.")
"""Commands about a book's own proof: they go on when nothing else does."""


class BookClosed(RecordsFault):
    """The sandbox was reset meanwhile: look again, the book in use is another one."""


def is_closed(connection: Connection, book: str) -> bool:
    """Whether a book was closed; only those of the sandbox ever are."""
    if mode_of_book(book) != "sandbox":
        return False
    return first_row(connection, _CLOSED, KIND, ID) is not None


def refuse_closed(book: str, action: str) -> None:
    """Raise BookClosed unless a command is about the proof of a closed book."""
    if not action.startswith(_STILL_DONE):
        raise BookClosed(
            f"the sandbox was reset and its book {book} is closed, so nothing was written "
            f"({action}): look again, and do it in the book in use; if there is none yet, run "
            "necto sandbox reset again"
        )
