"""
Leaves: what stands in the tree for an entry, so that its content can go and every proof still hold.

    payload     the RFC 8785 form of the entry, UTF-8
    salt        32 random bytes, kept beside the payload and nowhere else
    commitment  SHA-256(payload || salt || index of the entry, 8 bytes, big-endian)
    leaf hash   SHA-256(0x00 || commitment)

Without the salt nobody can tell a leaf from that of a payload they guess. So an entry is redacted
by forgetting its payload and its salt: the hash stays, and says nothing any more.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from countenance.audit.entry import Act, Entry
from countenance.audit.merkle import leaf_hash
from countenance.core.canonical import canonical_json
from countenance.errors import VerificationError

SALT_BYTES = 32

_INDEX_BYTES = 8
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Leaf:
    """
    An entry as it stands in the log.

    `payload` and `salt` are nothing where it was redacted. `hashes` are those of the nodes that it
    completes, one after the other, its own first (`merkle.completed`).
    """

    index: int
    payload: str | None
    salt: bytes | None
    hashes: bytes


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def salted(payload: str, salt: bytes, index: int) -> bytes:
    """The leaf hash of a payload at this index."""
    committed = payload.encode() + salt + index.to_bytes(_INDEX_BYTES, "big")
    return leaf_hash(hashlib.sha256(committed).digest())


def write_payload(entry: Entry) -> str:
    """
    The payload of an entry.

    Raises `UsageError` if a text in it is not one that can be written, such as half a character.
    """
    return canonical_json(
        {
            "act": entry.act.value,
            "actor": entry.actor,
            "at": entry.at.astimezone(UTC).strftime(_TIME),
            "purpose": entry.purpose,
            "rests_on": list(entry.rests_on),
            "subjects": list(entry.subjects),
        }
    ).decode()


def read_payload(payload: str) -> Entry:
    """Raises `VerificationError` if this is not the payload of an entry."""
    try:
        said = json.loads(payload)
        return Entry(
            act=Act(said["act"]),
            at=datetime.fromisoformat(said["at"]).astimezone(UTC),
            actor=str(said["actor"]),
            purpose=str(said["purpose"]),
            subjects=tuple(said["subjects"]),
            rests_on=tuple(said["rests_on"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise VerificationError("the content of an entry of the log cannot be read") from exc
