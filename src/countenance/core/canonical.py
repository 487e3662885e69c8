"""
Canonical bytes and digests: the same value gives the same bytes, on every machine.

Canonical JSON is RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785), by the package `rfc8785`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NewType, TypeAlias

import rfc8785

from countenance.errors import UsageError

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

Digest = NewType("Digest", str)
"""A SHA-256, as 64 lower-case hexadecimal digits."""


def digest(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).hexdigest())


def canonical_json(value: Json) -> bytes:
    """
    The RFC 8785 form of `value`, UTF-8.

    Raises `UsageError` for what JSON cannot say alike everywhere: a number that is not finite, a
    whole number beyond 2**53 - 1, half a character.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as exc:
        raise UsageError(f"no canonical JSON: {exc}") from exc
