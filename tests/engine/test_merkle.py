"""The hash tree: the standard's own figures, another program's opinion, and no false proof."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from engine.merkle import (
    EMPTY_ROOT,
    SIZE_MAX,
    appended,
    consistency_proof,
    inclusion_proof,
    inclusion_steps,
    leaf_hash,
    node_hash,
    peaks,
    range_proof,
    root,
    root_of,
    verify_consistency,
    verify_inclusion,
    verify_range,
)

# The eight leaves of the tests of the first RFC 6962 log, and the roots of the first n of them.
RFC_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                 "606162636465666768696a6b6c6d6e6f")
]  # fmt: skip
RFC_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(str(number).encode()) for number in range(70)]
sizes = st.integers(1, len(LEAVES))


def stored(size):
    nodes: dict[tuple[int, int], bytes] = {}
    for index in range(size):
        nodes.update(appended(index, LEAVES[index], nodes.__getitem__))
    return nodes


NODES = stored(len(LEAVES))


def node_of(node):
    return NODES[node]


def rfc_root(leaves):
    """MTH as RFC 6962, 2.1, writes it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(rfc_root(leaves[:k]), rfc_root(leaves[k:]))


def flipped(value, bit=0):
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def spoilt(proof):
    """Every proof that is not this one by one change: flip, drop, double, swap, cut, add."""
    for place in range(len(proof)):
        yield [*proof[:place], flipped(proof[place], 37), *proof[place + 1 :]]
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[: place + 1], *proof[place:]]
        yield [*proof[:place], proof[place][:31], *proof[place + 1 :]]
    for place, (one, two) in enumerate(pairwise(proof)):
        yield [*proof[:place], two, one, *proof[place + 2 :]]
    yield [*proof, LEAVES[0]]
    yield [LEAVES[0], *proof]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_first_log(size):
    leaves = [leaf_hash(leaf) for leaf in RFC_LEAVES[:size]]
    assert root(leaves).hex() == RFC_ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing():
    assert root([]) == EMPTY_ROOT == root_of(0, node_of) == hashlib.sha256(b"").digest()
    assert peaks(0) == []


@pytest.mark.parametrize("size", range(1, 41))
def test_another_program_finds_the_same_root(size):
    other = InmemoryTree(algorithm="sha256")
    for number in range(size):
        other.append_entry(str(number).encode())
    assert root(LEAVES[:size]) == other.get_root() == root_of(size, node_of)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=3), max_size=70))
def test_the_root_is_the_one_of_the_recursive_definition(leaves):
    hashes = [leaf_hash(leaf) for leaf in leaves]
    assert root(hashes) == rfc_root(hashes)


@settings(deadline=None)
@given(sizes)
def test_only_complete_subtrees_are_stored_and_each_once(size):
    expected = {
        (level, position) for level in range(size.bit_length()) for position in range(size >> level)
    }
    added = [node for index in range(size) for node, _ in appended(index, LEAVES[0], node_of)]
    assert set(added) == expected
    assert len(added) == len(expected)


@settings(deadline=None)
@given(sizes)
def test_a_stored_node_is_the_root_of_its_leaves(size):
    for (level, position), value in stored(size).items():
        assert value == rfc_root(LEAVES[position << level : (position + 1) << level])


@settings(deadline=None)
@given(st.integers(0, 2**62))
def test_appending_reads_at_most_one_node_a_level(size):
    read = []

    def never_stored(node):
        read.append(node)
        return EMPTY_ROOT

    added = appended(size, LEAVES[0], never_stored)
    assert len(read) == len(added) - 1 <= size.bit_length()
    assert len({level for level, _ in read}) == len(read)
    assert sum(1 << level for level, _ in peaks(size)) == size
    assert len(peaks(size)) == size.bit_count()


@settings(deadline=None)
@given(sizes, st.data())
def test_every_leaf_is_proven_and_the_last_step_is_the_root(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, node_of)
    steps = inclusion_steps(LEAVES[index], index, size, proof)
    assert verify_inclusion(LEAVES[index], index, size, proof, root(LEAVES[:size]))
    assert [step.sibling for step in steps] == proof
    assert (steps[-1].result if steps else LEAVES[index]) == root(LEAVES[:size])


@settings(max_examples=40, deadline=None)
@given(sizes, st.data())
def test_nothing_else_is_proven_about_a_leaf(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof, top, leaf = inclusion_proof(index, size, node_of), root(LEAVES[:size]), LEAVES[index]
    for other in {*range(-1, size + 2)} - {index}:
        assert not verify_inclusion(leaf, other, size, proof, top)
    for changed in spoilt(proof):
        assert not verify_inclusion(leaf, index, size, changed, top)
    assert not verify_inclusion(flipped(leaf), index, size, proof, top)
    assert not verify_inclusion(leaf, index, size, proof, flipped(top))
    assert not verify_inclusion(leaf, index, size, proof, top[:31])
    assert not verify_inclusion(leaf, index, 0, proof, top)


@pytest.mark.parametrize("number", [-1, 2**63, 10**4000])
def test_an_absurd_size_is_no_proof_and_no_crash(number):
    assert not verify_inclusion(LEAVES[0], 0, number, [], LEAVES[0])
    assert not verify_consistency(0, EMPTY_ROOT, number, EMPTY_ROOT, [])
    assert not verify_range([], 0, number, [], EMPTY_ROOT)
    assert not verify_inclusion(LEAVES[0], 0, SIZE_MAX, [], LEAVES[0])
    assert not verify_range(LEAVES[:1], 0, SIZE_MAX, [], LEAVES[0])
    assert not verify_consistency(1, EMPTY_ROOT, SIZE_MAX, EMPTY_ROOT, [])


def test_a_leaf_outside_the_tree_has_no_proof():
    for index in (-1, 3):
        with pytest.raises(ValueError, match="is not in a tree of 3"):
            inclusion_proof(index, 3, node_of)
    with pytest.raises(ValueError, match="1 hashes prove nothing about leaf 0 of 3"):
        inclusion_steps(LEAVES[0], 0, 3, [LEAVES[1]])


@settings(deadline=None)
@given(sizes, st.data())
def test_a_tree_that_grew_is_proven_to_begin_with_the_old_one(new, data):
    old = data.draw(st.integers(0, new))
    proof = consistency_proof(old, new, node_of)
    roots = root(LEAVES[:old]), root(LEAVES[:new])
    assert len(proof) <= new.bit_length() + 1
    assert verify_consistency(old, roots[0], new, roots[1], proof)


@settings(max_examples=40, deadline=None)
@given(sizes, st.data())
def test_nothing_else_is_proven_about_two_trees(new, data):
    old = data.draw(st.integers(0, new))
    proof = consistency_proof(old, new, node_of)
    older, newer = root(LEAVES[:old]), root(LEAVES[:new])
    for changed in spoilt(proof):
        assert not verify_consistency(old, older, new, newer, changed)
    assert not verify_consistency(old, flipped(older), new, newer, proof)
    assert not verify_consistency(old, older[:31], new, newer, proof)
    if old:
        assert not verify_consistency(old, older, new, flipped(newer), proof)
    if 0 < old < new:
        assert not verify_consistency(new, newer, old, older, proof)
        assert not verify_consistency(old, older, new, newer, [])


@settings(deadline=None)
@given(sizes, st.data())
def test_a_rewritten_past_has_no_consistency_proof(new, data):
    old = data.draw(st.integers(1, new))
    place = data.draw(st.integers(0, old - 1))
    forged = [*LEAVES[:place], leaf_hash(b"forged"), *LEAVES[place + 1 : new]]
    proof = consistency_proof(old, new, node_of)
    assert not verify_consistency(old, root(LEAVES[:old]), new, root(forged), proof)


def test_a_tree_never_had_a_size_beyond_its_own():
    for old in (-1, 4):
        with pytest.raises(ValueError, match=f"a tree of 3 leaves never had {old}"):
            consistency_proof(old, 3, node_of)


@settings(deadline=None)
@given(sizes, st.data())
def test_a_run_of_leaves_is_proven_whole_and_in_its_place(size, data):
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    proof = range_proof(start, end, size, node_of)
    assert len(proof) <= 2 * size.bit_length()
    assert verify_range(LEAVES[start:end], start, size, proof, root(LEAVES[:size]))


@settings(max_examples=40, deadline=None)
@given(sizes, st.data())
def test_nothing_else_is_proven_about_a_run(size, data):
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size))
    run, top = LEAVES[start:end], root(LEAVES[:size])
    proof = range_proof(start, end, size, node_of)
    for changed in spoilt(proof):
        assert not verify_range(run, start, size, changed, top)
    for changed in spoilt(run):
        assert not verify_range(changed, start, size, proof, top)
    for other in {*range(-1, size + 1)} - {start}:
        assert not verify_range(run, other, size, proof, top)
    assert not verify_range(run, start, size, proof, flipped(top))


@settings(deadline=None)
@given(sizes, sizes)
def test_all_leaves_are_those_of_one_size_only(size, other):
    """Of a part the proof does not know the size: that is what the checkpoint signs."""
    assert verify_range(LEAVES[:size], 0, other, [], root(LEAVES[:size])) == (size == other)


def test_a_run_outside_the_tree_has_no_proof():
    for start, end in ((-1, 2), (2, 1), (0, 4)):
        with pytest.raises(ValueError, match="are not in a tree of 3"):
            range_proof(start, end, 3, node_of)


def test_a_run_of_one_leaf_takes_as_many_hashes_as_the_leaf():
    for index in range(len(LEAVES)):
        alone = range_proof(index, index + 1, len(LEAVES), node_of)
        assert sorted(alone) == sorted(inclusion_proof(index, len(LEAVES), node_of))
