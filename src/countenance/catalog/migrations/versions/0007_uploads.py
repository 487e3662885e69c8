"""Uploads: originals in the vault, and where their sources have them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of places; the originals themselves are copies of the ledger."""
    op.create_table(
        "upload",
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("locator", sa.Text(), nullable=False),
        sa.Column("copy_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["copy_id"], ["copy.id"], name=op.f("fk_upload_copy_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_upload_source_id")),
        sa.PrimaryKeyConstraint("source_id", "locator", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_copy_id"), "upload", ["copy_id"], unique=False)
