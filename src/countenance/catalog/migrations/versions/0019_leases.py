"""Leases: which worker an item is taken by, and until when, where several machines take them."""

import sqlalchemy as sa
from alembic import op

from countenance.catalog.tables import Instant

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is taken by lease yet."""
    op.add_column("item", sa.Column("taken_by", sa.String(80), nullable=True))
    op.add_column("item", sa.Column("taken_until", Instant(), nullable=True))
