"""Reading text that somebody's tool left in another encoding than UTF-8.

SQLite keeps whatever bytes it is given; its driver refuses the whole row for one that is no UTF-8,
without a word on where it stands. A check reads such text all the same, and names its place.
"""

import contextlib
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from data.engines import driver_of


@contextlib.contextmanager
def read_as_it_stands(view: Connection) -> Iterator[None]:
    """Read text that is no UTF-8 too, for the block: each odd byte as half a surrogate pair."""
    if view.dialect.name != "sqlite":  # PostgreSQL takes no such text
        yield
        return
    driver = driver_of(view)
    driver.text_factory = _text
    try:
        yield
    finally:
        driver.text_factory = str


def _text(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")


def showable(text: str) -> str:
    r"""Return the text as it can be kept and shown: half a surrogate pair as ``\udcff``."""
    return text.encode(errors="backslashreplace").decode()


def not_text(cells: Mapping[str, object]) -> list[str]:
    """Return the names of the cells whose text was read and is no UTF-8."""
    return [
        name for name, value in cells.items() if isinstance(value, str) and showable(value) != value
    ]
