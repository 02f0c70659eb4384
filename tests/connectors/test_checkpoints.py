"""Checkpoints are signed as the book grows and sent once to every place outside."""

import threading
from datetime import UTC, datetime

import pytest

from connectors.http import HttpClient
from connectors.jobs.checkpoints import sign_and_send, sign_until
from connectors.notify.places import Places
from data import checkpoints
from data.books import close_books, open_book
from data.settings import Settings
from data.trail import size_of
from data.trail_keys import BadKey, key_file, rotate, signer, verifiers_of
from data.verification import verify
from engine.commands import Command
from engine.notes import opened
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
    path.unlink()
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
    path.rename(path.with_suffix(".next"))  # the crash came before the last step
    path.write_text(old)
    path.chmod(0o600)
    assert signer(book, settings.home).verifier == new
    assert not path.with_suffix(".next").exists()


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


def test_a_rotation_that_was_cut_off_before_it_was_recorded_stops_no_other(book, settings):
    path = key_file(settings.home, "house")
    signer(book, settings.home)
    path.with_suffix(".next").write_text("left over")
    new = rotate(book, settings.home, ANN)
    assert signer(book, settings.home).verifier == new
