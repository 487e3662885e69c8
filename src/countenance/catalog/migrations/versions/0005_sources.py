"""Sources of other kinds than folders: their options, and the pages their pictures stand on."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sources of before are folders: they have no options and no pages."""
    op.add_column("source", sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("item", sa.Column("page", sa.Text(), nullable=False, server_default=""))
    op.add_column("item", sa.Column("words", sa.Text(), nullable=False, server_default=""))
