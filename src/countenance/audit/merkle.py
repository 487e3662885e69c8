"""
The tree over the entries: its hashes, its root, and the two proofs, made and verified.

RFC 6962, section 2.1 (https://www.rfc-editor.org/rfc/rfc6962#section-2.1), with the verifications
of RFC 9162, sections 2.1.3.2 and 2.1.4.2. A hash is a SHA-256, 32 bytes.

A node is a full subtree: at `level` 0 a leaf, above it `2**level` leaves, the `number`-th of that
level from the left, from zero. A node never changes once it is complete. So each entry is stored
with the nodes that it completes, two on average, and no append reads more of the log than the few
nodes it joins, nor a proof more than some two for each doubling of the log.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from countenance.errors import VerificationError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves."""

Nodes = Callable[[int, int], bytes]
"""Gives the hash of a complete node, by its level and its number."""


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed(index: int, leaf: bytes, nodes: Nodes) -> tuple[bytes, ...]:
    """
    The nodes that the leaf of this index completes, from its own hash upwards.

    `nodes` gives those to the left of it.
    """
    hashes = [leaf]
    while index >> (level := len(hashes) - 1) & 1:
        hashes.append(node_hash(nodes(level, (index >> level) - 1), hashes[-1]))
    return tuple(hashes)


def last_leaf(level: int, number: int) -> int:
    """The index of the leaf that completes a node."""
    return (number + 1 << level) - 1


def root(size: int, nodes: Nodes) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _subtree(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """
    What leads from a leaf to the root of the first `size`: the leaf's sibling first.

    Raises `ValueError` if there is no such leaf in it.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left_half(end - start)
        if index < middle:
            path.append(_subtree(middle, end, nodes))
            end = middle
        else:
            path.append(_subtree(start, middle, nodes))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, nodes: Nodes) -> tuple[bytes, ...]:
    """
    What shows that the tree of `old` leaves is the beginning of the tree of `new`.

    Raises `ValueError` if the old tree is the larger one.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} is no beginning of a tree of {new}")
    if old in (0, new):
        return ()
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _left_half(end - start)
        if old <= middle:
            path.append(_subtree(middle, end, nodes))
            end = middle
        else:
            path.append(_subtree(start, middle, nodes))
            start, whole = middle, False
    if not whole:
        path.append(_subtree(start, end, nodes))
    return tuple(reversed(path))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> None:
    """
    Make sure that `leaf` stands at `index` in the tree of `size` leaves with the root `expected`.

    Raises `VerificationError` if the proof does not show it.
    """
    if not 0 <= index < size:
        raise VerificationError(f"no entry {index} in a log of {size}")
    found = leaf
    for on_the_left, sibling in _climb(index, size - 1, proof):
        found = node_hash(sibling, found) if on_the_left else node_hash(found, sibling)
    if found != expected:
        raise VerificationError("the proof of inclusion does not lead to the checkpoint's root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """
    Make sure that the tree of `old` leaves with `old_root` is the beginning of the `new` one.

    Raises `VerificationError` if the proof does not show it.
    """
    if not 0 <= old <= new:
        raise VerificationError(f"a log of {old} entries is no beginning of one of {new}")
    if old in (0, new):
        _verify_trivial(old, new, old_root, new_root, proof)
        return
    path = list(proof)
    if old & (old - 1) == 0:  # the old tree is itself a node of the new one
        path.insert(0, old_root)
    if not path:
        raise VerificationError("the proof is too short")
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    was = now = path[0]
    for on_the_left, sibling in _climb(number, last, path[1:]):
        if on_the_left:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
        else:
            now = node_hash(now, sibling)
    if (was, now) != (old_root, new_root):
        raise VerificationError("the two roots are not of one history")


class Tree:
    """A tree that leaves are appended to. It holds one hash for each doubling of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: dict[int, bytes] = {}

    def append(self, leaf: bytes) -> tuple[bytes, ...]:
        """Append a leaf, given as its hash. Gives the nodes that it completes."""
        hashes = completed(self.size, leaf, lambda level, _: self._peaks.pop(level))
        self._peaks[len(hashes) - 1] = hashes[-1]
        self.size += 1
        return hashes

    def root(self) -> bytes:
        found = b""
        for _, peak in sorted(self._peaks.items()):
            found = node_hash(peak, found) if found else peak
        return found or EMPTY_ROOT


# --------------------------------------------------------------------------------------------


def _left_half(size: int) -> int:
    """The largest power of two below `size`, which is at least two."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(start: int, end: int, nodes: Nodes) -> bytes:
    """
    The hash over the leaves from `start` to `end`, exclusive.

    `start` is a multiple of the largest power of two that is no larger than their number.
    """
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _left_half(size)
    return node_hash(_subtree(start, middle, nodes), _subtree(middle, end, nodes))


def _climb(number: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """
    Each hash of a proof, with whether it is the left one of its pair, on the way to the root.

    The way begins at the `number`-th node of a level whose last one is `last`. Raises
    `VerificationError` if the proof is not as long as the way.
    """
    for sibling in proof:
        if last == 0:
            raise VerificationError("the proof is too long")
        on_the_left = bool(number & 1) or number == last
        yield on_the_left, sibling
        while on_the_left and number and not number & 1:
            number, last = number >> 1, last >> 1
        number, last = number >> 1, last >> 1
    if last:
        raise VerificationError("the proof is too short")


def _verify_trivial(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    if proof:
        raise VerificationError("the proof is too long")
    if old == 0 and old_root != EMPTY_ROOT:
        raise VerificationError("the root of an empty log is not the one of no entries")
    if old == new and old_root != new_root:
        raise VerificationError("the two roots are not of one history")
