"""Checkpoints are signed as the book grows and sent once to every place outside."""

import base64
import threading
import time
from datetime import UTC, datetime

import pytest

from connectors.http import HttpClient
from connectors.jobs.checkpoints import sign_and_send, sign_until
from connectors.notify.places import Places
from data import checkpoints
from data.books import BookLost, close_books, open_book
from data.documents import Changed
from data.engines import writing
from data.settings import Settings
from data.trail import nodes, size_of
from data.trail_keys import BadKey, key_file, rotate, signer, verifiers_of
from data.verification import verify
from engine.commands import Command
from engine.merkle import root_of
from engine.notes import BadNote, Checkpoint, body, opened, sign
from engine.people import local_actor

ANN = local_actor("ann")


@pytest.fixture
def settings(tmp_path):
    yield Settings.from_env({"NECTO_HOME": str(tmp_path / "home")})
    close_books()


@pytest.fixture
def book(settings):
    return open_book(settings)


@pytest.fixture
def http():
    with HttpClient() as client:
        yield client


def grow(book, key="k1"):
    book.perform(Command.of(key, "settings.changed", ANN, "s", {}), lambda _: None)


def size(book):
    with book.reading() as view:
        return size_of(view)


def test_a_checkpoint_is_signed_published_and_sent_to_a_folder(book, settings, tmp_path, http):
    out = tmp_path / "outside"
    out.mkdir()
    assert sign_and_send(book, settings.home, http, Places(folder=out)) == []
    (sent,) = list(out.iterdir())
    checkpoint = opened(sent.read_text(), verifiers_of(book))
    assert checkpoint.size == 2  # the opening, and the key
    assert verify(book, settings.home, [sent]).report.problems == []


def test_a_quiet_book_is_not_signed_for_ever_and_nothing_is_sent_twice(
    book, settings, tmp_path, http
):
    out = tmp_path / "outside"
    out.mkdir()
    for _ in range(3):
        sign_and_send(book, settings.home, http, Places(folder=out))
    assert (len(list(out.iterdir())), size(book)) == (1, 3)
    grow(book)
    sign_and_send(book, settings.home, http, Places(folder=out))
    assert (len(list(out.iterdir())), size(book)) == (2, 5)


def test_a_place_that_cannot_be_reached_is_said_and_tried_again(book, settings, tmp_path, http):
    out = tmp_path / "outside"
    (trouble,) = sign_and_send(book, settings.home, http, Places(folder=out))
    assert str(out) in trouble
    assert len(checkpoints.files(settings.home, "house")) == 1
    out.mkdir()
    assert sign_and_send(book, settings.home, http, Places(folder=out)) == []
    assert len(list(out.iterdir())) == 1


def test_the_private_key_is_for_its_owner_only(book, settings):
    signer(book, settings.home)
    path = key_file(settings.home, "house")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(BadKey, match="chmod 600"):
        signer(book, settings.home)


def test_the_private_key_is_never_in_the_records(book, settings):
    signer(book, settings.home)
    close_books()
    kept = (settings.home / "records" / "house.sqlite").read_bytes()
    assert key_file(settings.home, "house").read_text().encode() not in kept


def test_a_lost_or_exchanged_key_is_refused_in_words(book, settings):
    signer(book, settings.home)
    path = key_file(settings.home, "house")
    kept = path.read_text()
    for file in path.parent.iterdir():
        file.unlink()
    with pytest.raises(BadKey, match="put the file back"):
        signer(book, settings.home)
    with pytest.raises(BadKey, match="put that key back"):
        signer(book, settings.home, {"NECTO_TRAIL_KEY": "A" * 43 + "="})
    with pytest.raises(BadKey, match="32 random bytes"):
        signer(book, settings.home, {"NECTO_TRAIL_KEY": "short"})
    path.write_text(kept)
    path.chmod(0o600)
    assert signer(book, settings.home).verifier == verifiers_of(book)[-1]


def test_a_rotation_that_was_cut_off_is_finished_at_the_next_start(book, settings):
    path = key_file(settings.home, "house")
    signer(book, settings.home)
    old = path.read_text()
    new = rotate(book, settings.home, ANN)
    path.unlink()  # the crash came before the last step
    path.write_text(old)
    path.chmod(0o600)
    assert signer(book, settings.home).verifier == new
    assert path.read_text() != old


def test_the_worker_signs_every_book_that_exists(settings, http):
    stop = threading.Event()
    work = threading.Thread(
        target=sign_until, args=(settings, http, Places(), stop), kwargs={"first_seconds": 0.01}
    )
    open_book(settings, "sandbox")
    work.start()
    until = datetime.now(UTC).timestamp() + 30
    while datetime.now(UTC).timestamp() < until and not (
        checkpoints.files(settings.home, "house") and checkpoints.files(settings.home, "sandbox")
    ):
        stop.wait(0.05)
    stop.set()
    work.join(10)
    assert checkpoints.files(settings.home, "sandbox")
    assert not checkpoints.files(settings.home, "live")


def test_of_two_rotations_at_once_one_is_done_and_the_other_told(book, settings):
    signer(book, settings.home)
    start, new, told = threading.Barrier(2), [], []

    def rotated():
        start.wait()
        try:
            new.append(rotate(book, settings.home, ANN))
        except Changed as fault:
            told.append(fault)

    threads = [threading.Thread(target=rotated) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(new) + len(told) == 2
    assert new
    assert signer(book, settings.home).verifier == verifiers_of(book)[-1] == new[-1]


def test_a_key_file_that_is_gone_is_put_back_from_the_one_under_its_id(book, settings):
    first = signer(book, settings.home).verifier
    key_file(settings.home, "house").unlink()
    assert signer(book, settings.home).verifier == first


def test_a_given_key_hands_over_to_the_next_given_one(book, settings):
    old, new = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    env = {"NECTO_TRAIL_KEY": old}
    first = signer(book, settings.home, env).verifier
    with pytest.raises(BadKey, match="give the new one by NECTO_TRAIL_KEY_NEXT"):
        rotate(book, settings.home, ANN, env)
    both = env | {"NECTO_TRAIL_KEY_NEXT": new}
    second = rotate(book, settings.home, ANN, both)
    assert verifiers_of(book) == [first, second]
    assert signer(book, settings.home, both).verifier == second
    assert signer(book, settings.home, {"NECTO_TRAIL_KEY": new}).verifier == second
    with pytest.raises(BadKey, match="put that key back"):
        signer(book, settings.home, env)
    assert not key_file(settings.home, "house").exists()


def test_a_key_that_handed_over_signs_no_more(book, settings):
    old = signer(book, settings.home)
    new = rotate(book, settings.home, ANN)
    with pytest.raises(BadNote, match="sign with that"):
        checkpoints.make(book, old, settings.home)
    made = checkpoints.make(book, signer(book, settings.home), settings.home)
    assert opened(made.note, [new]).size == made.checkpoint.size


def test_a_checkpoint_file_is_never_replaced(book, settings):
    key = signer(book, settings.home)
    made = checkpoints.make(book, key, settings.home)
    [file] = checkpoints.files(settings.home, "house")
    with writing(book.engine) as connection:
        for guard in ("refuses_delete", "refuses_update"):
            connection.exec_driver_sql(f"DROP TRIGGER checkpoints_{guard}")
        connection.exec_driver_sql("DELETE FROM checkpoints")
    assert checkpoints.make(book, key, settings.home).note == made.note
    with writing(book.engine) as connection:
        connection.exec_driver_sql("DELETE FROM checkpoints")
    file.write_text("another history", encoding="utf-8")
    with pytest.raises(BadNote, match="signed other entries than the book has"):
        checkpoints.make(book, key, settings.home)
    assert file.read_text(encoding="utf-8") == "another history"


def test_a_book_that_is_lost_is_not_begun_anew(book, settings):
    checkpoints.make(book, signer(book, settings.home), settings.home)
    close_books()
    for file in (settings.home / "records").iterdir():
        file.unlink()
    with pytest.raises(BookLost, match="restore it"):
        open_book(settings, "house")
    (settings.home / "checkpoints" / "house").rename(settings.home / "kept")
    assert open_book(settings, "house").book == "house"


def test_whatever_stops_one_book_the_others_are_signed(settings, http):
    open_book(settings, "house")
    open_book(settings, "sandbox")
    key = key_file(settings.home, "house")
    key.parent.mkdir(parents=True)
    key.write_bytes("no key: é".encode())
    key.chmod(0o600)
    (settings.home / "checkpoints").mkdir()
    (settings.home / "checkpoints" / "house").write_text("no folder")
    stop = threading.Event()
    work = threading.Thread(
        target=sign_until, args=(settings, http, Places(), stop), kwargs={"first_seconds": 0.01}
    )
    work.start()
    until = time.monotonic() + 30
    while time.monotonic() < until and not checkpoints.files(settings.home, "sandbox"):
        stop.wait(0.05)
    assert work.is_alive()
    stop.set()
    work.join(10)
    assert checkpoints.files(settings.home, "sandbox")


def without_guards(book, *statements):
    with writing(book.engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS checkpoints_refuses_delete")
        for statement in statements:
            connection.exec_driver_sql(statement)


def found(book, home):
    return [f"{one.place}: {one.what}" for one in verify(book, home).report.problems]


def test_a_checkpoint_that_was_sent_and_then_dropped_everywhere_is_missed(
    book, settings, tmp_path, http
):
    (tmp_path / "outside").mkdir()
    assert sign_and_send(book, settings.home, http, Places(folder=tmp_path / "outside")) == []
    without_guards(book, "DELETE FROM checkpoints")
    for file in checkpoints.files(settings.home, "house"):
        file.unlink()
    assert "checkpoint/2: was sent, and is not in the records any more" in found(
        book, settings.home
    )


def test_a_checkpoint_without_its_file_is_told(book, settings):
    checkpoints.make(book, signer(book, settings.home), settings.home)
    assert verify(book, settings.home).report.notes == []
    checkpoints.files(settings.home, "house")[0].unlink()
    [note] = verify(book, settings.home).report.notes
    assert note.startswith("checkpoints at 2 have no file")


def test_what_a_key_signed_after_it_had_handed_over_is_found(book, settings, tmp_path):
    old = signer(book, settings.home)
    rotate(book, settings.home, ANN)
    grow(book)
    with book.reading() as view:
        size_now = size_of(view)
        late = Checkpoint(old.name, size_now, root_of(size_now, nodes(view)))
    forged = tmp_path / "late.note"
    forged.write_text(sign(body(late), old), encoding="utf-8")
    [problem] = verify(book, settings.home, [forged]).report.problems
    assert "is signed by a key that handed over at entry 2" in problem.what
