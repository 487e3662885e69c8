"""Films: how long they are, when a face is seen in them, and a person in more than one of those."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ONCE = "ix_sighting_once_in_a_photo"
_NOT_IN_FILMS = sa.text("state != 'rejected' AND NOT in_film")


def upgrade() -> None:
    """What was stored before are photos."""
    op.add_column(
        "photo", sa.Column("kind", sa.String(length=8), nullable=False, server_default="photo")
    )
    op.add_column("photo", sa.Column("seconds", sa.Float(), nullable=True))
    for name in ("begins", "ends"):
        op.add_column("face", sa.Column(name, sa.Float(), nullable=True))
    op.add_column("face", sa.Column("views", sa.JSON(), nullable=True))
    op.add_column(
        "sighting", sa.Column("in_film", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.drop_index(_ONCE, table_name="sighting")
    op.create_index(
        _ONCE,
        "sighting",
        ["photo_id", "person_id"],
        unique=True,
        sqlite_where=_NOT_IN_FILMS,
        postgresql_where=_NOT_IN_FILMS,
    )
