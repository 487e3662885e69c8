"""
Portraits: the faces that people chose to have kept, so that they need not enrol again.

A portrait stands where their references stand, one row a person, for the purpose `keep-picture` and
of no pack: sealed under a key of its own, bound to person, purpose and consent, and gone with them
in every way in which a reference goes. It is opened to make references anew, for its person who
looks at it or takes their record away, and for nothing else.

What is sealed is one JPEG after the other, without metadata, each after its length in bytes as four
bytes, the highest first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from countenance.catalog import people
from countenance.catalog.people import SealedReference
from countenance.catalog.references import bound_to
from countenance.core.ids import KeyId, PersonId, ReferenceId, new_id
from countenance.errors import VerificationError
from countenance.people.consent import Consent
from countenance.people.purpose import Purpose
from countenance.vault.keys import KeyStore
from countenance.vault.seal import seal, unseal

NO_PACK: Final = ""
"""In the place of the pack that made a reference."""

_LENGTH = 4  # bytes


def seal_portraits(
    tx: Connection, keys: KeyStore, key: KeyId, consent: Consent, pictures: Sequence[bytes]
) -> SealedReference:
    """
    The JPEGs `pictures` of one person, sealed under `key` for the purpose of `consent`.

    Nothing is stored: `people.add_reference` does. Raises as `KeyStore.read` does.
    """
    bound = bound_to(
        people.library_id(tx), consent.person, consent.wish.purpose, consent.id, NO_PACK
    )
    plain = b"".join(len(one).to_bytes(_LENGTH, "big") + one for one in pictures)
    return SealedReference(
        id=ReferenceId(new_id("r")),
        person=consent.person,
        consent=consent.id,
        purpose=consent.wish.purpose,
        pack=NO_PACK,
        key=key,
        sealed=seal(keys.read(key), plain, bound=bound),
        weak=False,
    )


def portraits_of(
    tx: Connection, keys: KeyStore, who: PersonId, *, at: datetime
) -> tuple[bytes, ...]:
    """
    The JPEGs that are kept of a person by a consent in force at `at`, in the order they were given.

    Raises `VerificationError` if they were changed, and as `KeyStore.read` does.
    """
    own = people.consents(tx, people=[who], purposes=[Purpose.KEEP_PICTURE])
    if not any(one.in_force(at) for one in own):
        return ()
    rows = people.references_of(tx, who, [Purpose.KEEP_PICTURE])
    return tuple(one for row in rows for one in _opened(tx, keys, row))


# --------------------------------------------------------------------------------------------


def _opened(tx: Connection, keys: KeyStore, row: SealedReference) -> tuple[bytes, ...]:
    bound = bound_to(people.library_id(tx), row.person, row.purpose, row.consent, row.pack)
    return _parted(unseal(keys.read(row.key), row.sealed, bound=bound))


def _parted(plain: bytes) -> tuple[bytes, ...]:
    found, place = [], 0
    while place < len(plain):
        begin = place + _LENGTH
        place = begin + int.from_bytes(plain[place:begin], "big")
        if begin == place or place > len(plain):
            raise VerificationError("not portraits: a length is wrong")
        found.append(plain[begin:place])
    return tuple(found)
