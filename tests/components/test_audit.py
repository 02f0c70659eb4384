"""The Audit page without a browser: what it says of a book in each state, and what may be done."""

import base64
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.audit_address import BOOK_KEY
from data import checkpoints, proofs, trail_keys, verifying
from data.audit import EVER, Counts, page
from data.books import open_book
from data.documents import put
from data.faults import RecordsFull
from data.settings import Settings
from engine.commands import Command, Failed
from engine.paging import Query
from engine.people import job, local_actor

ROOT = Path(__file__).parents[2]
ANN = local_actor("ann")
SEALED = {"sealed": {"person": "p-17", "commitment": "sha256:" + "0" * 64, "box": "AAAA"}}


@pytest.fixture
def book(home):
    """A house book with two changes of settings after its opening."""
    records = open_book(Settings.from_env({"NECTO_HOME": str(home)}))
    for n in range(2):
        body = {"zone": "UTC", "n": n, "by": SEALED}

        def act(unit, body=body):
            return put(unit, "note", "first", body).version

        records.perform(Command.of(f"k{n}", "settings.changed", ANN, "settings/house", body), act)
    return records


def visit(**query: str) -> AppTest:
    visitor = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=120)
    visitor.run()
    for name, value in query.items():
        visitor.query_params[name] = value
    visitor.switch_page(f"{ROOT}/pages/audit.py").run()
    assert not visitor.exception
    return visitor


def words(visitor: AppTest) -> str:
    kinds = (visitor.markdown, visitor.caption, visitor.warning, visitor.info, visitor.error,
             visitor.success, visitor.text, visitor.code)  # fmt: skip
    return "\n".join(str(element.value) for kind in kinds for element in kind).replace("\\", "")


def behind_its_back(book, *changes: str) -> None:
    """Change a book as who owns its file can, and leave its triggers as they were."""
    connection = sqlite3.connect(book.file)
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = found.fetchall()
    for sql in [*(f"DROP TRIGGER {name}" for name, _ in triggers), *changes]:
        connection.execute(sql)
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()


def sign(book, home):
    return checkpoints.make(book, trail_keys.signer(book, home), home)


def test_a_fresh_book_says_that_only_its_opening_is_here(home):
    said = words(visit())

    for phrase in ("Only the opening of the house book", "1 entry", "No checkpoint yet",
                   "Not verified yet"):  # fmt: skip
        assert phrase in said


def test_looking_at_a_book_that_was_never_begun_begins_none(home):
    visitor = visit()
    assert not (home / "records" / "sandbox.sqlite").exists()
    visitor.radio(key=BOOK_KEY).set_value("sandbox").run()

    assert "The sandbox book is not begun yet" in words(visitor)
    assert visitor.query_params["book"] == "sandbox"
    assert not (home / "records" / "sandbox.sqlite").exists()
    open_book(Settings.from_env({"NECTO_HOME": str(home)}), "sandbox")
    assert "Only the opening of the sandbox book" in words(visitor.run())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("book", "live", "The live book needs sign-in"),
        ("book", "<b>", "There is no book <b>"),
        ("time", "soon", "time=soon is none of 1h"),
        ("from", "soon", "soon is no day"),
        ("sort", "size.asc", "the column 'size'"),
        ("is.subject", "x", "chosen from by the column 'subject'"),
        ("has.time", "x", "the column 'time'"),
        ("entry", "-1", "entry=-1 is no place"),
        ("entry", "99", "There is no entry 99 in the house book: its newest is 2."),
    ],
)
def test_what_an_address_asks_in_vain_is_said_and_does_nothing(book, name, value, said):
    visitor = visit(**{name: value})

    assert said in words(visitor)
    assert "3 entries" in words(visitor)


def test_days_that_end_before_they_begin_are_said(book):
    said = words(visit(**{"from": "2026-11-05", "to": "2026-11-01"}))
    assert "2026-11-05 comes after 2026-11-01" in said


def test_a_time_that_is_chosen_is_in_the_address(book):
    visitor = visit(time="24h")
    preset = next(one for one in visitor.radio if one.value == "24h")
    preset.set_value("dates").run()
    today = datetime.now(UTC).date()
    assert visitor.query_params["from"] == visitor.query_params["to"] == str(today)
    visitor.date_input[0].set_value((date(2026, 11, 1), date(2026, 11, 2))).run()

    assert visitor.query_params["from"] == "2026-11-01"
    assert not visitor.exception


def test_an_entry_is_told_in_words_with_what_is_sealed_in_it(book):
    said = words(visit(entry="2"))

    for phrase in ("local:ann (unauthenticated)", "settings.changed", "settings/house", "✓ done",
                   "n: 0", "n: 1", "by: 🔒 sealed (p-17)",
                   "documents note/first/2", "No checkpoint covers this entry"):  # fmt: skip
        assert phrase in said
    assert '"box":"AAAA"' in said


def test_a_checkpoint_is_signed_from_the_entry_that_lacks_one(book):
    visitor = visit(entry="1")
    visitor.button(key="audit_sign_here").click().run()

    assert "of the first **4**" in words(visitor)
    assert "Checkpoint at 4, signed just now: covers all of them" in words(visitor)


def test_verify_shows_every_step_up_to_the_signed_root(book, home):
    point = sign(book, home)
    visitor = visit(entry="1")
    visitor.button(key="check_1").click().run()
    steps = next(code.value for code in visitor.code if "SHA-256(00" in code.value)

    assert "Proved: hashed again from its bytes" in words(visitor)
    assert "its leaf hash and 2 sibling hashes lead to the root" in words(visitor)
    assert "the leaf hash, then one for each of the 2 sibling hashes" in words(visitor)
    assert base64.b64encode(point.checkpoint.root).decode() in steps
    assert steps.count(point.checkpoint.root.hex()) == 2
    assert "✓ equal" in steps


def test_a_pack_of_one_entry_is_made_when_it_is_asked_for_or_says_why_not(book, home):
    sign(book, home)
    visitor = visit(entry="1")
    visitor.button(key="audit_pack_entry").click().run()
    assert "Download the pack" in [one.label for one in visitor.get("download_button")]
    with book.reading() as view:
        assert proofs.standing(view).size == 5  # that a pack was made is an entry
    behind_its_back(book, "UPDATE entries SET body = replace(body, '\"n\":0', '\"n\":9')")
    visitor.button(key="audit_pack_entry").click().run()
    assert "No pack was made: entry 1 is not what" in words(visitor)


def test_verify_says_what_was_changed(book, home):
    sign(book, home)
    behind_its_back(book, "UPDATE entries SET body = replace(body, '\"n\":0', '\"n\":9')")
    visitor = visit(entry="1")
    visitor.button(key="check_1").click().run()

    assert "Not proved: the entry's bytes are not those" in words(visitor)
    assert "✕ not equal" in words(visitor)


def test_the_next_entry_is_a_click_away_and_in_the_address(book):
    visitor = visit(entry="0")
    assert visitor.button(key="audit_previous").disabled
    visitor.button(key="audit_next").click().run()
    assert visitor.query_params["entry"] == "1"
    visitor.button(key="audit_next").click().run()

    assert visitor.button(key="audit_next").disabled
    assert "Entry **2**, of 0 to 2" in words(visitor)


def test_previous_and_next_walk_what_the_filters_show(book):
    book.perform(Command.of("r1", "market.read", ANN, "network/a", {}), lambda _: None)
    book.perform(Command.of("k9", "settings.changed", ANN, "settings/house", {}), lambda _: None)
    visitor = visit(entry="2", **{"has.subject": "settings"})
    visitor.button(key="audit_next").click().run()

    assert visitor.query_params["entry"] == "4"
    assert visitor.button(key="audit_next").disabled


def test_an_entry_that_was_taken_out_is_missed(book):
    behind_its_back(book, "DELETE FROM entries WHERE leaf_index = 1")

    assert "Entry 1 is missing from the house book" in words(visit(entry="1"))


def test_bytes_that_are_no_entry_are_shown_as_they_are(book):
    behind_its_back(book, "UPDATE entries SET body = '{\"x\":1}' WHERE leaf_index = 1")
    said = words(visit(entry="1"))

    assert "not an entry as Necto writes them" in said
    assert '{"x":1}' in said


def verified(visitor: AppTest, book) -> AppTest:
    visitor.button(key="audit_verify").click().run()
    assert verifying.latest(book).wait(60)
    return visitor.run()


def test_the_whole_book_is_verified_part_by_part(book, home):
    sign(book, home)
    visitor = verified(visit(), book)
    said = words(visitor)

    assert visitor.status[0].label.startswith("Verified: nothing differs in 4 entries")
    for phrase in ("✓ tree", "✓ entries", "✓ ledger", "✓ checkpoints", "✓ guards",
                   "1 signed checkpoint, in the book and as a file",
                   "1 entry came after it"):  # fmt: skip
        assert phrase in said
    assert "Verified just now by local:" in words(visit())


def test_a_check_that_goes_on_says_how_far_it_is(book, monkeypatch):
    check = verifying.Check("click", "tree", 2, 3)
    monkeypatch.setattr(verifying, "latest", lambda _: check)
    visitor = visit()

    assert visitor.status[0].label.startswith("Verifying the whole book. You may leave")
    assert visitor.status[0].state == "running"


def test_a_problem_is_told_with_its_place(book, home):
    behind_its_back(book, "UPDATE documents SET body = '{}' WHERE version = 1")
    said = words(verified(visit(), book))

    assert "**documents note/first/1** was changed after entry 1 added it" in said
    assert "✕ entries" in said
    assert "1 problem" in said
    assert "✕ failed: 1 problem" in words(visit(entry="3"))


def test_a_problem_leads_to_its_entry_which_warns(book):
    behind_its_back(book, "UPDATE documents SET body = '{}' WHERE version = 1")
    visitor = verified(visit(), book)
    visitor.button(key="audit_problem_0").click().run()

    assert visitor.query_params["entry"] == "1"
    assert "The last verification found a problem here: **documents note/first/1**" in words(
        visitor
    )
    assert "found a problem here" not in words(visit(entry="2"))


def test_every_page_says_that_a_verification_failed_and_leads_to_audit(book):
    behind_its_back(book, "UPDATE documents SET body = '{}' WHERE version = 1")
    verified(visit(), book)
    frame = AppTest.from_file(str(ROOT / "components" / "frame.py"), default_timeout=120).run()
    (link,) = [one for one in frame.get("page_link") if "Records" in one.proto.label]

    assert "Records, house book: 1 problem found" in link.proto.label
    assert link.proto.page == "audit"
    assert "Nothing needs you now" not in words(frame)
    assert not [
        one for one in visit(book="sandbox").get("page_link") if "sandbox" in one.proto.label
    ]


def test_the_public_key_is_on_the_page_and_its_older_ones(book, home):
    assert all("+" not in code.value for code in visit().code)
    old = trail_keys.signer(book, home).verifier.text
    new = trail_keys.rotate(book, home, ANN).text
    shown = [code.value for code in visit().code]

    assert shown == [new, old]


def test_a_reading_that_gave_nothing_is_found_among_the_failures_with_its_reason(book):
    said = {"outcome": "unreachable", "message": "nobody answers"}
    asked = Command.of("r1", "market.read", job("ingest"), "network/akash", {})
    book.perform(asked, lambda _: Failed(said))

    assert "✕ failed: nobody answers" in words(visit(entry="3"))
    with book.reading() as view:
        found = page(view, Query(facets={"result": ("failed",)}), EVER, Counts())
    assert [row.cells["subject"] for row in found.rows] == ["network/akash"]


def test_a_result_that_cannot_be_kept_is_shown_all_the_same(book, monkeypatch):
    behind_its_back(book)
    monkeypatch.setattr(verifying, "keep", refuse)
    visitor = verified(visit(), book)

    assert "could not be kept in the trail: the disk is full" in words(visitor)
    assert visitor.status[0].label.startswith("Verified: nothing differs")


def refuse(*_, **__):
    raise RecordsFull("the disk is full")


def test_a_check_that_stops_says_why(book, monkeypatch):
    monkeypatch.setattr(verifying, "verify", refuse)

    assert "could not be verified: the disk is full" in words(verified(visit(), book))


def test_a_checkpoint_that_cannot_be_signed_says_why(book, home):
    sign(book, home)
    for file in (home / "keys").iterdir():
        file.unlink()
    book.perform(Command.of("k9", "settings.changed", ANN, "x", 1), lambda _: None)
    visitor = visit()
    visitor.button(key="audit_sign").click().run()

    assert "No checkpoint was signed" in words(visitor)


def test_a_checkpoint_is_signed_for_the_whole_book(book):
    visitor = visit()
    visitor.button(key="audit_sign").click().run()

    assert "Checkpoint at 4, signed just now: covers all of them" in words(visitor)
    assert visitor.button(key="audit_sign").disabled


def test_a_checkpoint_that_nobody_signed_is_not_believed(book, home):
    sign(book, home)
    behind_its_back(book, "UPDATE checkpoints SET note = 'x'")
    said = words(visit(entry="1"))

    assert "The last checkpoint is not to be believed" in said
    assert "No proof can be given" in said


def test_a_book_that_was_cut_off_is_said(book, home):
    sign(book, home)
    behind_its_back(book, "DELETE FROM entries WHERE leaf_index > 1")

    assert "some were cut off" in words(visit())


def test_records_that_cannot_be_opened_are_told_in_words(home):
    (home / "records").mkdir()
    (home / "records" / "sandbox.sqlite").write_bytes(b"no database " * 100)

    assert "The records cannot be read: the records are damaged" in words(visit(book="sandbox"))


def test_an_evidence_pack_of_the_book_is_made_and_kept_in_its_trail(book):
    visitor = visit()
    visitor.button(key="audit_export").click().run()
    visitor.button(key="pack_make").click().run()

    assert not visitor.exception
    assert "Download the pack" in [one.label for one in visitor.get("download_button")]
    with book.reading() as view:
        assert proofs.standing(view).size == 5  # the key, for the checkpoint, and the pack


def test_records_that_break_while_one_looks_are_told_in_words(book, monkeypatch):
    monkeypatch.setattr(proofs, "kept", refuse)
    monkeypatch.setattr(Counts, "up_to_date", refuse)
    said = words(visit(entry="1"))

    assert "The entry cannot be read: the disk is full" in said
    assert "The records cannot be read: the disk is full" in said
