"""
Impact assessments: what was thought of before faces in a collection are recognised.

The questions are those of GDPR Art. 35(7), in plain words: what is done and why, whether it is
needed, what could go wrong for whom, and what is done about that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from countenance.catalog.tables import assessment
from countenance.core.canonical import Digest, canonical_json, digest
from countenance.core.ids import CollectionId, new_id
from countenance.errors import UsageError

QUESTIONS = ("purpose", "people", "necessity", "alternative", "risks", "measures", "consulted")
"""What has to be answered, each in words of one's own."""

LEAST_CHARACTERS = 20
"""Less is no answer to any of them."""

MOST_CHARACTERS = 5000


@dataclass(frozen=True, slots=True)
class Assessment:
    """One assessment, by whom and when. `digest` is of the answers; the log refers to it."""

    id: str
    collection: CollectionId
    at: datetime
    by: str
    answers: Mapping[str, str]
    digest: Digest


def checked(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers to all of `QUESTIONS`. Raises `UsageError` if one is missing or is none."""
    said = {name: " ".join(answers.get(name, "").split()) for name in QUESTIONS}
    short = [name for name, words in said.items() if len(words) < LEAST_CHARACTERS]
    if short:
        raise UsageError(
            f"the impact assessment is not filled in: {', '.join(short)}",
            hint=f"each answer takes a sentence, of {LEAST_CHARACTERS} characters or more",
        )
    if any(len(words) > MOST_CHARACTERS for words in said.values()):
        raise UsageError(f"an answer of an impact assessment: at most {MOST_CHARACTERS} characters")
    return said


def add(
    tx: Connection, which: CollectionId, answers: Mapping[str, str], *, by: str, at: datetime
) -> Assessment:
    """Keep an assessment; earlier ones stay. Raises as `checked` does."""
    said = checked(answers)
    made = Assessment(new_id("a"), which, at, by, said, digest(canonical_json(said)))
    tx.execute(
        insert(assessment).values(
            id=made.id, collection_id=which, at=at, by=by, answers=said, digest=made.digest
        )
    )
    return made


def newest(tx: Connection, which: CollectionId) -> Assessment | None:
    """The assessment of a collection that holds now, if there is one."""
    row = tx.execute(
        select(assessment)
        .where(assessment.c.collection_id == which)
        .order_by(assessment.c.at.desc(), assessment.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else _read(row)


# --------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> Assessment:
    return Assessment(
        row.id, CollectionId(row.collection_id), row.at, row.by, row.answers, Digest(row.digest)
    )
