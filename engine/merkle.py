"""A hash tree over a list that only grows, by RFC 6962 (https://www.rfc-editor.org/rfc/rfc6962).

Its root stands for every leaf and their order. A few hashes prove that a leaf, or a run of leaves,
is under a root, and that one root's leaves are the first of another's. Hashes are 32 bytes. Stored
are complete subtrees only: node ``(level, position)`` covers the leaves ``position * 2**level`` up
to ``(position + 1) * 2**level``, so a stored node never changes.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal, TypeAlias

Node: TypeAlias = tuple[int, int]
NodeOf: TypeAlias = Callable[[Node], bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""
HASH_BYTES = 32
SIZE_MAX = 2**63 - 1
"""The largest tree that a proof may speak of: positions are 64-bit integers in the records."""


@dataclass(frozen=True, slots=True)
class InclusionStep:
    """One hash on the way from a leaf to the root; ``side`` is where the sibling stands."""

    side: Literal["left", "right"]
    sibling: bytes
    result: bytes


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf with this data."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over these leaf hashes.

    Level by level, and a node without a sibling rises as it is: that is the same tree as the
    standard's, which splits at the largest power of two.
    """
    if not leaf_hashes:
        return EMPTY_ROOT
    sha256, level = hashlib.sha256, leaf_hashes
    while len(level) > 1:
        pairs = iter(level)
        above = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(pairs, pairs, strict=False)
        ]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def appended(size: int, leaf: bytes, node_of: NodeOf) -> list[tuple[Node, bytes]]:
    """Return the nodes that appending this leaf hash to ``size`` leaves completes, leaf first.

    Reads as many stored nodes as it adds above the leaf: at most one a level.
    """
    level, position, value = 0, size, leaf
    added = [((level, position), value)]
    while position % 2:
        value = node_hash(node_of((level, position - 1)), value)
        level, position = level + 1, position // 2
        added.append(((level, position), value))
    return added


def peaks(size: int) -> list[Node]:
    """Return the largest complete subtrees that make up a tree of this size, from left to right."""
    return _cover(0, size)


def root_of(size: int, node_of: NodeOf) -> bytes:
    """Return the root of the first ``size`` leaves from the stored nodes."""
    return _subtree(0, size, node_of) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node_of: NodeOf) -> list[bytes]:
    """Return the hashes that lead from leaf ``index`` to the root of ``size`` leaves, lowest first.

    Raises ValueError when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    start, end = 0, size
    siblings: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append(_subtree(middle, end, node_of))
            end = middle
        else:
            siblings.append(_subtree(start, middle, node_of))
            start = middle
    return siblings[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Say whether the proof shows this leaf hash at ``index`` under the root of ``size`` leaves."""
    if not _are_hashes([leaf, root, *proof]):
        return False
    try:
        steps = inclusion_steps(leaf, index, size, proof)
    except ValueError:
        return False
    return (steps[-1].result if steps else leaf) == root


def inclusion_steps(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes]
) -> list[InclusionStep]:
    """Return every hash that checking this proof computes; the last result should be the root.

    Raises ValueError when no proof for that leaf and size has this number of hashes.
    """
    sides = list(_sides(index, size)) if 0 <= index < size <= SIZE_MAX else []
    if not 0 <= index < size <= SIZE_MAX or len(sides) != len(proof):
        raise ValueError(f"{len(proof)} hashes prove nothing about leaf {index} of {size}")
    steps: list[InclusionStep] = []
    for side, sibling in zip(sides, proof, strict=True):
        leaf = node_hash(sibling, leaf) if side == "left" else node_hash(leaf, sibling)
        steps.append(InclusionStep(side, sibling, leaf))
    return steps


def consistency_proof(old: int, new: int, node_of: NodeOf) -> list[bytes]:
    """Return the hashes which show that the first ``old`` of ``new`` leaves were left as they were.

    None are needed from an empty tree or between equal sizes. Raises ValueError when ``old`` is
    not a size that the tree had.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves never had {old}")
    if old in {0, new}:
        return []
    start, end, is_whole = 0, new, True
    hashes: list[bytes] = []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            hashes.append(_subtree(middle, end, node_of))
            end = middle
        else:
            hashes.append(_subtree(start, middle, node_of))
            start, is_whole = middle, False
    if not is_whole:
        hashes.append(_subtree(start, end, node_of))
    return hashes[::-1]


def verify_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether the proof shows that the new tree begins with the leaves of the old one.

    RFC 9162, 2.1.4.2: one walk computes both roots.
    """
    if not 0 <= old <= new <= SIZE_MAX or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old in {0, new}:
        return not proof and old_root == (new_root if old == new else EMPTY_ROOT)
    hashes = list(proof)
    if old & (old - 1) == 0:  # the old tree is a node of the new one: its hash is known
        hashes.insert(0, old_root)
    if not hashes:
        return False
    return _both_roots(old, new, hashes) == (old_root, new_root)


def range_proof(start: int, end: int, size: int, node_of: NodeOf) -> list[bytes]:
    """Return the hashes of the largest subtrees beside the leaves [start, end), left to right.

    With the leaf hashes of the run they give the root. A run without leaves has the root itself as
    its proof. Raises ValueError when the run is not in the tree.
    """
    if not 0 <= start <= end <= size:
        raise ValueError(f"the leaves {start} to {end} are not in a tree of {size}")
    return [_subtree(low, high, node_of) for low, high in _beside(start, end, 0, size)]


def verify_range(
    leaf_hashes: Sequence[bytes], start: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Say whether these are the leaves from ``start`` on, in order, under the root of ``size``."""
    end = start + len(leaf_hashes)
    if not 0 <= start <= end <= size <= SIZE_MAX:
        return False
    if not _are_hashes([root, *proof]) or not _are_hashes(leaf_hashes):
        return False
    if len(proof) != sum(1 for _ in _beside(start, end, 0, size)):
        return False
    beside = iter(proof)
    return _range_root(leaf_hashes, start, (0, size), beside) == root


def _range_root(
    leaf_hashes: Sequence[bytes], start: int, span: tuple[int, int], beside: Iterator[bytes]
) -> bytes:
    low, high = span
    end = start + len(leaf_hashes)
    if start <= low and high <= end:
        return root(leaf_hashes[low - start : high - start])
    if max(low, start) >= min(high, end):
        return next(beside)
    middle = low + _split(high - low)
    left = _range_root(leaf_hashes, start, (low, middle), beside)
    return node_hash(left, _range_root(leaf_hashes, start, (middle, high), beside))


def _beside(start: int, end: int, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the largest subtrees of [low, high) that hold no leaf of [start, end)."""
    if start <= low and high <= end:
        return
    if max(low, start) >= min(high, end):
        yield (low, high)
        return
    middle = low + _split(high - low)
    yield from _beside(start, end, low, middle)
    yield from _beside(start, end, middle, high)


def _both_roots(old: int, new: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the old and the new root that the hashes lead to; None when their number is wrong."""
    low, last = old - 1, new - 1
    while low % 2:
        low, last = low // 2, last // 2
    older = newer = hashes[0]
    for value in hashes[1:]:
        if last == 0:
            return None
        if low % 2 or low == last:
            older, newer = node_hash(value, older), node_hash(value, newer)
            while low % 2 == 0 and low:
                low, last = low // 2, last // 2
        else:
            newer = node_hash(newer, value)
        low, last = low // 2, last // 2
    return None if last else (older, newer)


def _sides(index: int, size: int) -> Iterator[Literal["left", "right"]]:
    """Yield where the sibling stands at each level that has one, from the leaf up."""
    last = size - 1
    while last:
        if index % 2:
            yield "left"
        elif index < last:
            yield "right"
        index, last = index // 2, last // 2


def _subtree(start: int, end: int, node_of: NodeOf) -> bytes:
    """Return the hash over the leaves [start, end), a subtree of the standard's recursion."""
    hashes = [node_of(node) for node in _cover(start, end)]
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes))


def _cover(start: int, end: int) -> list[Node]:
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _split(width: int) -> int:
    """Return how many leaves stand left: the largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
