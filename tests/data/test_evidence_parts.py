"""What verify.py is made of: its signatures, its JSON and its tree are those of the standards."""

import base64
import io

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from data.tables import LEDGER
from engine import merkle
from engine.canonical import canonical
from engine.notes import sign
from engine.pack import FORMAT
from engine.trail import ENTRY_BYTES_MAX, SCHEMA
from tests.packs import BOOK, KEY, ORIGIN, SIGNER, VERIFY_PY, json_values, verifier

V = verifier()

# --- Ed25519 --------------------------------------------------------------------------------------

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        ("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b"),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        ("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
        "4dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        ("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
        "feebbd454d4423643ce80e2a9ac94fa54ca49f"),
        ("dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c664"
        "31e0303dca179c138ac17ad9bef1177331a704"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_examples_of_the_standard_are_accepted(key, message, signature):
    parts = [bytes.fromhex(part) for part in (key, message, signature)]
    assert V.is_signed(*parts)
    assert not V.is_signed(parts[0], parts[1] + b"\x00", parts[2])


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_signatures_are_judged_as_openssl_judges_them(seed, message, bit):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert V.is_signed(public, message, signature)
    assert not V.is_signed(public, message, bytes(changed))
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(bytes(changed), message)


def test_the_second_form_of_a_signature_is_refused():
    key, message, signature = (bytes.fromhex(part) for part in RFC_8032[1])
    scalar = int.from_bytes(signature[32:], "little")
    second = signature[:32] + (scalar + V.ORDER).to_bytes(32, "little")
    assert not V.is_signed(key, message, second)


@pytest.mark.parametrize(
    "key",
    [
        (1).to_bytes(32, "little"),  # the neutral point: accepts what nobody signed
        (V.P - 1).to_bytes(32, "little"),
        bytes(32),
        (1 | 1 << 255).to_bytes(32, "little"),  # x = 0 with a sign
        V.P.to_bytes(32, "little"),  # y beyond the field
        (2).to_bytes(32, "little"),  # on no point
        bytes(31),
    ],
)
def test_a_key_that_would_accept_anything_is_refused(key):
    signature = (1).to_bytes(32, "little") + bytes(32)
    assert not V.is_signed(key, b"message", signature)
    assert not V.is_signed(key, b"message", signature[:63])


# --- Its JSON and its tree are the engine's -------------------------------------------------------


@settings(deadline=None)
@given(json_values)
def test_it_reads_exactly_what_the_engine_writes(value):
    line = canonical(value) + b"\n"
    assert V.read_json(line, "here") == value
    assert V.canonical(value) == canonical(value)


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":0.5}\n', b'{"a":1e3}\n', b"NaN\n", b"[Infinity]\n", b"-0\n", b"01\n", b"[1, 2]\n",
        b'{"b":1,"a":2}\n', b'{"a":1,"a":1}\n', b'"\\u0041"\n', b'"\\ud800"\n', b"\xff\n",
        b"9007199254740992\n", b"9" * 5000 + b"\n", b"[" * 100_000 + b"\n", b"[]", b"[]\r\n",
        b"[]\n\n", b"\n", b"", b"\xef\xbb\xbf[]\n", b'"\x7f\x00"\n', b"tru\n",
    ],
)  # fmt: skip
def test_what_could_be_written_otherwise_is_refused(line):
    with pytest.raises(V.Differs, match=r"^here: "):
        V.read_json(line, "here")


LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(40)]
NODES: dict = {}
for number, one in enumerate(LEAVES):
    NODES |= dict(merkle.appended(number, one, NODES.__getitem__))


@settings(deadline=None)
@given(st.integers(1, 40), st.data())
def test_its_tree_is_the_engines(size, data):
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    end = data.draw(st.integers(index, size))
    node_of, top = NODES.__getitem__, merkle.root(LEAVES[:size])
    alone = merkle.inclusion_proof(index, size, node_of)
    run = merkle.range_proof(index, end, size, node_of)
    both = merkle.consistency_proof(old, size, node_of)
    roots = (merkle.root(LEAVES[:old]), top)
    assert V.root_of(LEAVES[:size]) == top
    assert V.leads_to(top, V.root_by_inclusion, LEAVES[index], index, size, alone[:])
    assert V.leads_to(top, V.root_by_range, LEAVES[index:end], index, 0, size, run[:])
    assert V.leads_to(roots, V.roots_by_consistency, old, size, roots[0], both[:])
    if alone:
        assert not V.leads_to(top, V.root_by_inclusion, LEAVES[index], index, size, alone[1:])
    for longer in (alone, run, both):
        longer.insert(data.draw(st.integers(0, len(longer))), LEAVES[0])
    assert not V.leads_to(top, V.root_by_inclusion, LEAVES[index], index, size, alone)
    assert not V.leads_to(top, V.root_by_range, LEAVES[index:end], index, 0, size, run)
    assert not V.leads_to(roots, V.roots_by_consistency, old, size, roots[0], both)


def test_it_knows_the_format_that_is_written():
    assert (V.FORMAT, V.SCHEMA) == (FORMAT, SCHEMA)
    assert {table.name for table in LEDGER} == V.LEDGER_TABLES
    assert ENTRY_BYTES_MAX + len("\n") == V.LINE_MAX
    text = (VERIFY_PY.parents[3] / "docs" / "evidence-pack.md").read_text(encoding="utf-8")
    assert all(f"`{word}`" in text for word in (FORMAT, *V.LEDGER_TABLES, *V.REQUIRED))


# --- Its notes are the engine's -------------------------------------------------------------------

NOTE = BOOK.note()
LINE = NOTE.rpartition("\n\n")[2]
TEXT = NOTE.removesuffix("\n" + LINE)
ROOT = TEXT.splitlines()[2]
OWN = V.read_key(KEY, "here")


def test_it_reads_the_checkpoint_that_the_engine_signs():
    assert V.read_checkpoint(NOTE.encode(), {OWN}, "here") == V.Checkpoint(
        ORIGIN, 11, base64.b64decode(ROOT)
    )
    assert (OWN.name, OWN.kind, OWN.raw) == (ORIGIN, 1, SIGNER.verifier.public_key)


@pytest.mark.parametrize(
    "note",
    [
        NOTE[:-1], NOTE + "\n", NOTE.replace("\n\n", "\n"), TEXT, TEXT + "\n", "\n\n" + LINE, "",
        NOTE.replace("— ", "- "), NOTE.replace("\n", "\r\n"), "\t" + NOTE,
        NOTE.replace("=\n\n", "\n\n"),
        NOTE.replace(LINE, f"— {ORIGIN} ====\n"), NOTE.replace(ORIGIN, "necto/0a1b2c/live"),
        NOTE.replace("\n11\n", "\n12\n"), "x" * 70_000 + NOTE,
    ],
)  # fmt: skip
def test_a_note_that_is_not_as_it_was_signed_is_refused(note):
    with pytest.raises(V.Differs, match=r"^here: "):
        V.read_checkpoint(note.encode(), {OWN}, "here")
    with pytest.raises(V.Differs, match="here: is not UTF-8"):
        V.read_checkpoint(b"\xff" + note.encode(), {OWN}, "here")


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n11\n",
        f"{ORIGIN}\n011\n{ROOT}\n",
        f"{ORIGIN}\n{10**18}\n{ROOT}\n",
        f"{ORIGIN}\n11\n{ROOT}\nmore\n",
        f"{ORIGIN}\n11\nAAAA\n",
        f"{ORIGIN}\n11\n!!!!\n",
        f"other\n11\n{ROOT}\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_of_the_log_is_refused(text):
    with pytest.raises(V.Differs, match=r"^here: "):
        V.read_checkpoint(sign(text, SIGNER).encode(), {OWN}, "here")


@pytest.mark.parametrize(
    "text",
    ["", "x", KEY + "\n", KEY[:-4], KEY.replace("+", " ", 1), "x" + KEY, KEY.replace("+A", "+B"),
     KEY.replace(KEY.split("+")[1], "00000000"), f"{ORIGIN}+{KEY.split('+')[1]}+===="],
)  # fmt: skip
def test_a_key_that_contradicts_itself_is_refused(text):
    with pytest.raises(V.Differs, match=r"^here: "):
        V.read_key(text, "here")


@pytest.mark.parametrize("text", ["AB==", "A", "!!!!", "AA==\n", 5, None, ["AA=="]])
def test_base64_is_written_in_one_way(text):
    with pytest.raises(V.Differs, match="here: holds"):
        V.unbase64(text, "here")


def test_a_pack_file_is_read_up_to_a_limit_and_must_be_there():
    pack = V.Pack({"checkpoint": 3}, lambda _: io.BytesIO(b"[1]\n"))
    assert pack.read("checkpoint", 4) == b"[1]\n"
    with pytest.raises(V.Differs, match="checkpoint: has more than 3 bytes"):
        pack.read("checkpoint", 3)
    with pytest.raises(V.Differs, match="public_key: is missing"):
        pack.read("public_key")
    with pytest.raises(V.Differs, match="checkpoint: is not a JSON object"):
        pack.json("checkpoint")


def test_a_proof_is_a_list_of_hashes_about_its_own_place():
    for proof, words in (
        ({"size": 3, "proof": []}, "is not about"),
        ({"size": True, "proof": []}, "is not about"),
        ({"size": 1, "proof": "x"}, "does not hold a list of hashes"),
        ({"size": 1, "proof": ["AAAA"]}, "does not hold a list of hashes"),
        ({"size": 1, "proof": [5]}, "is not base64"),
        ({"size": 1}, "does not hold a list of hashes"),
    ):
        line = canonical(proof) + b"\n"
        with pytest.raises(V.Differs, match=words):
            V.read_proof(V.Pack({"p": 1}, lambda _, line=line: io.BytesIO(line)), "p", {"size": 1})
