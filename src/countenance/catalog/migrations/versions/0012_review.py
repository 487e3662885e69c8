"""The desk: what was decided and can be taken back, runs of long work, impact assessments."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Photos that are here are ordered by when they were taken, or else added."""
    op.add_column("person", sa.Column("same_as", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_person_same_as"), "person", ["same_as"], unique=False)
    op.create_index("ix_item_photo_state", "item", ["photo_id", "state"], unique=False)
    op.create_index(
        "ix_item_source_state_photo", "item", ["source_id", "state", "photo_id"], unique=False
    )
    op.create_index("ix_sighting_review", "sighting", ["state", "band", "id"], unique=False)
    _order_photos()
    _create_steps()
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("step_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("number", name=op.f("uq_job_number")),
    )
    op.create_index(op.f("ix_job_state"), "job", ["state"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("collection_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name=op.f("fk_assessment_collection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
    )
    op.create_index(
        op.f("ix_assessment_collection_id"), "assessment", ["collection_id"], unique=False
    )


# --------------------------------------------------------------------------------------------------


def _order_photos() -> None:
    op.add_column(
        "photo", sa.Column("moment", sa.String(length=32), nullable=False, server_default="")
    )
    op.add_column(
        "photo",
        sa.Column("collection_id", sa.String(length=32), nullable=False, server_default=""),
    )
    source = sa.table("source", sa.column("id"), sa.column("collection_id"))
    photo = sa.table(
        "photo",
        sa.column("source_id", sa.String),
        sa.column("collection_id", sa.String),
        sa.column("moment", sa.String),
        sa.column("taken_at", sa.String),
        sa.column("added_at", sa.String),
    )
    # As `photos.moment_of` has it: to the second, by whatever clock there is.
    added = sa.func.replace(sa.func.substr(sa.cast(photo.c.added_at, sa.String), 1, 19), " ", "T")
    taken = sa.func.substr(photo.c.taken_at, 1, 19)
    whose = sa.select(source.c.collection_id).where(source.c.id == photo.c.source_id)
    op.execute(
        photo.update().values(
            moment=sa.case((photo.c.taken_at != "", taken), else_=added),
            collection_id=whose.scalar_subquery(),
        )
    )
    op.create_index("ix_photo_moment", "photo", ["moment", "id"])
    op.create_index(
        "ix_photo_in_order",
        "photo",
        ["collection_id", "moment", "id", "source_id", "width", "height"],
    )


def _create_steps() -> None:
    op.create_table(
        "step",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("other_id", sa.String(length=32), nullable=True),
        sa.Column("sighting_id", sa.String(length=32), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("roster", sa.JSON(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_step_person_id")),
        sa.ForeignKeyConstraint(["other_id"], ["person.id"], name=op.f("fk_step_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step")),
        sa.UniqueConstraint("number", name=op.f("uq_step_number")),
    )
    for name in ("person_id", "other_id", "sighting_id"):
        op.create_index(op.f(f"ix_step_{name}"), "step", [name], unique=False)
    op.create_table(
        "step_sighting",
        sa.Column("step_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("after", sa.Boolean(), nullable=False),
        sa.Column("photo_id", sa.String(length=32), nullable=False),
        sa.Column("face_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("band", sa.String(length=8), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_film", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["step_id"], ["step.id"], name=op.f("fk_step_sighting_step_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("fk_step_sighting_photo_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["face_id"], ["face.id"], name=op.f("fk_step_sighting_face_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_step_sighting_person_id")
        ),
        sa.PrimaryKeyConstraint("step_id", "id", "after", name=op.f("pk_step_sighting")),
    )
    for name in ("photo_id", "face_id", "person_id"):
        op.create_index(op.f(f"ix_step_sighting_{name}"), "step_sighting", [name], unique=False)
