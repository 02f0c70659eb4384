"""The two modes: a book tells which one it is of."""

import pytest

from engine.modes import BANNER, mode_of_book


@pytest.mark.parametrize(
    ("book", "mode"),
    [("sandbox", "sandbox"), ("sandbox_2", "sandbox"), ("live", "live"), ("house", None),
     ("live_2", None), ("sandbox_x", None), ("sandboxes", None)],
)  # fmt: skip
def test_a_book_is_of_a_mode_also_after_the_sandbox_was_reset(book, mode):
    assert mode_of_book(book) == mode


def test_the_banner_says_in_words_what_the_money_is():
    assert BANNER["sandbox"].startswith("SANDBOX")
    assert "play money" in BANNER["sandbox"]
    assert BANNER["live"] == "LIVE: real money"
