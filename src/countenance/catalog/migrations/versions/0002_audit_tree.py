"""
The audit log becomes a tree: each entry gets a salt and its place, under signed checkpoints.

Entries of before keep what they say, but for the time of one that was earlier than the one before
it: the clock had been set back, or two programs had written at once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from countenance.audit.entry import Act, Entry
from countenance.audit.leaf import new_salt, salted, write_payload
from countenance.audit.merkle import Tree
from countenance.catalog.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BEFORE = sa.table(
    "entry",
    sa.column("seq", sa.Integer()),
    sa.column("act", sa.String()),
    sa.column("at", Instant()),
    sa.column("actor", sa.Text()),
    sa.column("purpose", sa.String()),
    sa.column("subjects", sa.JSON()),
    sa.column("rests_on", sa.JSON()),
)


def upgrade() -> None:
    """Make the tables anew, and log what was logged."""
    connection = op.get_bind()
    before = connection.execute(sa.select(_BEFORE).order_by(_BEFORE.c.seq)).all()
    op.drop_table("entry")
    made = op.create_table(
        "entry",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_entry")),
        comment="the audit log: ids only. seq is the index plus one; a redacted entry has hashes "
        "alone",
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
        comment="no personal data: the signed heads of the audit log",
    )
    rows = _planted(before)
    if rows:
        connection.execute(sa.insert(made), rows)


# --------------------------------------------------------------------------------------------


def _planted(before: Sequence[sa.Row[Any]]) -> list[dict[str, object]]:
    tree, latest = Tree(), None
    rows: list[dict[str, object]] = []
    for index, row in enumerate(before):
        latest = row.at if latest is None else max(latest, row.at)
        payload, salt = write_payload(_entry(row, latest)), new_salt()
        hashes = tree.append(salted(payload, salt, index))
        rows.append(
            {"seq": index + 1, "payload": payload, "salt": salt, "hashes": b"".join(hashes)}
        )
    return rows


def _entry(row: sa.Row[Any], at: datetime) -> Entry:
    return Entry(
        act=Act(row.act),
        at=at,
        actor=row.actor,
        purpose=row.purpose,
        subjects=tuple(row.subjects),
        rests_on=tuple(row.rests_on),
    )
