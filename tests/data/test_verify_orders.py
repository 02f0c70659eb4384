"""The check finds every order whose facts, head, usage and money do not go together."""

import pytest

from data.order_heads import rebuild_heads
from data.verification import verify
from tests.orders import INES, KOFI, closed, opened, place, read, reading, running, wanted
from tests.tampering import changed


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """One order that ran and ended, one that runs, one that is placed; closed, to be copied."""
    folder = tmp_path_factory.mktemp("sound")
    book = opened(f"sqlite:///{folder / 'b.sqlite'}")
    running(book)
    read(book, reading(1_005_000))
    read(book, reading(200_000_000))
    closed(book, running(book, "sbx-2", "901"))
    place(book, wanted("sbx-3"), INES, "k3")
    book.close()
    return folder / "b.sqlite"


def found(file):
    book = opened(f"sqlite:///{file}")
    report = verify(book, None).report
    book.close()
    return {(problem.place, problem.what) for problem in report.problems}


def test_a_sound_book_has_no_problem(records_url):
    book = opened(records_url)
    running(book)
    read(book, reading(170_000_000))
    closed(book, running(book, "sbx-2", "901"))
    assert verify(book, None).report.problems == []
    book.close()


CHANGES = {
    "a head in another state": (
        "UPDATE order_heads SET state = 'closed' WHERE order_id = 'sbx-1'",
        "order_heads sbx-1", "is not what its events say: state is 'closed', not 'active'"),
    "a head with less usage": (
        "UPDATE order_heads SET units = 1, cents = 0 WHERE order_id = 'sbx-1'",
        "order_heads sbx-1", "units is 1, not 200000000; cents is 0, not 20000"),
    "a head that is gone": (
        "DELETE FROM order_heads WHERE order_id = 'sbx-3'", "order_heads sbx-3", "is missing"),
    "a head of nothing": (
        "UPDATE order_heads SET order_id = 'sbx-9' WHERE order_id = 'sbx-3'",
        "order_heads sbx-9", "never placed"),
    "another body": (
        "UPDATE orders SET body = replace(body, 'fine-tune', 'else') WHERE order_id = 'sbx-1'",
        "orders sbx-1", "was changed after entry"),
    "a body that is none": (
        "UPDATE orders SET body = '{' WHERE order_id = 'sbx-1'", "order sbx-1", "cannot be read"),
    "another budget": (
        "UPDATE orders SET month = '2026-12' WHERE order_id = 'sbx-1'",
        "order sbx-1", "is filed wrongly: month is '2026-12', not '2026-11'"),
    "an event that is gone": (
        "DELETE FROM order_events WHERE order_id = 'sbx-1' AND ordinal = 6",
        "order_events sbx-1/6", "is gone"),
    "an event in between that is gone": (
        "DELETE FROM order_events WHERE order_id = 'sbx-1' AND ordinal = 3",
        "order sbx-1", "do not follow"),
    "another event": (
        "UPDATE order_events SET kind = 'warned' WHERE order_id = 'sbx-2' AND kind = 'closed'",
        "order sbx-2", "is closing, and its hold is closed"),
    "an event's detail": (
        "UPDATE order_events SET detail = '[]' WHERE order_id = 'sbx-1' AND kind = 'leased'",
        "order sbx-1", "cannot be read"),
    "usage that is gone": (
        "DELETE FROM usage WHERE ordinal = 2",
        "order sbx-1", "posting sbx-1/usage-beyond/2 has no reading"),
    "usage in other units": (
        "UPDATE usage SET units = 2000000 WHERE ordinal = 1",
        "order sbx-1", "reading 1 says 101 cents for 2000000 units"),
    "usage that falls": (
        "UPDATE usage SET units = 1 WHERE ordinal = 2", "order sbx-1", "1 units after 1005000"),
    "usage with other cents": (
        "UPDATE usage SET cents = 100 WHERE ordinal = 1",
        "order sbx-1", "reading 1 adds 100 cents, and 101 are posted"),
    "usage without its posting": (
        "UPDATE usage SET posting_id = NULL WHERE ordinal = 1",
        "order sbx-1", "reading 1 names None as its posting"),
    "a larger hold": (
        "UPDATE hold_events SET approved = 99 WHERE hold_id = 'sbx-3'",
        "order sbx-3", "sets 16000 cents aside, and its hold 99"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "place", "words"), CHANGES.values(), ids=CHANGES)
def test_what_does_not_go_together_is_found(sound, tmp_path, statement, place, words):
    file = tmp_path / "b.sqlite"
    file.write_bytes(sound.read_bytes())
    changed(file, lambda other: other.execute(statement))
    assert any(where == place and words in what for where, what in found(file))


def test_a_spoilt_head_is_found_and_made_again(sound, tmp_path):
    file = tmp_path / "b.sqlite"
    file.write_bytes(sound.read_bytes())
    changed(file, lambda other: other.execute("UPDATE order_heads SET ordinal = ordinal + 1"))
    assert len(found(file)) == 3
    book = opened(f"sqlite:///{file}")
    assert rebuild_heads(book, KOFI, "rebuild") == ["sbx-1", "sbx-2", "sbx-3"]
    book.close()
    assert found(file) == set()
