"""Publishing: which file was given out, how many covers are in it, and where one was taken off."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what was given before, no file was made here."""
    op.add_column("disclosure", sa.Column("file", sa.String(length=64), nullable=True))
    op.add_column(
        "disclosure", sa.Column("covers", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "disclosure", sa.Column("uncovered", sa.JSON(), nullable=False, server_default="{}")
    )
    op.create_index("ix_disclosure_file", "disclosure", ["file"])
