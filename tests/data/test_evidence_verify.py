"""verify.py on packs: what is whole is proven, and every tampering is found with its place."""

import ast
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine import merkle
from engine.canonical import Json, canonical, digest
from engine.pack import Run, pack_bytes
from engine.trail import FileRef
from tests.packs import (
    ABOUT,
    BOOK,
    PACKS,
    PART,
    UNSIGNED,
    VERIFY_PY,
    WHOLE,
    ZIP,
    TestBook,
    book,
    checked,
    contents,
    flipped,
    found,
    lines,
    picked,
    posting,
    resealed,
    verifier,
)

V = verifier()
packs = st.sampled_from(sorted(PACKS))
anywhere = st.integers(0, 2**40)

# --- Packs as they are made -----------------------------------------------------------------------


def test_a_whole_book_is_proven_and_what_is_not_is_said():
    code, said = checked(WHOLE)
    assert code == 0
    for words in (
        "proved      files: 24", "proved      checkpoint: necto/0a1b2c/sandbox signed 11 entries",
        "proved      entries: 11", "proved      places: the whole book",
        "proved      documents: 1", "proved      ledger rows: 8", "proved      postings: 2",
        "not proved  what 2 sealed personal fields say", "the simulated times of 2 entries",
        "not proved  whose key this is", "not proved  that history was not rewritten",
        "not proved  README.txt and verify.py", "RESULT      nothing differs",
    ):  # fmt: skip
        assert words in said


def test_a_part_says_that_it_is_a_part_and_a_subject_that_it_may_lack_some():
    assert "proved      places: 7 of 11" in checked(PART)[1]
    assert "not proved  what the book's other entries say" in checked(PART)[1]
    assert "a subject pack cannot show that" in checked(ABOUT)[1]
    assert "the book's other entries" not in checked(WHOLE)[1]
    assert [checked(pack)[0] for pack in PACKS.values()] == [0, 0, 0]


def test_what_is_left_out_is_said():
    without = {n: c for n, c in WHOLE.items() if n[:4] not in {"docu", "ledg"}}
    code, said = checked(resealed(without))
    assert code == 0
    assert "not proved  the 8 ledger rows of the entries: ledger.jsonl is absent" in said
    assert "not proved  what is in 1 file that is not in the pack: offer.pdf (entry 4)\n" in said


def test_absent_files_are_named_with_their_entries_a_few_of_many():
    made = TestBook()
    for n in range(7):
        made.add("a", files=(FileRef(f"f{n}.pdf", digest(b"%d" % n), 1),))
    code, said = checked(signed(made))
    assert code == 0
    assert "7 files that are not in the pack: f0.pdf (entry 0), f1.pdf (entry 1)" in said
    assert "f4.pdf (entry 4) and 2 more, which data.files in entries.jsonl names" in said


def test_a_pack_without_a_ledger_has_nothing_to_say_of_one():
    without = pack_bytes(BOOK.pack(Run(0, 3), ledger=None))
    assert checked(without)[0] == 0
    assert "ledger" not in checked(without)[1]


@pytest.mark.parametrize("entries", [0, 1, 2, 8])
def test_a_book_of_any_size_is_proven(entries):
    assert checked(pack_bytes(book(entries).pack()))[0] == 0


@pytest.mark.parametrize("way", ["zip", "folder", "itself"])
def test_it_runs_alone_on_a_bare_python(way, tmp_path):
    folder = tmp_path / "pack"
    with zipfile.ZipFile(io.BytesIO(pack_bytes(BOOK.pack()))) as archive:
        archive.extractall(folder)
    (tmp_path / "pack.zip").write_bytes(pack_bytes(BOOK.pack()))
    command = [sys.executable, "-I", "-S", str(folder / "verify.py")]
    command += {"zip": [str(tmp_path / "pack.zip")], "folder": [str(folder)], "itself": []}[way]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("nothing differs\n")
    assert {path.name for path in tmp_path.iterdir()} == {"pack", "pack.zip"}
    (folder / "entries.jsonl").write_bytes(b"")
    assert subprocess.run(command[:4], capture_output=True, check=False).returncode == 1


def test_it_needs_the_standard_library_only():
    tree = ast.parse(VERIFY_PY.read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)
    assert not names & {"socket", "urllib", "http", "subprocess", "pickle"}


# --- Tampering ------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(packs, anywhere, anywhere)
def test_a_flipped_bit_in_any_file_is_found_there(pack, one, two):
    files = PACKS[pack]
    name = picked(sorted(files), one)
    code, said = checked(files | {name: flipped(files[name], two)})
    assert code == 1
    assert name in said


@settings(max_examples=40, deadline=None)
@given(packs, anywhere, anywhere)
def test_nor_does_a_manifest_made_anew_hide_it(pack, one, two):
    files = PACKS[pack]
    name = picked(sorted(files.keys() - UNSIGNED - {"manifest.json"}), one)
    code, said = checked(resealed(files | {name: flipped(files[name], two)}))
    assert code == 1, said
    assert "DIFFERS" in said


@settings(max_examples=20, deadline=None)
@given(packs, anywhere, anywhere, anywhere)
def test_a_file_cut_lengthened_dropped_or_exchanged_is_found_there(pack, one, two, three):
    files = PACKS[pack]
    name, other = picked(sorted(files), one), picked(sorted(files), two)
    cut = three % len(files[name])
    assume(files[name] != files[other])
    for changed in (
        files | {name: files[name][:cut]},
        files | {name: files[name] + b"\x00"},
        {n: c for n, c in files.items() if n != name},
        files | {name: files[other], other: files[name]},
    ):
        code, said = checked(changed)
        assert code == 1
        assert name in said or other in said


@settings(max_examples=12, deadline=None)
@given(packs, anywhere, anywhere)
def test_an_entry_dropped_doubled_exchanged_or_added_is_found(pack, one, two):
    files = PACKS[pack]
    own = lines(files)
    one, two = sorted((one % len(own), two % len(own)))
    assume(one != two)
    swapped = own.copy()
    swapped[one], swapped[two] = own[two], own[one]
    forged = own[one].replace(b'"done"', b'"failed"')
    for entries in (
        own[:one] + own[one + 1 :],
        own[:one] + own[one:][:1] + own[one:],
        swapped,
        [*own[:one], forged, *own[one:]],
        [*own[:one], forged, *own[one + 1 :]],
        own[:-1],
        [],
    ):
        found(files | {"entries.jsonl": b"".join(entries)}, "entries.jsonl")


def test_a_forged_entry_is_named():
    own = lines(WHOLE)
    own[6] = own[6].replace(b'"done"', b'"failed"')
    found(
        WHOLE | {"entries.jsonl": b"".join(own)},
        "entries.jsonl (entry 6): is not what was signed there",
    )


def test_what_was_only_read_is_not_called_proved_when_something_differs():
    own = lines(WHOLE)
    own[6] = own[6].replace(b'"done"', b'"failed"')
    _, said = checked(resealed(WHOLE | {"entries.jsonl": b"".join(own)}))
    kinds = {line[12:].split(":")[0]: line[:12].strip() for line in said.splitlines()}
    assert (kinds["files"], kinds["entries"], kinds["documents"]) == ("read", "read", "read")
    assert kinds["checkpoint"] == "proved"
    assert said.startswith("RESULT      2 differences: do not rely on this pack\n")


def test_an_entry_written_otherwise_is_named_with_its_line():
    own = lines(PART)
    own[3] = own[3].replace(b'{"data":', b'{ "data":')
    found(
        PART | {"entries.jsonl": b"".join(own)},
        "entries.jsonl line 4 (entry 5): is not written in the one canonical way",
    )


@settings(max_examples=8, deadline=None)
@given(anywhere)
def test_a_ledger_row_dropped_doubled_changed_or_added_is_found(one):
    rows = lines(WHOLE, "ledger.jsonl")
    one %= len(rows)
    amount = rows[one].replace(b'"entry_index":"', b'"entry_index":"1')
    for changed in (
        rows[:one] + rows[one + 1 :],
        rows[:one] + rows[one : one + 1] + rows[one:],
        [*rows[:one], amount, *rows[one + 1 :]],
        [*rows, amount],
        [],
    ):
        found(WHOLE | {"ledger.jsonl": b"".join(changed)}, "ledger.jsonl")


def test_a_document_that_no_entry_names_is_found():
    name = "documents/" + digest(b"other")[7:]
    found(WHOLE | {name: b"other"}, f"{name}: no entry of the pack names it")


def test_the_key_is_a_line():
    found(WHOLE | {"public_key": WHOLE["public_key"][:-1]}, "public_key")
    found(WHOLE | {"public_key": WHOLE["public_key"][:-1] + b"x"}, "public_key")


def test_a_smaller_pack_cannot_call_itself_the_whole_book():
    index = {"start": 2, "end": 9, "complete": True}
    found(PART | {"index.json": canonical(index) + b"\n"}, "index.json")


@pytest.mark.parametrize(
    "index",
    [
        {"start": 2, "end": 8, "complete": False},
        {"start": 3, "end": 10, "complete": False},
        {"start": -1, "end": 9, "complete": False},
        {"start": 9, "end": 2, "complete": False},
        {"start": 2, "end": 2**53 - 1, "complete": False},
        {"start": True, "end": 9, "complete": False},
        {"start": 2, "end": 9, "complete": False, "more": 1},
        {"leaf_indexes": [2, 3, 4, 5, 6, 7, 8], "complete": True, "subject": "order/1"},
        {"leaf_indexes": [3, 2], "complete": False, "subject": "order/1"},
        {"leaf_indexes": [2, 2], "complete": False, "subject": "order/1"},
        {"leaf_indexes": ["2"], "complete": False, "subject": "order/1"},
        {"leaf_indexes": [11], "complete": False, "subject": "order/1"},
        {"leaf_indexes": {}, "complete": False, "subject": "order/1"},
        {"leaf_indexes": [], "complete": False, "subject": 1},
        {},
    ],
)
def test_an_index_that_is_not_of_these_entries_is_found(index):
    found(PART | {"index.json": canonical(index) + b"\n"}, "DIFFERS")


def test_a_subject_pack_holds_its_subject_only():
    index = json.loads(ABOUT["index.json"])
    for subject in ("order/1", "order/0/x", "order/00"):
        forged = canonical(index | {"subject": subject}) + b"\n"
        found(ABOUT | {"index.json": forged}, "is about another subject than the pack")
    broader = canonical(index | {"subject": "order"}) + b"\n"
    assert checked(resealed(ABOUT | {"index.json": broader}))[0] == 0


def test_a_subject_pack_needs_the_proof_of_every_entry():
    del (files := dict(ABOUT))["proofs/6.json"]
    found(files, "proofs/6.json: is missing")
    found(WHOLE | {"proofs/11.json": WHOLE["proofs/10.json"]}, "proofs/11.json")


@settings(max_examples=60, deadline=None)
@given(anywhere, st.booleans(), st.integers(1, 255))
def test_a_flipped_byte_of_the_zip_is_found_or_changes_nothing_that_is_read(at, in_directory, by):
    raw = bytearray(ZIP)
    span = len(ZIP) - ZIP.index(b"PK\x01\x02") if in_directory else len(ZIP)
    raw[len(ZIP) - 1 - at % span] ^= by
    code, said = checked(bytes(raw))
    assert said.count("RESULT") == 2
    assert code == 1 or contents(bytes(raw)) == contents(ZIP)


# --- What a signer could have done wrong ----------------------------------------------------------


def signed(made: TestBook) -> dict[str, bytes]:
    return contents(pack_bytes(made.pack()))


def with_leaf(change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    """A pack of a book whose signer wrote its entry 2 with something changed."""
    made, changed = TestBook(), book(4)
    for index, leaf in enumerate(changed.leaves):
        leaf = change(leaf) if index == 2 else leaf  # noqa: PLW2901 - one is changed
        made.leaves.append(leaf)
        hashed = merkle.leaf_hash(leaf)
        made.nodes |= dict(merkle.appended(index, hashed, made.nodes.__getitem__))
    return signed(made)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"id":"2"', b'"id":"1"', "is not the entry of this book that belongs in this place"),
        (b"urn:necto:0a1b2c:", b"urn:necto:other:", "is not the entry of this book"),
        (b"19:00:02.", b"19:00:00.", "is recorded earlier than the entry before it"),
        (b"2026-11-24T19:00:02.000000Z", b"today", "is recorded earlier"),
        (b'"time":"2026-11-24T19:00:02.000000Z"', b'"time":5', "is not an entry"),
        (b'"effects":[]', b'"effects":5', "is not an entry"),
        (b'"effects":[]', b'"effects":[{"digest":[],"key":"","table":"legs"}]', "is not an entry"),
        (b'"files":[]', b'"files":[{"digest":"x","name":"","size":{}}]', "is not an entry"),
        (b'"subject":"order/2"', b'"subject":"order/2","extra":', "is not JSON"),
        (b'"specversion":"1.0"', b'"specversion":"0.9"', "is not the entry"),
        (b'{"data"', b'[{"data"', "is not JSON"),
        (b'"n":2', b'"n":2.5', "is not JSON as the format writes it (2.5 is not a whole number)"),
    ],
)
def test_an_entry_that_was_signed_wrong_is_named(old, new, words):
    code, said = checked(with_leaf(lambda leaf: leaf.replace(old, new)))
    assert code == 1
    assert "entries.jsonl line 3 (entry 2)" in said
    assert words in said


def test_an_entry_that_is_no_object_is_named():
    for leaf in (b"5", b"[]", b"null", b'"text"', b"{}"):
        code, said = checked(with_leaf(lambda _, leaf=leaf: leaf))
        assert code == 1
        assert "entries.jsonl line 3 (entry 2): is not an entry" in said


@pytest.mark.parametrize("depth", [63, 400, 100_000])
def test_nesting_deeper_than_ours_is_a_difference_of_its_line(depth):
    def nested(leaf: bytes) -> bytes:
        lists = b"[" * depth + b"]" * depth
        return leaf.replace(b'"result":"', b'"result":' + lists + b',"xresult":"')

    code, said = checked(with_leaf(nested))
    assert code == 1
    assert "entries.jsonl line 3 (entry 2): is not JSON as the format writes it" in said
    assert "cannot be read (" not in said


def test_the_deepest_entry_that_is_written_is_read():
    deepest: Json = "x"
    for _ in range(62):
        deepest = [deepest]
    made = TestBook()
    made.add("order/1", deepest)
    assert checked(signed(made))[0] == 0
    with pytest.raises(ValueError, match="more than 64"):
        TestBook().add("order/1", [deepest])


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (posting("p1", 500, -499), "posting p1 is off by 1 in USD"),
        (posting("p1", 5, -5)[:2], "posting p1 has 1 leg and should have 2"),
        (posting("p1", 5, -5)[1:], "posting p1 has 2 legs and should have None"),
        ((("legs", {"posting_id": "p"}),), "ledger.jsonl line 1: is not a row as the format"),
        ((("postings", {"posting_id": "p", "leg_count": "x"}),), "is not a row as the format"),
    ],
)
def test_a_posting_that_was_signed_unbalanced_is_named(facts, words):
    made = TestBook()
    made.add("order/1", facts=facts)
    code, said = checked(signed(made))
    assert code == 1
    assert words in said


def test_a_row_that_two_entries_vouch_for_is_named():
    made = TestBook()
    made.add("order/1", facts=posting("p1", 5, -5))
    twice = json.loads(made.leaves[0])
    twice["id"] = "1"
    made.leaves.append(canonical(twice))
    made.nodes |= dict(merkle.appended(1, merkle.leaf_hash(made.leaves[1]), made.nodes.__getitem__))
    assert "ledger.jsonl line 1: is a row that was counted already" in checked(signed(made))[1]


def test_rows_of_other_tables_do_not_belong_in_the_ledger():
    line = canonical({"table": "documents", "row": {}}) + b"\n"
    assert "vouches for" in checked(resealed(WHOLE | {"ledger.jsonl": line}))[1]
    assert "is not a row of the ledger" in books_said(line)
    assert "is not a row as the format" in books_said(b"[]\n")


def books_said(line: bytes) -> str:
    rows = {"sha256:" + digest(line[:-1])[7:]: 1}
    with pytest.raises(V.Differs) as difference:
        V.Books().add(line, V.Found([], is_run=True, rows=rows), "here")
    return str(difference.value)
