"""The tree: the vectors of RFC 6962's own implementation, and every proof of every small tree."""

from collections.abc import Callable
from itertools import combinations

import pytest

from countenance.audit import merkle
from countenance.audit.merkle import EMPTY_ROOT, Tree, leaf_hash, node_hash
from countenance.errors import VerificationError

# The leaves and roots that Certificate Transparency's implementations are tested with.
DATA = [
    bytes.fromhex(one)
    for one in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LARGEST = 40


class Grown:
    """A tree with every node that it ever completed, and its root at every size."""

    def __init__(self, leaves: list[bytes]) -> None:
        tree = Tree()
        self.leaves = leaves
        self.roots = [tree.root()]
        self._nodes: dict[tuple[int, int], bytes] = {}
        for index, leaf in enumerate(leaves):
            for level, one in enumerate(tree.append(leaf)):
                number = index + 1 >> level
                self._nodes[level, number - 1] = one
            self.roots.append(tree.root())

    def node(self, level: int, number: int) -> bytes:
        return self._nodes[level, number]


@pytest.fixture(scope="module")
def grown() -> Grown:
    return Grown([leaf_hash(bytes([index])) for index in range(LARGEST)])


def test_roots_are_those_of_certificate_transparency() -> None:
    """The empty tree, and the trees of the first to the eighth leaf, have the well-known roots."""
    tree = Grown([leaf_hash(data) for data in DATA])
    assert [root.hex() for root in tree.roots] == ROOTS
    assert ROOTS[0] == EMPTY_ROOT.hex()


def test_a_proof_of_the_rfc() -> None:
    """The audit paths of the example in RFC 6962, section 2.1.3, in its own letters."""
    a, b, c, d, e, f, j = (leaf_hash(bytes([letter])) for letter in b"abcdefj")
    tree = Grown([a, b, c, d, e, f, j])
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, last = node_hash(g, h), node_hash(i, j)
    assert tree.roots[7] == node_hash(k, last)
    assert merkle.inclusion_proof(0, 7, tree.node) == (b, h, last)
    assert merkle.inclusion_proof(3, 7, tree.node) == (c, g, last)
    assert merkle.inclusion_proof(4, 7, tree.node) == (f, j, k)
    assert merkle.inclusion_proof(6, 7, tree.node) == (i, k)
    assert merkle.consistency_proof(3, 7, tree.node) == (c, d, g, last)
    assert merkle.consistency_proof(4, 7, tree.node) == (last,)
    assert merkle.consistency_proof(6, 7, tree.node) == (i, j, k)


def test_the_root_is_the_same_from_stored_nodes(grown: Grown) -> None:
    """What a tree that grows says of itself, the stored nodes say of every earlier size."""
    assert grown.roots == [merkle.root(size, grown.node) for size in range(LARGEST + 1)]


def test_the_leaf_that_completes_a_node() -> None:
    """A node stands with the last of its leaves."""
    assert [merkle.last_leaf(0, 5), merkle.last_leaf(1, 0), merkle.last_leaf(3, 2)] == [5, 1, 23]


@pytest.mark.promise("P31")
def test_every_inclusion_is_proven(grown: Grown) -> None:
    """Each leaf of each tree up to 40: its proof holds, and with any hash changed it does not."""
    for size in range(1, LARGEST):
        for index in range(size):
            leaf, root = grown.leaves[index], grown.roots[size]
            proof = merkle.inclusion_proof(index, size, grown.node)
            merkle.verify_inclusion(leaf, index, size, proof, root)
            _refuses_every_change(
                proof,
                lambda bad, leaf=leaf, index=index, size=size, root=root: merkle.verify_inclusion(  # type: ignore[misc]
                    leaf, index, size, bad, root
                ),
            )
            for wrong_leaf, wrong_root in ((_flipped(leaf), root), (leaf, _flipped(root))):
                with pytest.raises(VerificationError):
                    merkle.verify_inclusion(wrong_leaf, index, size, proof, wrong_root)


@pytest.mark.promise("P31")
def test_every_consistency_is_proven(grown: Grown) -> None:
    """Each pair of sizes up to 40: the proof holds, and with any hash changed it does not."""
    for old, new in combinations(range(LARGEST), 2):
        was, now = grown.roots[old], grown.roots[new]
        proof = merkle.consistency_proof(old, new, grown.node)
        merkle.verify_consistency(old, new, was, now, proof)
        _refuses_every_change(
            proof,
            lambda bad, old=old, new=new, was=was, now=now: merkle.verify_consistency(  # type: ignore[misc]
                old, new, was, now, bad
            ),
        )
        with pytest.raises(VerificationError):
            merkle.verify_consistency(old, new, _flipped(was), now, proof)
        if old:
            with pytest.raises(VerificationError):
                merkle.verify_consistency(old, new, was, _flipped(now), proof)


def test_a_tree_is_the_beginning_of_itself_alone(grown: Grown) -> None:
    """Two trees of one size are consistent if they have one root, without a proof."""
    root = grown.roots[7]
    assert merkle.consistency_proof(7, 7, grown.node) == ()
    merkle.verify_consistency(7, 7, root, root, ())
    for wrong, proof in ((_flipped(root), ()), (root, (root,))):
        with pytest.raises(VerificationError):
            merkle.verify_consistency(7, 7, root, wrong, proof)


def test_what_is_not_in_the_tree_has_no_proof(grown: Grown) -> None:
    """Sizes and indices that do not fit together are refused, when proving and when verifying."""
    root = grown.roots[7]
    for index, size in ((7, 7), (-1, 7), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_proof(index, size, grown.node)
        with pytest.raises(VerificationError, match="no entry"):
            merkle.verify_inclusion(root, index, size, (), root)
    with pytest.raises(ValueError, match="no beginning"):
        merkle.consistency_proof(8, 7, grown.node)
    with pytest.raises(VerificationError, match="no beginning"):
        merkle.verify_consistency(8, 7, root, root, ())


# --------------------------------------------------------------------------------------------


def _flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def _refuses_every_change(
    proof: tuple[bytes, ...], verify: Callable[[tuple[bytes, ...]], None]
) -> None:
    """Each hash changed, each left out, and one too many at either end."""
    for place, one in enumerate(proof):
        for bad in (
            (*proof[:place], _flipped(one), *proof[place + 1 :]),
            (*proof[:place], *proof[place + 1 :]),
        ):
            with pytest.raises(VerificationError):
                verify(bad)
    for longer in ((*proof, EMPTY_ROOT), (EMPTY_ROOT, *proof)):
        with pytest.raises(VerificationError):
            verify(longer)
