"""
Canonical bytes and digests: the same value gives the same bytes, on every machine.

Canonical JSON is RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785), by the package `rfc8785`. Where
there is nothing in it that the standard library would write otherwise, that does it, ten times as
fast: every entry of the log and every receipt is written so, and read so.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
    if _is_plain(value):
        with suppress(UnicodeEncodeError):
            return _plainly(value).encode()
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as exc:
        raise UsageError(f"no canonical JSON: {exc}") from exc


# --------------------------------------------------------------------------------------------

_MOST = 2**53 - 1
"""The largest whole number that RFC 8785 writes."""

_plainly = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def _is_plain(value: object) -> bool:
    """
    Whether both write it alike: texts, whole numbers, and what is made of them with names in ASCII.

    Fractions differ, and so does the order of names beyond the first 65,536 characters.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_MOST <= value <= _MOST  # type: ignore[operator]
    if kind is dict:
        known: dict[object, object] = value  # type: ignore[assignment]
        return all(type(name) is str and name.isascii() for name in known) and all(
            map(_is_plain, known.values())
        )
    return (kind is list or kind is tuple) and all(map(_is_plain, value))  # type: ignore[call-overload]
