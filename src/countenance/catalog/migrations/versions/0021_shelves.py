"""Shelves: what an outline of a collection is read from; and an index of what has no result."""

import sqlalchemy as sa
from alembic import op

from countenance.catalog.shelves import rebuild

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """It is filled with what there is."""
    op.create_table(
        "shelf",
        sa.Column("collection_id", sa.String(32), nullable=False),
        sa.Column("moment", sa.String(32), nullable=False),
        sa.Column("photo_id", sa.String(32), nullable=False),
        sa.Column("source_id", sa.String(32), nullable=False),
        sa.Column("first", sa.String(80), nullable=False),
        sa.Column("photos", sa.Integer(), nullable=False),
        sa.Column("ratios", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(
            "collection_id", "moment", "photo_id", "source_id", name="pk_shelf"
        ),
    )
    there = sa.text("reason IS NOT NULL")
    op.create_index(
        "ix_item_trouble",
        "item",
        ["source_id", "locator"],
        sqlite_where=there,
        postgresql_where=there,
    )
    rebuild(op.get_bind())
