"""A book of the form before orders is brought forward with its money, and takes orders then."""

import shutil

import pytest

from data import ledger, migrate
from data.engines import engine_of
from data.migrate import bring_forward, newest, revision_of
from data.ordering import place
from data.records import Records
from data.treasury import PLAY_MONEY_CENTS, begin_play_money, free_cents
from data.verification import verify
from tests.orders import INES, Clock, wanted


@pytest.fixture
def before_orders(tmp_path, monkeypatch):
    """Make Necto one that knows no orders, until the function is called."""
    folder, plain = tmp_path / "migrations", migrate.FOLDER
    newer = shutil.ignore_patterns("__pycache__", "r0003*", "r0004*", "r0005*")
    shutil.copytree(plain, folder, ignore=newer)
    monkeypatch.setattr(migrate, "FOLDER", folder)
    newest.cache_clear()

    def end():
        monkeypatch.setattr(migrate, "FOLDER", plain)
        newest.cache_clear()

    yield end
    end()


def test_a_book_without_orders_is_brought_forward_and_takes_them(
    records_url, tmp_path, before_orders
):
    engine = engine_of(records_url, "sandbox")
    file = tmp_path / "records.sqlite" if records_url.startswith("sqlite") else None
    bring_forward(engine, file, "sandbox")
    engine.dispose()
    old = Records.examined(records_url, "sandbox", "here")
    old.now = Clock()
    begin_play_money(old)
    with old.reading() as view:
        assert revision_of(view) == "0002"
    old.close()

    before_orders()
    book = Records.open(records_url, "sandbox", "here", Clock())
    place(book, wanted(), INES, "k")
    with book.reading() as view:
        assert (revision_of(view), free_cents(view)) == (newest(), PLAY_MONEY_CENTS - 16_000)
        assert ledger.hold(view, "sbx-1").remaining == 16_000
    assert verify(book, None).report.problems == []
    book.close()
