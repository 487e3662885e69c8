"""
The log as a whole: signed, verified against its checkpoints and the other tables, written out.

The tables say what was done, and the log says it as well: an act that has no entry was not done by
this program, or its entry was taken away.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection, select

from countenance.audit.entry import Act, Entry
from countenance.audit.merkle import HASH_BYTES
from countenance.audit.note import VerifierKey
from countenance.audit.verify import Fault, Finding, Verified, verify
from countenance.catalog import checkpoints, log, people
from countenance.catalog.database import Database
from countenance.catalog.journal import beside
from countenance.catalog.tables import (
    consent_event,
    disclosure,
    grant,
    person,
    recall,
    receipt,
    recipient,
    source,
)
from countenance.core.clock import Clock
from countenance.core.ids import PersonId
from countenance.errors import VerificationError
from countenance.people.consent import EventKind
from countenance.vault.journal import Journal
from countenance.vault.signing import SigningKey, SigningKeyFile

SIGNED_EVERY = 100
"""Entries, after which a checkpoint is signed although the library stays open."""

Wanted = tuple[Act, str]
"""An act, and the id of what it touched or rests on."""

_SAYING = {
    EventKind.GIVEN: Act.ENROLLED,
    EventKind.RECORDED: Act.ENROLLED,
    EventKind.WITHDRAWN: Act.WITHDRAWN,
    EventKind.EXPIRED: Act.EXPIRED,
    EventKind.OBJECTED: Act.OBJECTED,
}
"""Which act's entry says that an event happened to a consent."""


class Trail:
    """
    The audit log of one library, and the key that signs it, which is made when it is first needed.

    `own_keys` raises an error of ours if the folder of the keys is not this library's.
    """

    def __init__(
        self,
        database: Database,
        key: SigningKeyFile,
        journal: Journal,
        clock: Clock,
        own_keys: Callable[[], None],
    ) -> None:
        self._database = database
        self._key = key
        self._journal = journal
        self._clock = clock
        self._own_keys = own_keys

    def tail(self, count: int, *, before: int | None = None) -> list[tuple[int, Entry | None]]:
        """
        The last `count` entries, or those before the index `before`, with their index; nothing
        where one was redacted.
        """
        with self._database.read() as tx:
            return log.tail(tx, count, before=before)

    def looked_for(self, who: PersonId) -> list[Entry]:
        """Who looked for a person, when and why, oldest first (P33)."""
        with self._database.read() as tx:
            return log.looked_for(tx, who)

    def sign(self, *, at_least: int = 0) -> str | None:
        """
        Sign the log as it stands; nothing is done if fewer than `at_least` entries are unsigned.

        Gives the newest checkpoint. Raises `VerificationError` if the log does not go on from the
        one signed last, and `Unavailable` if the key cannot be read.
        """
        with self._database.read() as tx:
            # Fewer than none: the log became shorter, and that is to be said.
            if 0 <= log.size(tx) - checkpoints.signed_size(tx) < at_least:
                return checkpoints.newest(tx)
        self._own_keys()
        with self._database.write() as tx:
            return checkpoints.sign(tx, self._signing_key(tx), at=self._clock.now())

    def key(self) -> VerifierKey:
        """The public key, under the name of the log. Raises `Unavailable` if it cannot be read."""
        self._own_keys()
        # A writer's transaction, so that two programs do not make the key at once.
        with self._database.write() as tx:
            return VerifierKey(checkpoints.origin(tx), self._signing_key(tx).public)

    def verify(self, kept: Mapping[str, str]) -> Verified:
        """
        Verify the log: the steps of `audit.verify`, then that the journal has the same entries, and
        that each act of the tables has its entry.

        `kept` are checkpoints that were kept elsewhere, by what to call each. That the catalog was
        found damaged when it was opened is the first finding.
        """
        seen = self._verify_log(kept)
        wrong = self._database.wrong()
        damaged = (Finding(Fault.CATALOG, wrong),) if wrong else ()
        return replace(seen, findings=(*damaged, *seen.findings))

    def export(self) -> Iterator[str]:
        """The log in lines of JSON: every entry, the newest checkpoint, the public key."""
        key = self.key()
        with self._database.read() as tx:
            for leaf in log.leaves(tx):
                yield _line(
                    {
                        "index": leaf.index,
                        "payload": leaf.payload,
                        "salt": None if leaf.salt is None else leaf.salt.hex(),
                        "leaf": leaf.hashes[:HASH_BYTES].hex(),
                    }
                )
            yield _line({"checkpoint": checkpoints.newest(tx), "key": str(key)})

    # ----------------------------------------------------------------------------------------

    def _verify_log(self, kept: Mapping[str, str]) -> Verified:
        key = self.key()
        with self._database.read() as tx:
            library = people.library_id(tx)
        # The journal is opened before the log is read: what others log meanwhile is in neither.
        with self._journal.opened(library) as journal, self._database.read() as tx:
            own = {f"checkpoint of {size}": text for size, text in checkpoints.list_all(tx).items()}
            found: list[Finding] = []
            leaves = beside(log.leaves(tx), journal, found)
            seen = verify(leaves, own | dict(kept), key)
            if not seen.findings:
                seen = replace(seen, findings=tuple(found))
            # Where entries were redacted, what they said cannot be told from what was never said.
            if seen.findings or seen.redacted:
                return seen
            return replace(seen, findings=tuple(_unrecorded(tx)))

    def _signing_key(self, tx: Connection) -> SigningKey:
        # Only a log that was never signed gets a new key: with another one, what was signed
        # before would look forged.
        if checkpoints.newest(tx) is None and not self._key.exists():
            return self._key.create()
        return self._key.read()


# --------------------------------------------------------------------------------------------


def _unrecorded(tx: Connection) -> Iterable[Finding]:
    done = Counter(_done(tx))
    try:
        recorded = Counter(_recorded(tx, frozenset(act for act, _ in done)))
    except VerificationError as exc:
        yield Finding(Fault.CONTENT, exc.message)
        return
    for (act, which), times in sorted((done - recorded).items()):
        missing = "no entry" if times == 1 else f"{times} entries too few"
        yield Finding(Fault.UNRECORDED, f"{which}: the log has {missing} of {act}")


def _recorded(tx: Connection, acts: frozenset[Act]) -> Iterator[Wanted]:
    for one in log.of_acts(tx, acts):
        yield from ((one.act, which) for which in (*one.subjects, *one.rests_on))


def _done(tx: Connection) -> Iterator[Wanted]:
    """The acts that the tables show, each as often as it was done."""
    for which in tx.execute(select(person.c.id)).scalars():
        yield Act.ENROLLED, which
    for row in tx.execute(select(consent_event.c.consent_id, consent_event.c.kind)):
        yield _SAYING[EventKind(row.kind)], row.consent_id
    for which in tx.execute(select(source.c.id)).scalars():
        yield Act.SOURCE_ADDED, which
    for which in tx.execute(select(receipt.c.erasure_id)).scalars():
        yield Act.ERASED, which
    for row in tx.execute(select(grant.c.id, grant.c.revoked_at)):
        yield Act.SOURCE_ADDED, row.id
        if row.revoked_at is not None:
            yield Act.SOURCE_REVOKED, row.id
    yield from _given_out(tx)


def _given_out(tx: Connection) -> Iterator[Wanted]:
    """What was given to whom, and how it was called back."""
    for row in tx.execute(select(recipient.c.id, recipient.c.ended_at)):
        yield Act.RECIPIENT_ADDED, row.id
        if row.ended_at is not None:
            yield Act.RECIPIENT_ENDED, row.id
    for given in tx.execute(select(disclosure.c.id, disclosure.c.uncovered)):
        yield Act.DISCLOSED, given.id
        if given.uncovered:
            yield Act.COVER_REMOVED, given.id
    for one in tx.execute(select(recall.c.id, recall.c.acknowledgement, recall.c.ended_by)):
        if one.acknowledgement is not None:
            yield Act.RECALL_ACKNOWLEDGED, one.acknowledgement
        if one.ended_by:
            yield Act.RECALL_CLOSED, one.id


def _line(document: Mapping[str, object]) -> str:
    return json.dumps(document, sort_keys=True)
