"""Evidence packs: the same contents give the same bytes, and none is made that would not verify."""

import io
import json
import zipfile
from dataclasses import replace
from hashlib import sha256

import pytest

from engine.canonical import Secret, canonical, digest
from engine.merkle import leaf_hash, root
from engine.notes import Checkpoint, Signer, body, rotation, sign
from engine.pack import CHOSEN_MAX, PROOFS_MAX, BadPack, Chosen, Run, pack_bytes, write_pack
from tests.packs import BOOK, DOCUMENT, DOCUMENT_DIGEST, ORIGIN, SIGNER, SUBJECT, book, contents

WHOLE = BOOK.pack()
NEW = Signer(ORIGIN, Secret(b"\x09" * 32))


def test_the_same_contents_give_the_same_bytes():
    assert pack_bytes(BOOK.pack()) == pack_bytes(BOOK.pack())
    out = io.BytesIO()
    write_pack(out, BOOK.pack(SUBJECT))
    assert out.getvalue() == pack_bytes(BOOK.pack(SUBJECT))


def test_the_zip_says_nothing_of_when_and_where_it_was_made():
    with zipfile.ZipFile(io.BytesIO(pack_bytes(WHOLE))) as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    assert {(info.create_system, info.flag_bits) for info in infos} == {(3, 0)}


def test_the_manifest_names_every_other_file_by_its_digest():
    files = contents(pack_bytes(WHOLE))
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest == {
        "format": "necto-evidence/1",
        "book": "sandbox",
        "installation": "0a1b2c",
        "origin": ORIGIN,
        "size": 11,
        "root": BOOK.note().splitlines()[2],
        "files": {name: sha256(content).hexdigest() for name, content in files.items()},
    }
    assert write_pack(io.BytesIO(), BOOK.pack()) == manifest


def test_a_whole_book_has_its_entries_as_lines_in_their_order():
    files = contents(pack_bytes(WHOLE))
    assert files["entries.jsonl"] == b"".join(leaf + b"\n" for leaf in BOOK.leaves)
    assert json.loads(files["index.json"]) == {"start": 0, "end": 11, "complete": True}
    assert json.loads(files["proofs/range.json"]) == {
        "start": 0, "end": 11, "size": 11, "proof": []
    }  # fmt: skip
    assert files["checkpoint"] == BOOK.note().encode()
    assert files["public_key"] == SIGNER.verifier.text.encode() + b"\n"
    assert files["documents/" + DOCUMENT_DIGEST[7:]] == DOCUMENT
    assert files["ledger.jsonl"].count(b"\n") == 8
    assert b"the whole book" in files["README.txt"]


def test_a_part_says_where_it_stands():
    files = contents(pack_bytes(BOOK.pack(Run(2, 9))))
    assert json.loads(files["index.json"]) == {"start": 2, "end": 9, "complete": False}
    assert {f"proofs/{n}.json" for n in range(2, 9)} | {"proofs/range.json"} == {
        name for name in files if name.startswith("proofs/")
    }
    assert b"Entries       2 to 8" in files["README.txt"]
    assert b"Entries       none" in contents(pack_bytes(BOOK.pack(Run(3, 3))))["README.txt"]


def test_a_subject_pack_says_that_it_may_lack_some():
    files = contents(pack_bytes(BOOK.pack(SUBJECT)))
    assert json.loads(files["index.json"]) == {
        "leaf_indexes": [3, 6, 9], "complete": False, "subject": "order/0"
    }  # fmt: skip
    assert {"proofs/3.json", "proofs/6.json", "proofs/9.json"} == {
        name for name in files if name.startswith("proofs/")
    }
    assert b"does not show that these are all entries about it" in files["README.txt"]


def test_a_long_run_has_one_proof_for_all():
    leaf, size = BOOK.leaves[1], PROOFS_MAX + 1
    levels = [[leaf_hash(leaf)] * size]
    while len(levels[-1]) > 1:
        last = levels[-1]
        levels.append([root(last[n : n + 2]) for n in range(0, len(last) - 1, 2)])
    point = Checkpoint(ORIGIN, size, root(levels[0]))
    pack = replace(
        WHOLE, note=sign(body(point), SIGNER), selection=Run(0, size), leaves=[leaf] * size,
        node_of=lambda node: levels[node[0]][node[1]], ledger=None, documents={},
    )  # fmt: skip
    assert [n for n in contents(pack_bytes(pack)) if n.startswith("proofs/")] == [
        "proofs/range.json"
    ]


def test_without_a_ledger_there_is_no_ledger_file():
    assert "ledger.jsonl" not in contents(pack_bytes(BOOK.pack(ledger=None)))


def test_older_keys_and_checkpoints_are_tied_to_it():
    notes = [rotation(SIGNER, NEW)]
    pack = BOOK.pack(
        note=BOOK.note(signer=NEW), verifier=NEW.verifier, rotations=notes, earlier=[4, 11]
    )
    files = contents(pack_bytes(pack))
    assert files["rotations/1"] == notes[0].encode()
    assert json.loads(files["proofs/consistency-4.json"])["root"] == BOOK.note(4).splitlines()[2]
    assert json.loads(files["proofs/consistency-11.json"])["proof"] == []


def test_json_files_are_a_line_of_canonical_json():
    for name, content in contents(pack_bytes(BOOK.pack(earlier=[4]))).items():
        if name.endswith(".json"):
            assert canonical(json.loads(content)) + b"\n" == content


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"note": "no note"}, "the checkpoint cannot be used"),
        ({"note": BOOK.note(signer=Signer(ORIGIN, Secret(b"x" * 32)))}, "cannot be used"),
        ({"book": "live"}, f"the checkpoint is of {ORIGIN}, another book"),
        ({"leaves": BOOK.leaves[:-1]}, "entry 10 is not what"),
        ({"leaves": [*BOOK.leaves, b"more"]}, "entry beyond the chosen ones is not what"),
        ({"leaves": BOOK.leaves[::-1]}, "entry 0 is not what the book's tree holds"),
        ({"selection": Run(0, 12)}, "the entries 0 to 12 are not in a book of 11"),
        ({"selection": Run(5, 4)}, "the entries 5 to 4 are not"),
        ({"selection": Chosen("s", [2, 1])}, "not in the order of a book of 11"),
        ({"selection": Chosen("s", [1, 1])}, "not in the order"),
        ({"selection": Chosen("s", [11])}, "not in the order"),
        ({"documents": {digest(b"one"): b"two"}}, "is not that of its digest"),
        ({"rotations": ["no note"]}, "the rotations do not lead from key to key"),
        ({"rotations": [rotation(SIGNER, NEW)]}, "the rotations do not lead"),
        ({"rotations": [rotation(NEW, SIGNER), rotation(NEW, SIGNER)]}, "do not lead"),
        ({"rotations": [rotation(NEW, SIGNER), rotation(SIGNER, NEW)] * 50}, "do not lead"),
        ({"earlier": [12]}, "a book of 11 entries never had 12"),
    ],
)
def test_no_pack_is_made_that_would_not_verify(changes, reason):
    with pytest.raises(BadPack, match=reason):
        pack_bytes(replace(WHOLE, **changes))


def test_a_book_that_went_on_gives_the_same_pack_of_its_first_entries():
    assert pack_bytes(BOOK.pack(node_of=book(15).nodes.__getitem__)) == pack_bytes(WHOLE)


def test_a_tree_that_the_checkpoint_did_not_sign_is_refused():
    other = book(11)
    other.nodes = {node: sha256(value).digest() for node, value in other.nodes.items()}
    with pytest.raises(BadPack, match="the book's tree is not the one that its checkpoint signed"):
        pack_bytes(BOOK.pack(node_of=other.nodes.__getitem__))


def test_more_entries_than_a_subject_pack_can_prove_are_refused_before_anything_is_made():
    with pytest.raises(BadPack, match="choose a shorter time"):
        Chosen("s", range(CHOSEN_MAX + 1))
