"""Text that is no UTF-8 is found with its place, and nothing else is left unchecked for it."""

import pytest

from data.verification import verify
from tests.tampering import filled, problems, tampered


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    filled(folder).close()
    return folder


ODD = "CAST(X'7bff7d' AS TEXT)"
ODD_PLACES = {
    "entry 6": (f"UPDATE entries SET body = {ODD} WHERE leaf_index = 6", "body"),
    "documents settings/s1/2": (
        f"UPDATE documents SET body = {ODD} WHERE id = 's1' AND version = 2", "body",
    ),
    "legs p2/1": (
        f"UPDATE legs SET account = {ODD} WHERE posting_id = 'p2' AND position = 1", "account",
    ),
    "hold_events h1/1": (f"UPDATE hold_events SET step = {ODD} WHERE ordinal = 1", "step"),
    r"holds {\udcff}": (f"UPDATE holds SET hold_id = {ODD}", "hold_id"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("place", "change", "column"), [(place, *rest) for place, rest in ODD_PLACES.items()]
)
def test_text_that_is_no_utf_8_is_found_with_its_place_and_the_rest_is_checked(
    original, tmp_path, place, change, column
):
    tampered(original, tmp_path, lambda connection: connection.executescript(change))
    found = problems(tmp_path, original)

    assert f"holds bytes that are no text (UTF-8) in {column}" in {
        problem.what for problem in found if problem.place == place
    }
    assert not [problem for problem in found if "cannot be checked" in problem.what]


def test_the_next_view_of_the_records_reads_text_as_before(tmp_path):
    book = filled(tmp_path)
    verify(book, tmp_path)
    with book.reading() as view:
        assert view.connection.driver_connection.text_factory is str
    book.close()
