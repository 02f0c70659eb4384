"""The two modes: play money on stand-in networks, real money on real ones; never mixed."""

from typing import Literal, get_args

Mode = Literal["sandbox", "live"]
MODES: tuple[Mode, ...] = get_args(Mode)

PREFIX: dict[Mode, str] = {"sandbox": "sbx", "live": "ord"}
"""How an order's id begins, so that a network, a bill and a person can tell which mode it is of."""

BANNER: dict[Mode, str] = {
    "sandbox": "SANDBOX: play money, stand-in networks",
    "live": "LIVE: real money",
}
"""What stands on every page."""


def mode_of_book(book: str) -> Mode | None:
    """Return the mode that a book of records is of; None for the house book, which has none.

    The sandbox's first book is ``sandbox``; those after a reset are ``sandbox_2``, ``sandbox_3``.
    """
    name, _, number = book.partition("_")
    if number and (name != "sandbox" or not number.isdecimal()):
        return None
    return next((mode for mode in MODES if mode == name), None)
