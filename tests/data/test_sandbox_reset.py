"""Beginning the sandbox anew: the old book is kept and closed, everybody goes on in the new one."""

import io
import json

import pytest

from data import packs
from data.audit import Span
from data.backups import backup, existing
from data.books import all_books, close_books, open_book
from data.closed import BookClosed
from data.faults import RecordsFault
from data.pack_choice import Wanted
from data.permitted import NotPermitted
from data.restoring import restore
from data.sandbox_books import closed_names, forget, stored_name
from data.sandbox_reset import left_behind, reset_sandbox
from data.settings import Settings
from data.stops import freeze
from data.treasury import PLAY_MONEY_CENTS, begin_play_money, free_cents
from data.verification import keep, verify
from engine.commands import Command, Refused
from engine.people import persona
from tests.placed import ordered, stores_of
from tests.support import ADA, settings_of

NOOR = persona("noor")


@pytest.fixture(params=["sqlite", "postgresql"])
def there(request, tmp_path) -> Settings:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    where = {"NECTO_RECORDS_URL": url} if url else {}
    return Settings.from_env({"NECTO_HOME": str(tmp_path)} | where)


def begun(settings, times=1):
    """A sandbox that was begun, and reset so often."""
    begin_play_money(open_book(settings, "sandbox"))
    for _ in range(times):
        done = reset_sandbox(settings, NOOR, lambda: "akash-2.sqlite")
    return done


def said(records, action):
    with records.reading() as view:
        asked = "SELECT body FROM entries WHERE type LIKE ?"
        if view.dialect.name == "postgresql":
            asked = asked.replace("?", "%s")
        rows = view.exec_driver_sql(asked, (f"%{action}",)).all()
    return [json.loads(row[0])["data"] for row in rows]


def test_a_new_book_with_new_play_money_is_in_use_and_the_old_one_is_kept(there):
    done = begun(there)
    assert (done.closed, done.begun, done.stand_in) == ("sandbox_1", "sandbox_2", "akash-2.sqlite")
    now = open_book(there, "sandbox")
    assert now.book == "sandbox_2"
    with now.reading() as view:
        assert free_cents(view) == PLAY_MONEY_CENTS
    assert open_book(there, "sandbox_1").book == "sandbox"
    assert all_books(there) == ["house", "sandbox", "sandbox_1"]


def test_the_switch_stands_in_the_house_book_with_who_and_both_names(there):
    begun(there, 2)
    first, second = said(open_book(there, "house"), "sandbox.reset")
    assert first["result"] == {"closed": "sandbox", "begun": "sandbox_2"}
    assert second["result"] == {"closed": "sandbox_2", "begun": "sandbox_3"}
    assert closed_names(there) == ["sandbox_1", "sandbox_2"]
    assert said(open_book(there, "sandbox_1"), "book.closed")[0]["result"] == {"next": "sandbox_2"}


def test_who_still_holds_the_old_book_is_refused_and_finds_the_new_one_by_looking_again(there):
    old = open_book(there, "sandbox")
    begin_play_money(old)
    begun(there)
    with pytest.raises(BookClosed, match="look again"):
        freeze(old, "late", NOOR, "late")
    freeze(open_book(there, "sandbox"), "in time", NOOR, "in time")


def test_another_process_goes_on_in_the_new_book_by_itself(there):
    begun(there)
    close_books()  # what a process that has not looked yet knows: nothing
    forget()
    assert stored_name(there, "sandbox") == "sandbox_2"
    assert stored_name(there, "live") == "live"
    assert open_book(there, "sandbox").book == "sandbox_2"


def test_a_closed_book_is_still_verified_backed_up_packed_and_restored(there, tmp_path):
    begun(there)
    old = open_book(there, "sandbox_1")
    found = verify(old, there.home)
    assert found.report.is_clean
    keep(old, found, "verify", ADA)
    pack = io.BytesIO()
    made = packs.write(old, there, Wanted(Span(None, None), None, None), pack)
    assert made.manifest["book"] == "sandbox"
    copy = backup(old, tmp_path / "kept", ADA)
    assert existing(there)[-1] == "sandbox_1"
    restore(copy.file, there, ADA, is_forced=True)
    assert open_book(there, "sandbox").book == "sandbox_2"


def test_the_new_book_is_verified_packed_backed_up_and_restored_in_its_own_place(there, tmp_path):
    begun(there)
    now = open_book(there, "sandbox")
    pack = io.BytesIO()
    assert packs.write(now, there, Wanted(Span(None, None), None, None), pack).manifest["book"] == (
        "sandbox_2"
    )
    assert verify(now, there.home).report.is_clean
    copy = backup(now, tmp_path / "kept", ADA)
    restored = restore(copy.file, there, ADA, is_forced=True)
    assert restored.checked.head.book == "sandbox_2"
    assert open_book(there, "sandbox").book == "sandbox_2"


def test_a_reset_that_broke_off_is_finished_by_resetting_again(there):
    begin_play_money(open_book(there, "sandbox"))

    def broken() -> str:
        raise RecordsFault("the stand-in does not answer")

    with pytest.raises(RecordsFault):
        reset_sandbox(there, NOOR, broken)
    with pytest.raises(BookClosed, match="necto sandbox reset again"):
        freeze(open_book(there, "sandbox"), "x", NOOR, "x")
    assert reset_sandbox(there, NOOR, lambda: "a").begun == "sandbox_2"
    assert len(said(open_book(there, "house"), "sandbox.reset")) == 1


def test_only_an_administrator_resets(there):
    begin_play_money(open_book(there, "sandbox"))
    with pytest.raises(NotPermitted, match="Noor Haddad"):
        reset_sandbox(there, persona("ines"), lambda: "a")
    assert open_book(there, "sandbox").book == "sandbox"


def test_where_there_is_nothing_to_reset_that_is_said(tmp_path):
    with pytest.raises(Refused, match="not begun yet"):
        left_behind(settings_of(tmp_path))
    one_file = {"NECTO_HOME": str(tmp_path), "NECTO_RECORDS_URL": f"sqlite:///{tmp_path / 'x'}"}
    with pytest.raises(Refused, match="one file"):
        left_behind(Settings.from_env(one_file))


def test_a_lost_book_is_missed_and_the_closed_one_is_not_taken_for_it(tmp_path):
    there = settings_of(tmp_path)
    begun(there)
    close_books()
    signed = tmp_path / "checkpoints" / "sandbox_2"
    signed.mkdir(parents=True)
    (signed / "1.note").write_text("signed")
    (tmp_path / "records" / "sandbox_2.sqlite").unlink()
    with pytest.raises(RecordsFault, match="sandbox_2 book is gone"):
        open_book(there, "sandbox")


def test_orders_are_placed_in_the_new_book_and_those_of_the_old_one_are_named(tmp_path):
    stores = stores_of(tmp_path)
    first = ordered(stores)
    assert left_behind(settings_of(tmp_path)).open_orders == 1
    assert "1 open order" in left_behind(settings_of(tmp_path)).words
    begun(settings_of(tmp_path))
    then = ordered(stores_of(tmp_path), key="k2")
    assert (first.order_id[:4], then.order_id[:4]) == ("sbx-", "sbx-")
    assert then.placed.is_simulated
    assert left_behind(settings_of(tmp_path)).open_orders == 1


def test_a_command_about_the_proof_of_a_closed_book_is_done(there):
    begun(there)
    old = open_book(there, "sandbox_1")
    asked = Command.of("p", "pack.exported", ADA, "book/sandbox", {})
    assert old.perform(asked, lambda _: None).outcome == "done"
