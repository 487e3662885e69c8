"""How many false hits were allowed when photos were compared last."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """It was not noted so far."""
    op.add_column("library", sa.Column("false_hits", sa.Float(), nullable=True))
