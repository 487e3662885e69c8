"""A statement of everything, and a log of one library to issue receipts from."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from countenance.audit import merkle
from countenance.audit.checkpoint import Checkpoint, sign_checkpoint
from countenance.audit.entry import Act, Entry
from countenance.audit.leaf import Leaf, salted, write_payload
from countenance.audit.merkle import Tree, completed
from countenance.audit.note import VerifierKey
from countenance.audit.proof import Proof
from countenance.audit.receipt import entry_for, issue
from countenance.audit.statement import (
    BackupHeld,
    Demand,
    Kept,
    Level,
    RecallState,
    Scan,
    Statement,
    Trigger,
)
from countenance.core.canonical import Digest, digest
from countenance.core.ids import (
    BackupId,
    DisclosureId,
    ErasureId,
    KeyId,
    PersonId,
    RecallId,
    RecipientId,
)
from countenance.vault.signing import SigningKey
from tests.fakes.clock import START

SIGNER = SigningKey(bytes(range(32)))
LIBRARY = "l_0123456789abcdef"
KEY = VerifierKey(f"countenance/{LIBRARY}", SIGNER.public)
HOUR = timedelta(hours=1)
END = START + 10 * HOUR

WHOLE = Statement(
    library=LIBRARY,
    erasure=ErasureId("e_0123456789abcdef"),
    number=1,
    trigger=Trigger.WITHDRAWN,
    subject=PersonId("p_0123456789abcdef"),
    opened_at=START,
    issued_at=END,
    levels={level: START + place * HOUR for place, level in enumerate(Level)},
    destroyed={"references": 2, "sightings": 7},
    kept=(Kept("photos", 3, "the grant of the source goes on"),),
    keys_before=2,
    keys=(KeyId("k_0123456789abcdef"), KeyId("k_0123456789abcdeg")),
    scan=Scan(START + 2 * HOUR, files=12, bytes=3456, objects=9, found_before=9, found_after=0),
    backups=(
        BackupHeld(BackupId("b_0123456789abcdef"), START, START + 3 * HOUR, START + 3 * HOUR),
    ),
    recipients=(
        Demand(
            RecipientId("t_0123456789abcdef"),
            RecallId("q_0123456789abcdef"),
            DisclosureId("x_0123456789abcdef"),
            RecallState.ACKNOWLEDGED,
            START + 4 * HOUR,
            acknowledgement=digest(b"deleted"),
        ),
        Demand(
            RecipientId("t_0123456789abcdef"),
            RecallId("q_0123456789abcdeg"),
            DisclosureId("x_0123456789abcdeg"),
            RecallState.CLOSED,
            START + 4 * HOUR,
            reason=digest(b"the firm is no more"),
        ),
    ),
    items=(digest(b"an item"),),
)
"""Every level is reached, and every field is filled."""


@dataclass(slots=True)
class FakeLog:
    """A log in memory: it takes entries, and signs, proves and issues."""

    leaves: list[Leaf] = field(default_factory=list)
    tree: Tree = field(default_factory=Tree)
    signer: SigningKey = SIGNER

    def record(self, entry: Entry) -> Leaf:
        payload, salt, index = write_payload(entry), bytes([len(self.leaves) % 256]) * 32, 0
        index = len(self.leaves)
        hashes = completed(index, salted(payload, salt, index), self.node)
        self.leaves.append(Leaf(index, payload, salt, b"".join(hashes)))
        return self.leaves[-1]

    def others(self, count: int) -> None:
        """Other acts, which are none of the receipt's business."""
        for _ in range(count):
            self.record(Entry(Act.REFUSED, START, "tester"))

    def node(self, level: int, number: int) -> bytes:
        stored = self.leaves[merkle.last_leaf(level, number)].hashes
        return stored[level * merkle.HASH_BYTES : (level + 1) * merkle.HASH_BYTES]

    def checkpoint(self, *, origin: str = KEY.name, size: int | None = None) -> str:
        size = len(self.leaves) if size is None else size
        head = Checkpoint(origin, size, merkle.root(size, self.node))
        return sign_checkpoint(head, self.signer)

    def prove(self, index: int) -> Proof:
        path = merkle.inclusion_proof(index, len(self.leaves), self.node)
        return Proof(index, path, self.checkpoint())

    def issue(self, statement: Statement) -> str:
        """A receipt among other entries."""
        self.others(3)
        leaf = self.record(entry_for(statement, actor="tester"))
        self.others(2)
        return issue(statement, leaf, self.prove(leaf.index), self.signer)


def next_of(statement: Statement, text: str) -> Statement:
    """The same case an hour later, after the receipt `text`."""
    later = statement.issued_at + HOUR
    previous: Digest = digest(text.encode())
    return replace(statement, number=statement.number + 1, issued_at=later, previous=previous)
