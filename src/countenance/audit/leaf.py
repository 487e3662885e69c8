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
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as _text
from typing import Any

from countenance.audit.entry import Act, Entry
from countenance.audit.merkle import leaf_hash
from countenance.errors import UsageError, VerificationError

SALT_BYTES = 32

_INDEX_BYTES = 8
_UTC = "+00:00"


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
    # Canonical as it is put together: the names are in the order of RFC 8785, and it writes texts
    # as the standard library does. A test compares this with a writer of any JSON, which is ten
    # times slower.
    payload = (
        f'{{"act":{_text(entry.act)},"actor":{_text(entry.actor)},"at":"{_instant(entry.at)}",'
        f'"purpose":{_text(entry.purpose)},"rests_on":[{_texts(entry.rests_on)}],'
        f'"subjects":[{_texts(entry.subjects)}]}}'
    )
    if not payload.isascii():
        _check_whole(payload)
    return payload


def read_payload(payload: str) -> Entry:
    """Raises `VerificationError` if this is not the payload of an entry."""
    try:
        said = _json(payload)
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


# --------------------------------------------------------------------------------------------


# `json.loads` looks for spaces around what it reads, which takes longer than reading it.
_begins_with = json.JSONDecoder().raw_decode


def _json(payload: str) -> dict[str, Any]:
    said: dict[str, Any]
    said, end = _begins_with(payload)
    if end != len(payload):
        raise ValueError("something stands behind it")
    return said


def _texts(texts: Iterable[str]) -> str:
    return ",".join(map(_text, texts))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix(_UTC) + "Z"


def _check_whole(payload: str) -> None:
    try:
        payload.encode()
    except UnicodeEncodeError as exc:
        raise UsageError(f"no canonical JSON: {exc.reason}") from exc
