"""
An entry of the audit log: who did what, why, and on whose consent it rests.

It holds ids and digests. It never holds a name, a vector, a score or a picture (P32).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Act(StrEnum):
    """What was done."""

    SOURCE_ADDED = "source.added"
    SOURCE_REVOKED = "source.revoked"
    PICTURE_REMOVED = "picture.removed"
    RULE_CHANGED = "collection.rule-changed"
    ROSTER_CHANGED = "collection.roster-changed"
    ENROLLED = "person.enrolled"
    WITHDRAWN = "person.withdrawn"
    EXPIRED = "consent.expired"
    OBJECTED = "person.objected"
    OBJECTION_LIFTED = "person.objection-lifted"
    FOUND = "person.found"
    SEARCHED = "probe.searched"
    CONFIRMED = "sighting.confirmed"
    REJECTED = "sighting.rejected"
    REFUSED = "search.refused"
    INGESTED = "source.ingested"
    REDACTED = "entry.redacted"
    ERASED = "erasure.receipted"
    TOMBSTONES_LIFTED = "source.tombstones-lifted"
    RECIPIENT_ADDED = "recipient.added"
    RECIPIENT_ENDED = "recipient.ended"
    CHECKED = "photo.checked"
    DISCLOSED = "photo.disclosed"
    COVER_REMOVED = "photo.cover-removed"
    RECALL_ACKNOWLEDGED = "recall.acknowledged"
    RECALL_CLOSED = "recall.closed"
    BACKED_UP = "backup.added"
    BACKUP_GONE = "backup.ended"
    RESTORED = "library.restored"
    EXPORTED = "person.exported"
    AGE_CHANGED = "person.age-changed"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_ENDED = "account.ended"
    ROLES_CHANGED = "account.roles-changed"
    ACCOUNT_LINK_ISSUED = "account.link-issued"
    PASSWORD_CHANGED = "account.password-changed"  # noqa: S105  an act
    PASSKEY_ADDED = "passkey.added"
    PASSKEY_ENDED = "passkey.ended"
    SIGNED_IN = "session.opened"
    SIGN_IN_REFUSED = "session.refused"
    SESSION_ENDED = "session.ended"
    TOKEN_ADDED = "token.added"  # noqa: S105
    TOKEN_ENDED = "token.ended"  # noqa: S105
    PUT_ASIDE = "sighting.postponed"
    MERGED = "person.merged"
    SPLIT = "person.split"
    TAKEN_BACK = "step.reversed"
    ASSESSED = "collection.assessed"
    LINK_ISSUED = "link.issued"
    LINK_ENDED = "link.ended"
    DEMANDED = "demand.received"
    DEMAND_ANSWERED = "demand.answered"
    CLAIMED = "claim.received"
    CLAIM_ANSWERED = "claim.answered"
    TELLING_CHANGED = "telling.changed"
    TOLD = "telling.mailed"
    EMBEDDED_AGAIN = "reference.renewed"
    TO_ENROL_AGAIN = "reference.dropped"
    PACK_CHANGED = "library.pack-changed"
    LICENCE_ACCEPTED = "models.licence-accepted"


ROLE_MARK = "role:"
"""Before a role among the subjects of an entry."""

PACK_MARK = "pack:"
"""Before a model pack among them."""

LOOKING = frozenset({Act.FOUND, Act.SEARCHED, Act.EXPORTED, Act.CHECKED})
"""The acts by which somebody learnt where the people among the subjects appear (P33)."""

REPEATED = frozenset(
    {
        Act.SOURCE_REVOKED,
        Act.PICTURE_REMOVED,
        Act.RULE_CHANGED,
        Act.ROSTER_CHANGED,
        Act.WITHDRAWN,
        Act.EXPIRED,
        Act.OBJECTED,
        Act.REJECTED,
        Act.DISCLOSED,
        Act.RECIPIENT_ENDED,
        Act.BACKED_UP,
        Act.ACCOUNT_ENDED,
        Act.ROLES_CHANGED,
        Act.PASSWORD_CHANGED,
        Act.PASSKEY_ENDED,
        Act.TOKEN_ENDED,
        Act.LINK_ENDED,
        Act.TELLING_CHANGED,
    }
)
"""The acts that took something back, or that a recall or a receipt must know: a restore does them
again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One act. `subjects` are ids of what it touched, `rests_on` ids of consents or grants, or the
    mark of a picture's tombstone.

    `purpose` is the word of the purpose, or the empty string where none applies.
    """

    act: Act
    at: datetime
    actor: str
    purpose: str = ""
    subjects: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
