"""The pack that a library is bound to, and who has to enrol again since it changed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No library has changed its pack yet, and so nobody has to."""
    op.add_column("library", sa.Column("pack", sa.String(64), nullable=True))
    op.add_column("person", sa.Column("again_since", sa.DateTime(timezone=True), nullable=True))
