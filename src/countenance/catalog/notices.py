"""
The notices that were shown, word for word: what a consent was given under stays readable (P17).

A later release may word its notice otherwise, or no longer speak the language. The text that a
person agreed to is kept here from its first use on.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, insert, select

from countenance.catalog.tables import notice
from countenance.core.canonical import Digest, digest
from countenance.people.notice import Notice


def keep(tx: Connection, shown: Notice, *, at: datetime) -> None:
    """Keep the words of `shown`, if they are not here yet."""
    if tx.execute(select(notice.c.digest).where(notice.c.digest == shown.digest)).first():
        return
    tx.execute(
        insert(notice).values(
            digest=shown.digest, language=shown.language, text=shown.text, first_used=at
        )
    )


def kept(tx: Connection, digests: Collection[Digest]) -> dict[Digest, Notice]:
    """Those of `digests` whose words are here, unchanged: each is the digest of its text."""
    rows = tx.execute(select(notice).where(notice.c.digest.in_(digests)))
    found = {Digest(row.digest): Notice(row.language, row.text) for row in rows}
    return {which: one for which, one in found.items() if digest(one.text.encode()) == which}
