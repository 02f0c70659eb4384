"""Files in a folder: whole, never replaced, and every way in which a folder fails."""

import errno
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor as Pool
from pathlib import Path

import pytest

from connectors.notify.base import Attachment, Message, PersonNeeded, Receipt, TryLater
from connectors.notify.folder import Folder

ROOT = Path(__file__).parents[2]


def checkpoint(content=b"note", name="5.note", *more):
    files = (Attachment(name, "text/plain", content), *more)
    return Message("Checkpoint", "five entries", files, "house/5")


def test_every_file_is_there_whole_and_nothing_else(tmp_path):
    stamp = Attachment("5.tsr", "application/timestamp-reply", b"\x00\r\n")
    receipt = Folder(tmp_path).send(checkpoint(b"a\nb", "5.note", stamp))
    assert receipt == Receipt("folder", str(tmp_path), "5.note, 5.tsr")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {
        "5.note": b"a\nb",
        "5.tsr": b"\x00\r\n",
    }


def test_a_message_without_files_becomes_one(tmp_path):
    for key in ("a/../../etc", "a-..-..-etc"):
        receipt = Folder(tmp_path).send(Message("Silent", "akash – 4 h", (), key))
        text = (tmp_path / receipt.reference).read_text(encoding="utf-8")
        assert text == "Silent\n\nakash – 4 h\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_same_again_is_a_success_and_changes_nothing(tmp_path):
    first = Folder(tmp_path).send(checkpoint())
    before = (tmp_path / "5.note").stat()
    assert Folder(tmp_path).send(checkpoint()) == first
    after = (tmp_path / "5.note").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


@pytest.mark.parametrize("other", [b"other", b"", b"note and more", b"not"])
def test_another_content_under_a_taken_name_is_refused_and_both_are_kept(tmp_path, other):
    Folder(tmp_path).send(checkpoint())
    with pytest.raises(PersonNeeded, match=r"5\.note is there with another content"):
        Folder(tmp_path).send(checkpoint(other))
    assert [one.name for one in tmp_path.iterdir()] == ["5.note"]
    assert (tmp_path / "5.note").read_bytes() == b"note"


def test_of_two_that_write_at_once_one_wins_and_the_other_is_told(tmp_path):
    def send(number):
        try:
            return Folder(tmp_path).send(checkpoint(b"%d" % number * 50_000, f"{number % 9}.note"))
        except PersonNeeded:
            return None

    with Pool(8) as threads:
        receipts = list(threads.map(send, range(90)))
    assert len([one for one in receipts if one]) == 9
    assert len(list(tmp_path.iterdir())) == 9


@pytest.mark.parametrize("code", [errno.EEXIST, errno.EPERM], ids=["links", "no links"])
def test_a_name_taken_between_looking_and_writing_is_not_replaced(tmp_path, monkeypatch, code):
    def quick(*_):
        (tmp_path / "5.note").write_bytes(b"theirs")
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", quick)
    with pytest.raises(PersonNeeded, match="another content"):
        Folder(tmp_path).send(checkpoint())
    assert (tmp_path / "5.note").read_bytes() == b"theirs"


def test_a_file_system_without_links_will_do(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    Folder(tmp_path).send(checkpoint())
    assert [one.name for one in tmp_path.iterdir()] == ["5.note"]


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    for path in (tmp_path / "share", tmp_path / "file" / "share"):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(PersonNeeded, match="is not there: mount or make it"):
            Folder(path).send(checkpoint())
        assert not path.exists()


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (errno.ENOSPC, TryLater, "took no file: No space left"),
        (errno.EDQUOT, TryLater, "took no file: Disk quota"),
        (errno.EBUSY, TryLater, "took no file: Device"),
        (errno.EIO, TryLater, "took no file: Input/output"),
        (errno.EROFS, PersonNeeded, "cannot be written: Read-only"),
        (errno.EACCES, PersonNeeded, "cannot be written: Permission"),
    ],
)
def test_a_folder_that_takes_nothing_says_so_and_keeps_no_half(
    tmp_path, monkeypatch, code, error, words
):
    def failing(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(error, match=words):
        Folder(tmp_path).send(checkpoint())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        ("size=64k", "TryLater took no file: No space"),
        ("ro", "PersonNeeded cannot be written: Read"),
    ],
)
def test_a_disk_that_is_really_full_or_read_only_says_so(tmp_path, mount, words):
    script = f"""
import pathlib
from connectors.notify.base import Attachment, Message, Undelivered
from connectors.notify.folder import Folder
files = (Attachment("a.note", "text/plain", bytes(500_000)),)
try:
    Folder(pathlib.Path({str(tmp_path)!r})).send(Message("s", "t", files, "k"))
except Undelivered as error:
    print(type(error).__name__, error)
print([one.name for one in pathlib.Path({str(tmp_path)!r}).iterdir()])
"""
    inside = f'mount -t tmpfs -o {mount} none "$1" && "$2" -c "$3"'
    command = ["unshare", "-rm", "sh", "-c", inside, "sh", str(tmp_path), sys.executable, script]
    if (
        not shutil.which("unshare")
        or subprocess.run(["unshare", "-rm", "true"], check=False).returncode
    ):
        pytest.skip("this machine lets nobody mount a disk of their own")
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    kind, _, what = words.partition(" ")
    assert done.stdout.startswith(f"{kind} the folder {tmp_path} {what}")
    assert done.stdout.endswith("[]\n")


def test_a_name_that_is_a_folder_or_leads_nowhere_is_not_replaced(tmp_path):
    (tmp_path / "5.note").mkdir()
    with pytest.raises(PersonNeeded, match="Is a directory"):
        Folder(tmp_path).send(checkpoint())
    (tmp_path / "6.note").symlink_to(tmp_path / "nowhere")
    with pytest.raises(PersonNeeded, match="cannot be written: No such file"):
        Folder(tmp_path).send(checkpoint(b"note", "6.note"))
    assert not (tmp_path / "nowhere").exists()


def test_a_failure_while_naming_leaves_nothing(tmp_path, monkeypatch):
    def failing(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", failing)
    with pytest.raises(TryLater, match="No space left"):
        Folder(tmp_path).send(checkpoint())
    assert list(tmp_path.iterdir()) == []
