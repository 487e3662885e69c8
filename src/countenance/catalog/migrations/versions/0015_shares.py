"""Shares: links that show photos; what was said of each face; what people without a face ask."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what was given before, nobody wrote down what was said of each face."""
    word = sa.String(length=32)
    op.add_column(
        "link", sa.Column("label", sa.String(length=200), nullable=False, server_default="")
    )
    op.add_column("link", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("link", sa.Column("uses", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("disclosure", sa.Column("faces", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "share_photo",
        sa.Column("link_id", word, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("photo_id", word, nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("covers", sa.JSON(), nullable=False),
        sa.Column("disclosure_id", word, nullable=True),
        sa.ForeignKeyConstraint(
            ["link_id"], ["link.id"], name=op.f("fk_share_photo_link_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("fk_share_photo_photo_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["disclosure.id"], name=op.f("fk_share_photo_disclosure_id")
        ),
        sa.PrimaryKeyConstraint("link_id", "number", name=op.f("pk_share_photo")),
    )
    op.create_index(op.f("ix_share_photo_photo_id"), "share_photo", ["photo_id"])
    op.create_table(
        "claim",
        sa.Column("id", word, nullable=False),
        sa.Column("person_id", word, nullable=False),
        sa.Column("collection_id", word, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("since", sa.String(length=16), nullable=False),
        sa.Column("until", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_claim_person_id")),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name=op.f("fk_claim_collection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_person_id"), "claim", ["person_id"])
