"""What a picture's file says of it, its near hash, and the full text over the sources' words."""

import sqlalchemy as sa
from alembic import op

from countenance.catalog import words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TEXTS = ("title", "caption", "keywords", "creator", "licence")


def upgrade() -> None:
    """Of photos of before nothing is known until their files are read anew; places have names."""
    op.add_column(
        "photo", sa.Column("taken_at", sa.String(length=32), nullable=False, server_default="")
    )
    op.add_column("photo", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("photo", sa.Column("longitude", sa.Float(), nullable=True))
    for name in _TEXTS:
        op.add_column("photo", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("photo", sa.Column("near", sa.LargeBinary(), nullable=True))
    op.add_column(
        "face", sa.Column("named", sa.String(length=32), nullable=False, server_default="")
    )
    op.add_column("erasure", sa.Column("photo_id", sa.String(length=32), nullable=True))
    words.create(op.get_bind())
