"""verify.py with what an auditor got elsewhere: keys, earlier checkpoints, witnesses."""

import pytest

from engine.canonical import Secret
from engine.notes import Signer, added, cosigned, rotation, sign
from engine.pack import pack_bytes
from tests.packs import (
    ABOUT,
    BOOK,
    KEY,
    ORIGIN,
    SIGNER,
    VERIFY_PY,
    WHOLE,
    TestBook,
    book,
    checked,
    contents,
    found,
    resealed,
    verifier,
)

V = verifier()

# --- Keys, witnesses ---------------------------------------------------------


@pytest.fixture
def note(tmp_path):
    def write(text: str) -> str:
        (tmp_path / "earlier").write_text(text, encoding="utf-8")
        return str(tmp_path / "earlier")

    return write


def test_a_key_got_elsewhere_is_compared():
    code, said = checked(WHOLE, "--key", KEY)
    assert code == 0
    assert "whose key this is" not in said
    other = Signer(ORIGIN, Secret(b"\x08" * 32)).verifier.text
    code, said = checked(WHOLE, "--key", other)
    assert code == 1
    assert "public_key: is not the key you gave, nor one that followed it" in said


def test_a_pack_signed_by_somebody_else_under_the_same_name_is_refused():
    thief = Signer(ORIGIN, Secret(b"\x08" * 32))
    forged = contents(pack_bytes(BOOK.pack(note=BOOK.note(signer=thief), verifier=thief.verifier)))
    assert checked(forged)[0] == 0  # that is why the key is to be got elsewhere
    assert checked(forged, "--key", KEY)[0] == 1
    assert "not signed by a trusted key" in checked(resealed(forged | {
        "public_key": WHOLE["public_key"]
    }))[1]  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 4, 7, 8, 11])
def test_the_book_begins_with_the_checkpoint_that_one_knows(size, note):
    code, said = checked(WHOLE, "--checkpoint", note(BOOK.note(size)))
    assert code == 0
    assert f"proved      history: the book begins with the {size} entr" in said
    assert "that history was not rewritten" not in said


def test_a_part_is_tied_to_an_earlier_checkpoint_by_a_proof_or_not_at_all(note):
    assert checked(ABOUT, "--checkpoint", note(BOOK.note(6)))[0] == 0
    code, said = checked(ABOUT, "--checkpoint", note(BOOK.note(7)))
    assert code == 1
    assert "proofs: nothing ties the book to the checkpoint you gave, of 7 entries" in said


def other_book(entries: int = 11) -> TestBook:
    made = TestBook()
    for index in range(entries):
        made.add(f"other/{index}")
    return made


@pytest.mark.parametrize("size", [1, 4, 7, 8, 11])
@pytest.mark.parametrize("pack", [WHOLE, ABOUT], ids=["whole", "subject"])
def test_a_history_that_was_rewritten_is_found(size, pack, note):
    code, said = checked(pack, "--checkpoint", note(other_book().note(size)))
    assert code == 1
    assert "you know" in said or "nothing ties the book" in said


def test_a_checkpoint_that_does_not_fit_is_refused(note):
    longer, place = book(12).note(), "the checkpoint you gave"
    assert f"has fewer entries than {place}, which has 12" in checked(
        WHOLE, "--checkpoint", note(longer)
    )[1]  # fmt: skip
    thief = Signer(ORIGIN, Secret(b"\x08" * 32))
    for text in (BOOK.note(4, thief), BOOK.note(4)[:-9], "no note", ""):
        assert checked(WHOLE, "--checkpoint", note(text))[0] == 1


def test_another_books_checkpoint_is_refused():
    point = V.Checkpoint("necto/0a1b2c/live", 4, bytes(32))
    with pytest.raises(V.Differs, match="is of necto/0a1b2c/live, another book"):
        V.compare_with_given({4: bytes(32)}, V.Checkpoint(ORIGIN, 11, bytes(32)), point)


NEW = Signer(ORIGIN, Secret(b"\x09" * 32))
NEWEST = Signer(ORIGIN, Secret(b"\x0a" * 32))
ROTATED = contents(pack_bytes(BOOK.pack(
    note=BOOK.note(signer=NEWEST), verifier=NEWEST.verifier,
    rotations=[rotation(SIGNER, NEW), rotation(NEW, NEWEST)],
)))  # fmt: skip


def test_keys_that_followed_each_other_are_trusted_from_old_to_new(note):
    for options in ((), ("--key", KEY), ("--key", NEWEST.verifier.text)):
        code, said = checked(ROTATED, *options)
        assert code == 0
        assert "keys: 3, each named by the one before it" in said
    assert checked(ROTATED, "--checkpoint", note(BOOK.note(4)))[0] == 0
    assert checked(ROTATED, "--checkpoint", note(BOOK.note(4, NEW)))[0] == 0


def test_a_key_that_was_stolen_and_changed_signs_no_pack_any_more():
    stolen = ROTATED | {"checkpoint": BOOK.note(signer=SIGNER).encode()}
    found(stolen, "checkpoint: is not signed by a trusted key")
    older = contents(pack_bytes(BOOK.pack()))
    assert checked(older, "--key", NEWEST.verifier.text)[0] == 1


def test_a_rotation_that_only_one_key_signed_is_refused():
    thief = Signer(ORIGIN, Secret(b"\x0b" * 32))
    text = f"necto/key-rotation\n{ORIGIN}\n{KEY}\n{thief.verifier.text}\n"
    for forged in (sign(text, SIGNER), sign(text, thief), sign("something\nelse\n", SIGNER)):
        found(ROTATED | {"rotations/1": forged.encode()}, "rotations/1")


def test_rotations_are_a_chain_that_ends_in_the_key_of_the_pack():
    one, two = ROTATED["rotations/1"], ROTATED["rotations/2"]
    found(ROTATED | {"rotations/2": one}, "rotations/2: does not begin with the key in which")
    found(ROTATED | {"rotations/1": two, "rotations/2": one}, "rotations/2: does not begin")
    found(ROTATED | {"rotations/3": two}, "rotations/3: does not begin")
    found(ROTATED | {"rotations/4": two}, "rotations/3: is missing")
    found(WHOLE | {"rotations/1": one}, "public_key: is not the key in which the rotations end")


WITNESS = Signer("witness.example/w1", Secret(b"\x0c" * 32))
SEEN = contents(pack_bytes(BOOK.pack(note=cosigned(BOOK.note(), WITNESS, 1_795_000_000))))


def test_a_witness_that_one_names_must_have_signed():
    vouched = WITNESS.witness.text
    code, said = checked(SEEN, "--witness", vouched)
    assert code == 0
    assert "witnesses: 1 that you named signed this checkpoint too" in said
    assert checked(SEEN)[0] == 0
    assert "is not signed by the witness that you named" in checked(WHOLE, "--witness", vouched)[1]
    forged = cosigned(BOOK.note(4), WITNESS, 5).splitlines(keepends=True)[-1]
    pack = resealed(WHOLE | {"checkpoint": added(BOOK.note(), forged).encode()})
    assert "the signature of witness.example/w1 does not fit" in checked(
        pack, "--witness", vouched
    )[1]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["/nowhere/pack.zip"],
        [str(VERIFY_PY.parent), "--key", "no key"],
        [str(VERIFY_PY.parent), "--witness", KEY.replace("+", "-")],
        [str(VERIFY_PY.parent), "--checkpoint", "/nowhere/checkpoint"],
        [str(VERIFY_PY.parent), "--unknown"],
        [str(VERIFY_PY.parent), "--limit-mib", "many"],
    ],
)
def test_a_wrong_command_is_told_apart_from_a_wrong_pack(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        V.main(arguments)
    assert left.value.code == 2
    assert "error" in capsys.readouterr().err
