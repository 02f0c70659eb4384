"""A pack of a real book verifies with its own verify.py, and no longer once anything is changed."""

import gc
import io
import json
import subprocess
import sys
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select

from data import checkpoints, ledger, pack_choice, packs
from data.audit import Span
from data.documents import put
from data.files import publish_bytes
from data.records import Records
from data.settings import Settings
from data.tables import entries
from data.trail import leaf, size_of
from data.trail_keys import rotate, signer
from engine.canonical import Secret, digest
from engine.commands import Command
from engine.holds import event
from engine.notes import Signer, cosigned
from engine.people import local_actor
from engine.postings import Head, hold_opened, hold_posted, opening, top_up
from engine.trail import FileRef

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = local_actor("ann")
CARD = b"gpu,price\nH100,1.20\n"


def keep(records, key, subject, act):
    records.perform(Command.of(key, "thing.done", ANN, subject, {"key": key}), act)


@pytest.fixture
def settings(tmp_path):
    return Settings.from_env({"NECTO_HOME": str(tmp_path)})


@pytest.fixture
def book(records_url, settings):
    minutes = count()
    records = Records.open(
        records_url, "sandbox", "here", lambda: NOON + timedelta(minutes=next(minutes))
    )
    for n in range(6):
        keep(
            records, f"d{n}", f"view/{n % 2}", lambda u, n=n: put(u, "view", f"v{n % 2}", n).version
        )
    publish_bytes(settings.home / "cards" / "a.csv", CARD)
    file = FileRef("cards/a.csv", digest(CARD), len(CARD))
    keep(records, "card", "rate-card/a", lambda unit: unit.vouch(file))
    hold = hold_opened(Head("p3", NOON, "order"), "h1", 20_000)
    used = hold_posted(Head("p4", NOON, "used"), "h1", "akash", 5_000, 100)
    for posting, step in ((opening(Head("p1", NOON, "start"), 100_000), None),
                          (top_up(Head("p2", NOON, "pay in"), 50_000), None),
                          (hold, "opened"), (used, "posted")):  # fmt: skip
        happened = event(posting, step) if step else None
        keep(records, posting.posting_id, "order/1",
             lambda u, p=posting, h=happened: ledger.post(u, p, h))  # fmt: skip
    checkpoints.make(records, signer(records, settings.home, {}), settings.home)
    yield records
    records.close()


@pytest.fixture
def small_book(tmp_path):
    records = Records.open(f"sqlite:///{tmp_path / 'n.sqlite'}", "house", "here", lambda: NOON)
    yield records
    records.close()


def packed(book, settings, **wanted):
    out = io.BytesIO()
    packs.write(book, settings, packs.Wanted(**wanted), out)
    return out.getvalue()


def judged(content, tmp_path, *options):
    path = tmp_path / "pack.zip"
    path.write_bytes(content)
    command = [sys.executable, "-I", "-S", str(packs.VERIFY_PY), str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def rewritten(content, name, change):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            body = old.read(info)
            new.writestr(info, change(body) if info.filename == name else body)
    return out.getvalue()


def test_a_whole_book_is_proven_offline(book, settings, tmp_path):
    code, said = judged(packed(book, settings), tmp_path)
    assert (code, "the whole book" in said) == (0, True), said
    assert "postings: 4, each summing to zero" in said


def test_the_same_pack_is_made_twice_byte_for_byte(book, settings):
    first = packed(book, settings)
    size = 13  # the opening, six views, a card, four postings, the key
    written = packs.write(book, settings, packs.Wanted(), io.BytesIO())
    packs.keep(book, written.manifest, "sha256:x", "k", ANN)
    assert packed(book, settings, checkpoint=size) == first
    assert packed(book, settings) != first  # that a pack was made is an entry itself


def test_a_subject_pack_says_that_completeness_is_not_proven(book, settings, tmp_path):
    code, said = judged(packed(book, settings, subject="order/1"), tmp_path)
    assert (code, "a subject pack cannot show that" in said) == (0, True), said


def test_a_subject_holds_what_begins_with_it_and_a_slash_and_nothing_else(book, settings, tmp_path):
    for n, subject in enumerate(["view", "VIEW/1", "viewer", "view/%", "view0", "view-x"]):
        keep(book, f"s{n}", subject, lambda _: None)
    content = packed(book, settings, subject="view")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = [json.loads(line) for line in archive.read("entries.jsonl").splitlines()]

    assert {line["subject"] for line in lines} == {"view", "view/0", "view/1", "view/%"}
    assert judged(content, tmp_path)[0] == 0
    with pytest.raises(packs.NothingToPack):
        packed(book, settings, subject="vie")


def test_a_subject_is_found_by_its_index(small_book):
    asked = select(entries.c.leaf_index)
    with small_book.reading() as view:
        about = asked.where(pack_choice._about(view, "order")).compile(
            view.engine, compile_kwargs={"literal_binds": True}
        )
        plan = view.exec_driver_sql(f"EXPLAIN QUERY PLAN {about}").all()
    assert all("SCAN" not in row.detail for row in plan)
    assert any("entries_by_subject" in row.detail for row in plan)


def test_one_entry_is_a_pack_of_its_own(book, settings, tmp_path):
    made = packs.made(book, settings, packs.Wanted(entry=3), "click", ANN)
    code, said = judged(made.content(), tmp_path, "--key", made.key)
    assert (code, "places: 1 of 13" in said) == (0, True), said
    assert (made.entries, made.checkpoint) == (1, 13)
    with pytest.raises(packs.NothingToPack, match="there is no entry 99: the newest is"):
        packed(book, settings, entry=99)
    keep(book, "later", "view/1", lambda _: None)
    with pytest.raises(packs.NothingToPack, match="does not cover entry 14"):
        packed(book, settings, entry=14, checkpoint=13)


def test_a_span_of_time_is_proven_as_a_run(book, settings, tmp_path):
    span = Span(NOON + timedelta(minutes=3), NOON + timedelta(minutes=6))
    content = packed(book, settings, span=span)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("entries.jsonl").count(b"\n") == 3
    assert judged(content, tmp_path)[0] == 0


def test_documents_are_packed_by_digest(book, settings, tmp_path):
    content = packed(book, settings)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read(f"documents/{digest(CARD)[7:]}") == CARD
    (settings.home / "cards" / "a.csv").write_bytes(b"another")
    code, said = judged(packed(book, settings), tmp_path)
    assert (code, "not in the pack: cards/a.csv (entry 7)" in said) == (0, True), said


def test_a_pack_after_a_rotation_is_bound_to_the_key_that_signed(book, settings, tmp_path):
    rotate(book, settings.home, ANN)
    checkpoints.make(book, signer(book, settings.home, {}), settings.home)
    code, said = judged(packed(book, settings), tmp_path)
    assert code == 0, said
    assert judged(packed(book, settings, checkpoint=13), tmp_path)[0] == 0


def test_what_a_witness_signed_is_in_the_packs_of_that_checkpoint(book, settings, tmp_path):
    witness = Signer("witness.example/w1", Secret(b"\x0c" * 32))
    [file] = checkpoints.files(settings.home, "sandbox")
    note = file.read_text(encoding="utf-8")
    beside = file.with_name(checkpoints.cosigned_name(13))
    beside.write_text(cosigned(note, witness, 1_790_000_000), encoding="utf-8")
    named = ("--witness", witness.witness.text)
    assert judged(packed(book, settings, checkpoint=13), tmp_path, *named)[0] == 0
    beside.write_text("another note", encoding="utf-8")
    assert judged(packed(book, settings, checkpoint=13), tmp_path)[0] == 0
    assert judged(packed(book, settings, checkpoint=13), tmp_path, *named)[0] == 1


def test_an_earlier_checkpoint_is_found_to_be_the_beginning(book, settings, tmp_path):
    old = checkpoints.files(settings.home, "sandbox")[0]
    keep(book, "later", "view/1", lambda _: None)
    assert judged(packed(book, settings), tmp_path, "--checkpoint", str(old))[0] == 0


@pytest.mark.parametrize("name", ["entries.jsonl", "checkpoint", "ledger.jsonl", "manifest.json",
                                  "proofs/range.json", "public_key", "README.txt"])  # fmt: skip
def test_a_pack_that_was_changed_is_refused(book, settings, tmp_path, name):
    content = rewritten(
        packed(book, settings), name, lambda body: body[:-3] + bytes([body[-3] ^ 1]) + body[-2:]
    )
    code, said = judged(content, tmp_path)
    assert (code, "DIFFERS" in said or "do not rely" in said) == (1, True), said


def test_nothing_to_pack_is_said_in_words(book, settings):
    with pytest.raises(packs.NothingToPack, match="no entry is about"):
        packed(book, settings, subject="nobody")
    with pytest.raises(packs.NothingToPack, match="in that time"):
        packed(book, settings, span=Span(end=NOON - timedelta(days=1)))
    with pytest.raises(packs.NothingToPack, match="no checkpoint of 7"):
        packed(book, settings, checkpoint=7)


def test_a_pack_tells_its_progress_and_is_kept_in_the_trail_by_its_digest(book, settings):
    told = []
    made = packs.made(book, settings, packs.Wanted(), "click", ANN, lambda *pair: told.append(pair))
    content = made.content()
    assert (content[:2], made.size) == (b"PK", len(content))
    assert made.content() == content  # asked for twice, as somebody clicks twice
    assert told[0][0] == 0 < told[0][1]
    with book.reading() as view:
        assert digest(content).encode() in leaf(view, told[0][1]).body


def test_a_pack_is_made_in_little_memory_and_its_file_goes_with_it(book, settings, monkeypatch):
    monkeypatch.setattr("data.trail._BATCH", 5)  # rows held at once: few large ones here
    for n in range(60):
        large = {"text": f"{n}" * 50_000}
        book.perform(Command.of(f"l{n}", "note.kept", ANN, "n", large), lambda _: None)
    tracemalloc.start()
    made = packs.made(book, settings, packs.Wanted(), "click", ANN)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    file = made._file

    assert made.size > 5_000_000
    assert peak < made.size / 3
    assert not [path for path in settings.home.iterdir() if path.suffix in {".zip", ".part"}]
    del made
    gc.collect()
    assert file.closed


def test_a_pack_that_cannot_be_made_leaves_no_entry(book, settings):
    with book.reading() as view:
        before = size_of(view)
    keep(book, "later", "view/1", lambda _: None)
    for wanted in (packs.Wanted(subject="nobody"),
                   packs.Wanted(Span(end=NOON - timedelta(days=1))),
                   packs.Wanted(checkpoint=7)):  # fmt: skip
        with pytest.raises(packs.NothingToPack):
            packs.made(book, settings, wanted, "click", ANN)
    with book.reading() as view:
        assert (size_of(view), checkpoints.sizes(view)) == (before + 1, [before])


def test_a_pack_of_a_book_that_never_signed_is_whole(small_book, tmp_path, settings):
    code, said = judged(packed(small_book, settings), tmp_path)
    assert (code, "places: the whole book" in said) == (0, True), said
