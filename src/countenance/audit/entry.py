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
    RULE_CHANGED = "collection.rule-changed"
    ENROLLED = "person.enrolled"
    WITHDRAWN = "person.withdrawn"
    FOUND = "person.found"
    SEARCHED = "probe.searched"
    REFUSED = "search.refused"
    INGESTED = "source.ingested"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One act. `subjects` are ids of what it touched, `rests_on` ids of consents or grants.

    `purpose` is the word of the purpose, or the empty string where none applies.
    """

    act: Act
    at: datetime
    actor: str
    purpose: str = ""
    subjects: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
