"""
Ids: random, opaque, never reused.

An id is a letter that says what it names, an underscore, and 80 random bits in lower-case base 32
(Crockford's alphabet, no i, l, o, u), so that it can be read aloud and typed.
"""

import secrets
from typing import NewType

SourceId = NewType("SourceId", str)
GrantId = NewType("GrantId", str)
CollectionId = NewType("CollectionId", str)
ItemId = NewType("ItemId", int)
PhotoId = NewType("PhotoId", str)
FaceId = NewType("FaceId", str)
PersonId = NewType("PersonId", str)
ConsentId = NewType("ConsentId", str)
ReferenceId = NewType("ReferenceId", str)
SightingId = NewType("SightingId", str)
KeyId = NewType("KeyId", str)
CopyId = NewType("CopyId", str)
GuardianId = NewType("GuardianId", str)
ObjectionId = NewType("ObjectionId", str)
ErasureId = NewType("ErasureId", str)
RecipientId = NewType("RecipientId", str)
DisclosureId = NewType("DisclosureId", str)
RecallId = NewType("RecallId", str)
BackupId = NewType("BackupId", str)
AccountId = NewType("AccountId", str)
SessionId = NewType("SessionId", str)
PasskeyId = NewType("PasskeyId", str)
TokenId = NewType("TokenId", str)
StepId = NewType("StepId", str)
JobId = NewType("JobId", str)
LinkId = NewType("LinkId", str)
DemandId = NewType("DemandId", str)
ClaimId = NewType("ClaimId", str)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 16


def new_id(prefix: str) -> str:
    """A new id, such as `p_7q2m0c4x9v1ksz3d` for the prefix `p`."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))}"
