"""
Verifying the log: recompute everything, believe nothing that is stored beside it.

    1  every checkpoint, those kept here and those kept elsewhere, bears the log's signature
    2  the entries stand at the places 0, 1, 2, ... and none is left out
    3  what each says, with its salt and its place, gives the leaf hash stored with it
    4  the leaf hashes give every other hash of the tree that is stored
    5  no entry is earlier than the one before it
    6  where content is gone, a later entry says that it was redacted
    7  every checkpoint has the root that the entries have at its size: so any two are consistent

What an entry says was true when it was written is beyond all proof. So is what stands after the
newest checkpoint: until it is signed, whoever holds the database can write it anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.audit.checkpoint import Checkpoint, open_checkpoint
from countenance.audit.entry import Act, Entry
from countenance.audit.leaf import SALT_BYTES, Leaf, read_payload, salted
from countenance.audit.merkle import EMPTY_ROOT, HASH_BYTES, Tree
from countenance.audit.note import VerifierKey
from countenance.errors import VerificationError

ENTRY_MARK = "entry:"
"""Before the index of an entry that another entry names among its subjects."""

MAX_COMPARED = 200
"""Of so many wrong entries it is looked up whether they stand in one another's place."""


class Fault(StrEnum):
    """What is wrong. The value is the word in answers."""

    CONTENT = "content-altered"
    SALT = "salt-altered"
    HASHES = "hashes-altered"
    MISSING = "entry-missing"
    EXTRA = "entry-extra"
    ORDER = "wrong-order"
    TIME = "time-runs-back"
    REDACTION = "redaction-unsaid"
    SIGNATURE = "bad-signature"
    REWRITTEN = "history-rewritten"
    TRUNCATED = "log-truncated"
    UNRECORDED = "act-without-entry"
    JOURNAL = "journal-differs"
    CATALOG = "catalog-damaged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, as a word for programs and a sentence for people."""

    fault: Fault
    message: str


@dataclass(frozen=True, slots=True)
class Verified:
    """
    What a verification saw: so many entries, of which the first `signed` are under a checkpoint.

    `redacted` entries have lost their content. The log is sound if there is no finding.
    """

    size: int
    signed: int
    redacted: int
    findings: tuple[Finding, ...]


def verify(leaves: Iterable[Leaf], checkpoints: Mapping[str, str], key: VerifierKey) -> Verified:
    """
    Verify the whole log, its `leaves` in the order of their index.

    `checkpoints` are signed notes, by what to call each in a finding. What is wrong is told, not
    raised: the steps go on as far as they can.
    """
    # (1) signatures
    findings: list[Finding] = []
    opened: dict[str, Checkpoint] = {}
    for name, written in checkpoints.items():
        try:
            opened[name] = open_checkpoint(written, key)
        except VerificationError as exc:
            findings.append(Finding(Fault.SIGNATURE, f"{name}: {exc.message}"))
    # (2) to (5), entry by entry
    walk = _Walk({one.size for one in opened.values()})
    for leaf in leaves:
        walk.take(leaf)
    findings += walk.findings
    findings += _in_words(walk.wrong)
    # (6) redactions
    findings += [
        Finding(
            Fault.REDACTION,
            f"entry {index}: its content is gone, and no later entry says that it was redacted",
        )
        for index in sorted(walk.redacted - walk.named_as_redacted)
    ]
    # (7) checkpoints
    for name, checkpoint in opened.items():
        findings += _compare(name, checkpoint, walk)
    signed = max((one.size for one in opened.values()), default=0)
    return Verified(walk.size, min(signed, walk.size), len(walk.redacted), tuple(findings))


# --------------------------------------------------------------------------------------------


class _Walk:
    """What is known of the log so far, entry by entry. `roots` are those at the `sizes` wanted."""

    def __init__(self, sizes: set[int]) -> None:
        self.size = 0
        self.findings: list[Finding] = []
        self.wrong: list[Leaf] = []
        self.redacted: set[int] = set()
        self.named_as_redacted: set[int] = set()
        self.tree: Tree | None = Tree()
        self.roots = {0: EMPTY_ROOT}
        self._sizes = sizes
        self._latest: datetime | None = None
        self._hashes_differ = False

    def take(self, leaf: Leaf) -> None:
        # (2) places
        if leaf.index < self.size:
            self._find(Fault.EXTRA, f"entry {leaf.index}: there is no such place in a log")
            return
        if leaf.index > self.size:
            last = leaf.index - 1
            one = last == self.size
            which = f"entry {last} is" if one else f"entries {self.size} to {last} are"
            self._find(Fault.MISSING, f"{which} missing")
            self.tree = None  # without them nothing can be said of the hashes that follow
        self.size = leaf.index + 1
        # (3) contents
        if leaf.payload is None and leaf.salt is None:
            self.redacted.add(leaf.index)
        elif self._is_as_logged(leaf):
            self._read(leaf)
        # (4) hashes
        if self.tree is not None:
            self._grow(leaf, self.tree)

    def _is_as_logged(self, leaf: Leaf) -> bool:
        if leaf.salt is None or len(leaf.salt) != SALT_BYTES:
            self._find(Fault.SALT, f"entry {leaf.index}: its salt is not one")
            return False
        if leaf.payload is None:
            self._find(Fault.CONTENT, f"entry {leaf.index}: its content is gone, but not its salt")
            return False
        if salted(leaf.payload, leaf.salt, leaf.index) != leaf.hashes[:HASH_BYTES]:
            self.wrong.append(leaf)
            return False
        return True

    def _read(self, leaf: Leaf) -> None:
        try:
            said = read_payload(leaf.payload or "")
        except VerificationError as exc:
            self._find(Fault.CONTENT, f"entry {leaf.index}: {exc.message}")
            return
        # (5) times
        if self._latest is not None and said.at < self._latest:
            self._find(Fault.TIME, f"entry {leaf.index}: is earlier than the one before it")
        self._latest = said.at
        if said.act is Act.REDACTED:
            self.named_as_redacted |= redacted_by(said)

    def _grow(self, leaf: Leaf, tree: Tree) -> None:
        hashes = tree.append(leaf.hashes[:HASH_BYTES])
        if leaf.index + 1 in self._sizes:
            self.roots[leaf.index + 1] = tree.root()
        if b"".join(hashes) != leaf.hashes and not self._hashes_differ and not self.wrong:
            # One wrong hash makes those above it wrong as well: the first says enough.
            self._hashes_differ = True
            self._find(
                Fault.HASHES,
                f"entry {leaf.index}: the hashes stored with it are not those of the log",
            )

    def _find(self, fault: Fault, message: str) -> None:
        self.findings.append(Finding(fault, message))


def redacted_by(said: Entry) -> set[int]:
    """The indices of the entries whose redaction an entry records."""
    if said.act is not Act.REDACTED:
        return set()
    named = (one.removeprefix(ENTRY_MARK) for one in said.subjects if one.startswith(ENTRY_MARK))
    return {int(one) for one in named if one.isdecimal()}


def _compare(name: str, checkpoint: Checkpoint, walk: _Walk) -> Iterable[Finding]:
    if checkpoint.size > walk.size:
        yield Finding(
            Fault.TRUNCATED,
            f"{name}: it was signed over {checkpoint.size} entries, and there are {walk.size}",
        )
        return
    found = walk.roots.get(checkpoint.size)
    # Nothing is found beyond a gap, which was told already.
    if found is not None and found != checkpoint.root:
        yield Finding(
            Fault.REWRITTEN,
            f"{name}: the first {checkpoint.size} entries are not those that it was signed over",
        )


def _in_words(wrong: list[Leaf]) -> Iterable[Finding]:
    """What happened to the entries that are not what was logged at their place."""
    moved = _moved(wrong[:MAX_COMPARED])
    beside = set(moved.values()) - set(moved)
    before = {index for index in beside if index < min(moved)}
    behind = {index for index in beside if index > max(moved)}
    for index in before:
        yield Finding(
            Fault.EXTRA, f"entry {index}: was put in; those after it stand one place too far on"
        )
    if behind and not before:
        yield Finding(
            Fault.MISSING, f"entry {min(moved)}: was taken out; those after it were moved up"
        )
    if not beside:
        for index, own in moved.items():
            yield Finding(Fault.ORDER, f"entry {index}: holds what was logged as entry {own}")
    for leaf in wrong:
        if leaf.index not in moved and leaf.index not in before:
            yield Finding(
                Fault.CONTENT,
                f"entry {leaf.index}: what it says, or its salt, is not what was logged; "
                "which of the two cannot be told",
            )


def _moved(wrong: list[Leaf]) -> dict[int, int]:
    """By the index of an entry, the index at which it was logged, where that is another."""
    logged = {leaf.index: leaf.hashes[:HASH_BYTES] for leaf in wrong}
    moved: dict[int, int] = {}
    for leaf in wrong:
        near = {leaf.index - 1, leaf.index + 1} - {-1}
        for place in sorted(near | set(logged)):
            own = salted(leaf.payload or "", leaf.salt or b"", place)
            if own in (leaf.hashes[:HASH_BYTES], logged.get(place)):
                moved[leaf.index] = place
    return moved
