"""verify.py on packs that are meant to deceive or to break it."""

import io
import json
import shutil
import stat
import zipfile

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.canonical import canonical
from tests.packs import UNSIGNED, WHOLE, checked, json_values, resealed, verifier, zipped

V = verifier()

# --- Hostile packs --------------------------------------------------------------------------------


def hostile(*members: tuple[zipfile.ZipInfo | str, bytes], how: int = 0) -> bytes:
    out = io.BytesIO(zipped(WHOLE))
    with zipfile.ZipFile(out, "a", how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "/etc/passwd", "documents/../../evil", "C:\\evil", "..\\evil", "a/",
        "documents/", "documents/" + "A" * 64, "entries.jsonl/x", "ENTRIES.JSONL", "checkpoint\n",
        ".hidden", "proofs/01.json", "proofs/-1.json", "proofs/1" + "0" * 19 + ".json",
        "rotations/0", "\u202eslx.tnemucod", "__MACOSX/x",
    ],
)  # fmt: skip
def test_a_name_that_does_not_belong_is_refused_unread(name):
    code, said = checked(hostile((name, b"x")))
    assert code == 1
    assert said.count("\n") == 3


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused():
    code, said = checked(hostile(("entries.jsonl", b"x")))
    assert code == 1
    assert "entries.jsonl: stands twice in the zip file" in said


def test_links_in_a_zip_are_refused():
    for kind in (stat.S_IFLNK, stat.S_IFDIR, stat.S_IFCHR):
        info = zipfile.ZipInfo("rotations/1")
        info.create_system, info.external_attr = 3, (kind | 0o777) << 16
        assert "rotations/1: is a link, a folder or a device" in checked(hostile((info, b"x")))[1]


def test_links_and_strange_files_in_a_folder_are_refused(tmp_path):
    for name, content in WHOLE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert V.main([str(tmp_path)]) == 0
    (tmp_path / "rotations").symlink_to("/")
    assert V.main([str(tmp_path)]) == 1
    (tmp_path / "rotations").unlink()
    (tmp_path / "checkpoint").rename(tmp_path / "old")
    (tmp_path / "checkpoint").symlink_to(tmp_path / "old")
    assert V.main([str(tmp_path)]) == 1
    shutil.move(tmp_path / "old", tmp_path / "checkpoint")
    assert V.main([str(tmp_path)]) == 0
    (tmp_path / "note.txt").write_text("x", encoding="utf-8")
    assert V.main([str(tmp_path)]) == 1


def test_a_bomb_is_not_unpacked():
    bomb = hostile(("rotations/1", bytes(5 * 2**20)), how=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 10**6
    code, said = checked(bomb, "--limit-mib", "4")
    assert code == 1
    assert "is larger than 4194304 bytes unpacked" in said


def test_unusual_packing_is_refused():
    for how in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        said = checked(hostile(("rotations/1", b"x"), how=how))[1]
        assert "rotations/1: is encrypted or packed in an unusual way" in said


def test_an_absurdly_long_line_is_refused(monkeypatch):
    monkeypatch.setattr(V, "LINE_MAX", 500)
    assert "entries.jsonl line 1: has more than 500 bytes" in checked(WHOLE)[1]


@pytest.mark.parametrize(
    "raw", [b"", b"PK", zipped({}), b"x" * 1000, zipped({"manifest.json": b""})]
)
def test_what_is_no_pack_is_refused_in_words(raw):
    code, said = checked(raw)
    assert code == 1
    assert "DIFFERS" in said
    assert "Traceback" not in said


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(WHOLE.keys() - UNSIGNED)), st.data())
def test_no_content_of_a_file_makes_it_crash(name, data):
    good = WHOLE[name]
    own = st.sampled_from(
        [good[:-1], good + good, good.replace(b'"', b"5"), b"{}\n", b"[]\n", b"5\n"]
    )
    json_line = json_values.map(lambda value: canonical(value) + b"\n")
    content = data.draw(own | json_line | st.binary(max_size=60))
    assume(content != good)
    code, said = checked(resealed(WHOLE | {name: content}) if name != "manifest.json" else (
        WHOLE | {name: content}
    ))  # fmt: skip
    assert code == 1
    assert "cannot be read (" not in said  # a difference that was foreseen, not a fault


@settings(max_examples=10, deadline=None)
@given(json_values)
def test_no_manifest_makes_it_crash(value):
    manifest = json.loads(WHOLE["manifest.json"])
    for name in manifest:
        forged = canonical(manifest | {name: value}) + b"\n"
        assume(value != manifest[name])
        code, said = checked(WHOLE | {"manifest.json": forged})
        assert code == 1
        assert "cannot be read (" not in said


def test_what_is_neither_a_folder_nor_a_file_is_refused(capsys):
    assert V.main(["/dev/null"]) == 1
    assert "/dev/null: is neither a folder nor a file" in capsys.readouterr().out


def test_hostile_text_is_shown_inert():
    said = checked(hostile(("\x1b[31m\u202e", b"x")))[1]
    assert said.isascii()
    assert "\x1b" not in said


def test_so_many_differences_are_counted_and_not_all_told(monkeypatch):
    monkeypatch.setattr(V, "SHOWN_MAX", 3)
    code, said = checked({n: c for n, c in WHOLE.items() if not n.startswith("proofs/")})
    assert code == 1
    assert said.count("DIFFERS") == 3
    assert int(said.split("RESULT")[1].split()[0]) > 10
