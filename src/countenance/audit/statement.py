"""
The statement of an erasure: what was destroyed, what was kept and why, and which level was reached.

It checks itself. A level is in it only with what proves it (P24), so that neither a fault in the
program that fills it nor somebody with the key can word a receipt that says more than it shows:

    invisible                an instant in which the case was open
    keys-destroyed           every key that there was is named as destroyed
    bytes-gone               a scan of every file that found all of it before and nothing after
    backups-aged-out         every backup that may hold it is gone
    recipients-acknowledged  every recall is acknowledged, or closed by a person with a reason

Each of the first four needs the one before it. The last needs the first alone: recipients answer
when they answer. It holds ids, digests, counts, instants and words of the program (P32).
"""

import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from countenance.core.canonical import Digest, Json, canonical_json
from countenance.core.ids import (
    BackupId,
    DisclosureId,
    ErasureId,
    KeyId,
    PersonId,
    PhotoId,
    RecallId,
    RecipientId,
    SourceId,
)
from countenance.errors import UsageError, VerificationError

VERSION = 1

_ID = re.compile(r"[a-z]_[0-9a-z]{1,32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[a-z]+(-[a-z]+)*")
_PHRASE = re.compile(r"[a-z][a-z0-9 ,:;'()-]{0,199}")
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_MAX_COUNT = 2**53 - 1


class Level(StrEnum):
    """How far an erasure has come (E0 to E4)."""

    INVISIBLE = "invisible"
    KEYS_DESTROYED = "keys-destroyed"
    BYTES_GONE = "bytes-gone"
    BACKUPS_AGED_OUT = "backups-aged-out"
    RECIPIENTS_ACKNOWLEDGED = "recipients-acknowledged"


class Trigger(StrEnum):
    """Why there was an erasure."""

    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    EXPIRED = "expired"
    REVOKED = "revoked"
    TAKEN_DOWN = "taken-down"


class Method(StrEnum):
    """How it was destroyed, in the words of NIST SP 800-88 Rev. 2."""

    CRYPTOGRAPHIC_ERASE = "cryptographic erase"
    CLEAR = "clear"


class RecallState(StrEnum):
    """How a recall stands. Only the last two are ends."""

    OPEN = "open"
    DELIVERED = "delivered"
    NEEDS_PERSON = "needs-person"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


ENDED = frozenset({RecallState.ACKNOWLEDGED, RecallState.CLOSED})


@dataclass(frozen=True, slots=True)
class Kept:
    """
    So many of `what` (a word such as `photos`) stay, and why: a phrase of the program's own.

    Raises `UsageError` if either is not lower-case words, for a name would not be.
    """

    what: str
    count: int
    why: str

    def __post_init__(self) -> None:
        _check("kept", _WORD, self.what)
        _check("why it was kept", _PHRASE, self.why)
        _check_counts("kept", (self.count,))


@dataclass(frozen=True, slots=True)
class Scan:
    """
    The raw bytes of every file were read for pieces of `objects` things that were to go.

    Before the erasure `found_before` of them were found, and at `at`, after it, `found_after`:
    `files` files of together `bytes` bytes were read, and `unread` could not be. A scan of no
    object proves nothing, but where there was nothing to destroy.
    """

    at: datetime
    files: int
    bytes: int
    objects: int
    found_before: int
    found_after: int
    unread: int = 0

    def __post_init__(self) -> None:
        _check_counts(
            "the scan",
            (self.files, self.bytes, self.objects, self.found_before, self.found_after),
        )
        _check_counts("the scan", (self.unread,))


@dataclass(frozen=True, slots=True)
class BackupHeld:
    """A backup that was made before the bytes were gone. `gone_at` is when it was destroyed."""

    id: BackupId
    made_at: datetime
    expires_at: datetime
    gone_at: datetime | None = None

    def __post_init__(self) -> None:
        _check("a backup", _ID, self.id)


@dataclass(frozen=True, slots=True)
class Demand:
    """
    One recall: a recipient was told to delete what it was given. `at` is when it came to `state`.

    `acknowledgement` is the digest of the recipient's signed answer, and `reason` that of the words
    with which somebody closed it: words that people type may name people, so they stay behind.
    Raises `UsageError` if it ended without the one or the other.
    """

    recipient: RecipientId
    recall: RecallId
    disclosure: DisclosureId
    state: RecallState
    at: datetime
    acknowledgement: Digest | None = None
    reason: Digest | None = None

    def __post_init__(self) -> None:
        for which in (self.recipient, self.recall, self.disclosure):
            _check("a recall", _ID, which)
        for told in (self.acknowledgement, self.reason):
            _check("a recall", _DIGEST, told or "0" * 64)
        if self.state is RecallState.ACKNOWLEDGED and self.acknowledgement is None:
            raise UsageError(f"{self.recall}: acknowledged without an acknowledgement")
        if self.state is RecallState.CLOSED and self.reason is None:
            raise UsageError(f"{self.recall}: closed without a reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    What became of one erasure by `issued_at`. `number` counts the receipts of the case, from 1.

    `levels` holds the levels that were reached, and when. `destroyed` counts by class, such as
    `references`. `keys_before` says how many keys opened it when the case was opened, `keys` which
    of them were destroyed. `items` are the marks (`item_mark`) of what was erased, `previous` the
    digest of the receipt before this one.

    Raises `UsageError` if it claims a level without what proves it, if an instant is out of order,
    or if a text in it is neither an id, a digest nor a word.
    """

    library: str
    erasure: ErasureId
    number: int
    trigger: Trigger
    subject: PersonId | SourceId | PhotoId
    opened_at: datetime
    issued_at: datetime
    levels: Mapping[Level, datetime]
    destroyed: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
    keys_before: int = 0
    keys: tuple[KeyId, ...] = ()
    scan: Scan | None = None
    backups: tuple[BackupHeld, ...] = ()
    recipients: tuple[Demand, ...] = ()
    items: tuple[Digest, ...] = ()
    previous: Digest | None = None
    version: int = VERSION

    def __post_init__(self) -> None:
        # Copies, so that what was checked is what is signed.
        object.__setattr__(self, "levels", MappingProxyType(dict(self.levels)))
        object.__setattr__(self, "destroyed", MappingProxyType(dict(self.destroyed)))
        _check_form(self)
        _check_order(self)
        for level in self.levels:
            if lacking := _lacking(self, level):
                raise UsageError(f"{level}: {lacking}")

    @property
    def level(self) -> Level | None:
        """The last level of those that were reached without a gap, or nothing."""
        reached = None
        for level in Level:
            if level not in self.levels:
                break
            reached = level
        return reached

    @property
    def methods(self) -> tuple[Method, ...]:
        """How it was destroyed: it follows from what is proven, and is not for anybody to say."""
        shredded = Level.KEYS_DESTROYED in self.levels and bool(self.keys)
        cleared = Level.BYTES_GONE in self.levels
        told = ((Method.CRYPTOGRAPHIC_ERASE, shredded), (Method.CLEAR, cleared))
        return tuple(method for method, holds in told if holds)


def item_mark(salt: bytes, content: Digest) -> Digest:
    """
    What stands in a receipt for an erased item: the HMAC-SHA256 of its bytes' digest.

    Whoever has the salt of the case and the item itself can see that it is meant; nobody else can.
    """
    return Digest(hmac.digest(salt, bytes.fromhex(content), "sha256").hex())


def write_statement(statement: Statement) -> bytes:
    """The RFC 8785 form of a statement, UTF-8."""
    return canonical_json(_document(statement))


def read_statement(written: bytes) -> Statement:
    """
    Read the canonical form of a statement.

    Raises `VerificationError` if it is not one, or if it claims what it does not prove.
    """
    try:
        statement = _parse(written)
        same = write_statement(statement) == written
    except UsageError as exc:
        raise VerificationError(f"the statement does not hold: {exc.message}") from exc
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise VerificationError("not the statement of an erasure") from exc
    if not same:
        raise VerificationError("not the statement of an erasure in its one form")
    return statement


# --------------------------------------------------------------------------------------------


def _lacking(said: Statement, level: Level) -> str:
    """What a statement does not show of this level, or the empty string."""
    before = _NEEDS.get(level)
    if before is not None and before not in said.levels:
        return f"claimed without {before}"
    if before is not None and said.levels[level] < said.levels[before]:
        return f"earlier than {before}"
    return _PROOFS[level](said, said.levels[level])


def _of_invisible(_said: Statement, _at: datetime) -> str:
    return ""  # an instant in which the case was open, and `_check_order` sees to that


def _of_keys(said: Statement, _at: datetime) -> str:
    destroyed = len(set(said.keys))
    if destroyed != said.keys_before:
        return f"{destroyed} of {said.keys_before} keys are named as destroyed"
    return ""


def _of_bytes(said: Statement, at: datetime) -> str:
    scan = said.scan
    if scan is None:
        return "claimed without a scan"
    lacking = (
        (scan.at > at, "claimed before the scan"),
        (not scan.files or scan.unread, "the scan did not read every file"),
        (not scan.objects and any(said.destroyed.values()), "the scan looked for nothing"),
        (
            scan.found_before != scan.objects,
            f"before, the scan found {scan.found_before} of {scan.objects} objects",
        ),
        (scan.found_after, f"the scan still found {scan.found_after} objects"),
    )
    return next((words for lacks, words in lacking if lacks), "")


def _of_backups(said: Statement, at: datetime) -> str:
    for backup in said.backups:
        if backup.gone_at is None or backup.gone_at > at:
            return f"{backup.id} was not gone"
    return ""


def _of_recipients(said: Statement, at: datetime) -> str:
    for demand in said.recipients:
        if demand.state not in ENDED or demand.at > at:
            return f"{demand.recall} was not ended"
    return ""


_NEEDS = {
    Level.KEYS_DESTROYED: Level.INVISIBLE,
    Level.BYTES_GONE: Level.KEYS_DESTROYED,
    Level.BACKUPS_AGED_OUT: Level.BYTES_GONE,
    Level.RECIPIENTS_ACKNOWLEDGED: Level.INVISIBLE,
}
_PROOFS: Mapping[Level, Callable[[Statement, datetime], str]] = {
    Level.INVISIBLE: _of_invisible,
    Level.KEYS_DESTROYED: _of_keys,
    Level.BYTES_GONE: _of_bytes,
    Level.BACKUPS_AGED_OUT: _of_backups,
    Level.RECIPIENTS_ACKNOWLEDGED: _of_recipients,
}


def _check_form(said: Statement) -> None:
    if said.version != VERSION:
        raise UsageError(f"a statement of version {said.version}; this program knows {VERSION}")
    for which in (said.library, said.erasure, said.subject, *said.keys):
        _check("a statement", _ID, which)
    for mark in (*said.items, *([said.previous] if said.previous is not None else [])):
        _check("a statement", _DIGEST, mark)
    for word in said.destroyed:
        _check("what was destroyed", _WORD, word)
    _check_counts("what was destroyed", said.destroyed.values())
    _check_counts("a statement", (said.number, said.keys_before))
    if said.number < 1 or (said.number == 1) != (said.previous is None):
        raise UsageError("every receipt but the first names the one before it")


def _check_order(said: Statement) -> None:
    """Nothing in a statement happened before the case was opened, or after it was issued."""
    within = [*said.levels.values(), *(one.at for one in said.recipients)]
    within += [one.gone_at for one in said.backups if one.gone_at is not None]
    within += [] if said.scan is None else [said.scan.at]
    beside = [one for backup in said.backups for one in (backup.made_at, backup.expires_at)]
    if any(one.tzinfo is None for one in (said.opened_at, said.issued_at, *within, *beside)):
        raise UsageError("an instant without a time zone")
    if said.issued_at < said.opened_at:
        raise UsageError("issued before the case was opened")
    if any(not said.opened_at <= one <= said.issued_at for one in within):
        raise UsageError("an instant outside of the case")


def _check(what: str, form: re.Pattern[str], text: str) -> None:
    if not form.fullmatch(text):
        raise UsageError(f"{what}: holds what is neither an id, a digest nor a word: {text[:40]!r}")


def _check_counts(what: str, counts: Iterable[int]) -> None:
    if not all(type(one) is int and 0 <= one <= _MAX_COUNT for one in counts):
        raise UsageError(f"{what}: a count that is none")


def _document(said: Statement) -> dict[str, Json]:
    return {
        "version": said.version,
        "library": said.library,
        "erasure": said.erasure,
        "number": said.number,
        "trigger": said.trigger.value,
        "subject": said.subject,
        "opened_at": _told(said.opened_at),
        "issued_at": _told(said.issued_at),
        "levels": {level.value: _maybe_told(said.levels.get(level)) for level in Level},
        "methods": [method.value for method in said.methods],
        "destroyed": dict(said.destroyed),
        "kept": [{"what": one.what, "count": one.count, "why": one.why} for one in said.kept],
        "keys_before": said.keys_before,
        "keys": list(said.keys),
        "scan": None if said.scan is None else _scan_document(said.scan),
        "backups": [
            {
                "id": one.id,
                "made_at": _told(one.made_at),
                "expires_at": _told(one.expires_at),
                "gone_at": _maybe_told(one.gone_at),
            }
            for one in said.backups
        ],
        "recipients": [
            {
                "recipient": one.recipient,
                "recall": one.recall,
                "disclosure": one.disclosure,
                "state": one.state.value,
                "at": _told(one.at),
                "acknowledgement": one.acknowledgement,
                "reason": one.reason,
            }
            for one in said.recipients
        ],
        "items": list(said.items),
        "previous": said.previous,
    }


def _scan_document(scan: Scan) -> dict[str, Json]:
    return {
        "at": _told(scan.at),
        "files": scan.files,
        "bytes": scan.bytes,
        "objects": scan.objects,
        "found_before": scan.found_before,
        "found_after": scan.found_after,
        "unread": scan.unread,
    }


def _parse(written: bytes) -> Statement:
    """Read without care for what is beside it: the caller compares it with its one form."""
    said = json.loads(written)
    return Statement(
        version=said["version"],
        library=said["library"],
        erasure=said["erasure"],
        number=said["number"],
        trigger=Trigger(said["trigger"]),
        subject=said["subject"],
        opened_at=_instant(said["opened_at"]),
        issued_at=_instant(said["issued_at"]),
        levels={
            Level(level): _instant(at) for level, at in said["levels"].items() if at is not None
        },
        destroyed=said["destroyed"],
        kept=tuple(Kept(one["what"], one["count"], one["why"]) for one in said["kept"]),
        keys_before=said["keys_before"],
        keys=tuple(said["keys"]),
        scan=None if said["scan"] is None else _parse_scan(said["scan"]),
        backups=tuple(
            BackupHeld(
                one["id"],
                _instant(one["made_at"]),
                _instant(one["expires_at"]),
                None if one["gone_at"] is None else _instant(one["gone_at"]),
            )
            for one in said["backups"]
        ),
        recipients=tuple(
            Demand(
                one["recipient"],
                one["recall"],
                one["disclosure"],
                RecallState(one["state"]),
                _instant(one["at"]),
                one["acknowledgement"],
                one["reason"],
            )
            for one in said["recipients"]
        ),
        items=tuple(said["items"]),
        previous=said["previous"],
    )


def _parse_scan(said: Mapping[str, str | int]) -> Scan:
    counts = {name: int(value) for name, value in said.items() if name != "at"}
    return Scan(at=_instant(str(said["at"])), **counts)


def _told(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_TIME)


def _maybe_told(at: datetime | None) -> str | None:
    return None if at is None else _told(at)


def _instant(told: str) -> datetime:
    # It reads other forms too. Who reads a statement compares what was read with the one form.
    return datetime.fromisoformat(told).astimezone(UTC)
