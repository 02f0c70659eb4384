"""An entry is proved from its bytes up, and whatever was changed on the way is told."""

import json
from dataclasses import replace

import pytest

from engine.canonical import Secret
from engine.merkle import appended, inclusion_proof, leaf_hash, root_of
from engine.notes import Checkpoint, Signer, body, sign
from engine.proofs import Kept, Proof, Standing, checked

ORIGIN = "necto/here/house"
SIGNER = Signer(ORIGIN, Secret(b"s" * 32))
LEAVES = [f'{{"n":{n}}}'.encode() for n in range(7)]


def kept(index: int = 2) -> Kept:
    nodes = {}
    for place, leaf in enumerate(LEAVES):
        nodes |= dict(appended(place, leaf_hash(leaf), nodes.__getitem__))
    point = Checkpoint(ORIGIN, len(LEAVES), root_of(len(LEAVES), nodes.__getitem__))
    hashes = inclusion_proof(index, len(LEAVES), nodes.__getitem__)
    proof = Proof(index, point, sign(body(point), SIGNER), "2026-11-24T12:00:00.000000Z", hashes)
    leaf = LEAVES[index]
    return Kept(index, len(LEAVES), leaf, leaf_hash(leaf), proof, [SIGNER.verifier])


@pytest.mark.parametrize("index", range(len(LEAVES)))
def test_every_entry_leads_to_the_signed_root(index):
    one = kept(index)
    found = checked(one, one.proof)

    assert found.faults == []
    assert found.root == one.proof.checkpoint.root == found.steps[-1].result
    assert found.signed_by == [SIGNER.verifier.text]


def test_the_entry_of_a_book_of_one_is_its_root():
    leaf = LEAVES[0]
    point = Checkpoint(ORIGIN, 1, leaf_hash(leaf))
    one = Kept(0, 1, leaf, leaf_hash(leaf), verifiers=[SIGNER.verifier])
    found = checked(one, Proof(0, point, sign(body(point), SIGNER), "", []))

    assert (found.steps, found.faults) == ([], [])


OTHER = Signer(ORIGIN, Secret(b"o" * 32))
CHANGES = {
    "its bytes": (lambda k: (replace(k, leaf=b"{}"), k.proof), ["are not those", "do not lead"]),
    "its hash": (lambda k: (replace(k, hash=bytes(32)), k.proof), ["are not those"]),
    "a sibling": (lambda k: (k, replace(k.proof, hashes=[bytes(32), *k.proof.hashes[1:]])),
                  ["do not lead"]),
    "a sibling less": (lambda k: (k, replace(k.proof, hashes=k.proof.hashes[1:])),
                       ["hashes prove nothing", "do not lead"]),
    "the note": (lambda k: (k, replace(k.proof, note=k.proof.note.replace("\n7\n", "\n8\n"))),
                 ["does not fit"]),
    "the key": (lambda k: (replace(k, verifiers=[OTHER.verifier]), k.proof), ["not signed by"]),
    "the size": (lambda k: (k, replace(k.proof, checkpoint=replace(k.proof.checkpoint, size=6))),
                 ["states another checkpoint"]),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_was_changed_is_told(change):
    how, words = CHANGES[change]
    one = kept()
    faults = checked(*how(one)).faults

    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))


def test_a_proof_is_written_as_an_evidence_pack_writes_it():
    told = json.loads(kept(5).proof.json)

    assert (told["leaf_index"], told["size"], len(told["proof"])) == (5, 7, 3)
    assert kept(5).proof.json.startswith(b'{"leaf_index":5,"proof":["')


def test_a_book_that_nobody_verified_has_no_verdict():
    assert Standing(1).verdict is None
