"""Consent: notices and evidence kept, guardians, objections, ages, rosters, the latest instant."""

import sqlalchemy as sa
from alembic import op

from countenance.catalog.tables import Instant
from countenance.people.notice import LANGUAGES, load_notice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """
    Add what consents of this release say more.

    Everybody enrolled before is an adult who spoke for themselves. The words of the notices that
    were used are those of this release, for there were no others.
    """
    op.add_column("library", sa.Column("latest", Instant(), nullable=True))
    op.add_column("person", _text("age_band", 16, default="adult"))
    op.add_column("person", _text("age_source", 16, default="declared"))
    op.add_column("person", sa.Column("died", sa.Integer(), nullable=True))
    op.add_column("person", sa.Column("record", sa.Text(), nullable=False, server_default=""))
    op.add_column("consent_event", _text("role", 16, default="self"))
    op.add_column("consent_event", sa.Column("authority", sa.String(length=32), nullable=True))
    op.create_index("ix_consent_event_until", "consent_event", ["until"], unique=False)
    _make_guardians()
    _make_what_is_kept()
    _make_rosters()
    _let_sightings_be_decided()
    _keep_the_words_that_were_used()


# --------------------------------------------------------------------------------------------


def _text(name: str, length: int, *, default: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length=length), nullable=False, server_default=default)


def _make_guardians() -> None:
    op.create_table(
        "guardian",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("relation", sa.String(length=100), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_guardian_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardian")),
        comment="personal: who may speak for a person. Gone when the person is erased",
    )
    op.create_index(op.f("ix_guardian_person_id"), "guardian", ["person_id"], unique=False)
    op.create_table(
        "objection",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("lifted_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_objection_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        comment="personal: who said no, for whom. Gone when the person is erased",
    )
    op.create_index(op.f("ix_objection_person_id"), "objection", ["person_id"], unique=False)


def _make_what_is_kept() -> None:
    op.create_table(
        "evidence",
        sa.Column("copy_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["copy_id"], ["copy.id"], name=op.f("fk_evidence_copy_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_evidence_person_id")),
        sa.PrimaryKeyConstraint("copy_id", name=op.f("pk_evidence")),
        comment="personal: what shows that somebody agreed; the copy is sealed under their key",
    )
    op.create_index(op.f("ix_evidence_person_id"), "evidence", ["person_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_used", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_notice")),
        comment="the exact words that consents were given under; no personal data",
    )


def _make_rosters() -> None:
    op.create_table(
        "roster",
        sa.Column("collection_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name=op.f("fk_roster_collection_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_roster_person_id")),
        sa.PrimaryKeyConstraint("collection_id", "person_id", name=op.f("pk_roster")),
        comment="personal: who belongs to a collection. Of minors nobody else is recognised there",
    )
    op.create_index(op.f("ix_roster_person_id"), "roster", ["person_id"], unique=False)


def _let_sightings_be_decided() -> None:
    """A rejected pair leaves its person free for another face; by hand there is no band."""
    with op.batch_alter_table("sighting") as table:
        table.alter_column("band", existing_type=sa.String(length=8), nullable=True)
        table.drop_constraint("uq_sighting_photo_id_person_id", type_="unique")
    op.create_index(
        "ix_sighting_once_in_a_photo",
        "sighting",
        ["photo_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("state != 'rejected'"),
        postgresql_where=sa.text("state != 'rejected'"),
    )


def _keep_the_words_that_were_used() -> None:
    for language in LANGUAGES:
        shown = load_notice(language)
        op.execute(
            sa.text(
                "INSERT INTO notice (digest, language, text, first_used) "
                "SELECT notice, :language, :text, min(at) FROM consent_event "
                "WHERE notice = :digest GROUP BY notice"
            ).bindparams(language=language, text=shown.text, digest=shown.digest)
        )
