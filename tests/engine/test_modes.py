"""The two modes: an id tells which one it is of."""

import pytest

from engine.modes import BANNER, MODES, PREFIX, mode_of, mode_of_book


@pytest.mark.parametrize("mode", MODES)
def test_an_order_s_id_tells_its_mode(mode):
    assert mode_of(f"{PREFIX[mode]}-01jdgq") == mode


@pytest.mark.parametrize("id_", ["", "sbx", "sbx-", "demo-1", "01jdgq", "SBX-1"])
def test_what_is_no_id_of_ours_is_of_no_mode(id_):
    assert mode_of(id_) is None


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
