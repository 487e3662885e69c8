"""Photos' version: whether an outline of a collection that was read is still the one there is."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """It counts from here on."""
    op.add_column(
        "library", sa.Column("photos_version", sa.Integer(), nullable=False, server_default="0")
    )
