"""Beginning the sandbox anew: its book is closed and kept, the next one is begun.

First the house book says so, then the old book is closed, then the stand-in begins anew, then the
new book is made: by its being there every process goes on in it. What broke off between is finished
by resetting again; until then the closed book refuses what anybody would write.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from data.books import all_books, open_book
from data.closed import ID, KIND, is_closed
from data.documents import put
from data.engines import address_of
from data.records import Records
from data.sandbox_books import forget, name_of, numbers, shown_name
from data.settings import Settings
from data.tables import order_heads
from data.treasury import begin_play_money
from data.unit import Transaction
from engine.canonical import Json
from engine.commands import Command, Refused
from engine.names import counted
from engine.orders import OPEN
from engine.people import Actor

RESET, CLOSED = "sandbox.reset", "book.closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a reset leaves behind in the book that it closes."""

    open_orders: int
    kept_as: str

    @property
    def words(self) -> str:
        if not self.open_orders:
            return "No order is open in the sandbox."
        return (
            f"{counted(self.open_orders, 'open order')} of the sandbox end with it: their stand-in "
            "is gone, nobody watches them any more, and what they run is lost."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A reset that was done: the closed book as it is reached now, the new one, the stand-in's."""

    closed: str
    begun: str
    stand_in: str


def left_behind(settings: Settings) -> Left:
    """Return what a reset would leave behind. Raises Refused where there is nothing to reset."""
    _refuse(settings)
    records = open_book(settings, "sandbox")
    with records.reading() as view:
        asked = select(func.count()).where(order_heads.c.state.in_(sorted(OPEN)))
        count = int(view.execute(asked).scalar() or 0)
    return Left(open_orders=count, kept_as=shown_name(records.book))


def reset_sandbox(settings: Settings, who: Actor, stand_in: Callable[[], str]) -> Begun:
    """Close the sandbox's book and begin the next one.

    ``stand_in`` begins the stand-in network's own book anew and returns its name. Raises Refused,
    NotPermitted (an administrator does this), RecordsFault.
    """
    _refuse(settings)
    old = open_book(settings, "sandbox")
    new = name_of(max(numbers(settings), default=1) + 1)
    key = f"sandbox-reset/{old.book}"
    told = {"closed": old.book, "begun": new}
    house = open_book(settings, "house")
    house.perform(Command.of(key, RESET, who, "book/sandbox", told), lambda _: told)
    _close(old, new, who, key)
    traded = stand_in()
    made = open_book(settings, new)
    forget()
    begin_play_money(made)
    return Begun(closed=shown_name(old.book), begun=made.book, stand_in=traded)


def _close(records: Records, new: str, who: Actor, key: str) -> None:
    with records.reading() as view:
        if is_closed(view, records.book):
            return  # an earlier reset broke off after this
    command = Command.of(key, CLOSED, who, f"book/{records.book}", {"next": new})

    def act(unit: Transaction) -> Json:
        put(unit, KIND, ID, {"at": unit.at, "by": who.name, "next": new})
        return {"next": new}

    records.perform(command, act)


def _refuse(settings: Settings) -> None:
    if settings.mode != "sandbox":
        raise Refused("only the sandbox begins anew, and this is live mode: unset NECTO_MODE first")
    url = settings.records_url
    if url and address_of(url.get_secret_value()).get_backend_name() == "sqlite":
        raise Refused("NECTO_RECORDS_URL names one file, which holds one book: unset it")
    if "sandbox" not in all_books(settings):
        raise Refused("the sandbox's book was not begun yet: there is nothing to begin anew")
