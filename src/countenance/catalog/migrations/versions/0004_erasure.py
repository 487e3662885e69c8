"""Erasure: cases, tombstones, receipts, recipients, recalls, backups; a key for each reference."""

import sqlalchemy as sa
from alembic import op

from countenance.catalog.tables import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what erasures need. References of before are sealed under their person's one key."""
    op.add_column("library", sa.Column("tombstone_key", sa.String(length=32), nullable=True))
    op.add_column(
        "reference",
        sa.Column("key_id", sa.String(length=32), nullable=False, server_default=""),
    )
    op.execute(
        "UPDATE reference SET key_id = "
        "(SELECT key_id FROM person WHERE person.id = reference.person_id)"
    )
    op.add_column(
        "roster", sa.Column("number", sa.String(length=32), nullable=False, server_default="")
    )
    _make_asked()
    _make_erasure()
    _make_tombstone()
    _make_receipt()
    _make_recipient()
    _make_disclosure()
    _make_disclosed_person()
    _make_recall()
    _make_backup()


# --------------------------------------------------------------------------------------------


def _make_asked() -> None:
    op.create_table(
        "asked",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asked")),
        comment="no personal data: the searches of late, by account, to count them",
    )
    op.create_index(op.f("ix_asked_who_at"), "asked", ["who", "at"], unique=False)


def _make_erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("source_id", sa.String(length=32), nullable=True),
        sa.Column("consents", sa.JSON(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("needles", sa.LargeBinary(), nullable=True),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("copies", sa.JSON(), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_erasure_person_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_erasure_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        comment="cases. needles: sealed pieces of what is to go; all else is ids and counts",
    )
    op.create_index(op.f("ix_erasure_person_id"), "erasure", ["person_id"], unique=False)
    op.create_index(op.f("ix_erasure_source_id"), "erasure", ["source_id"], unique=False)
    op.create_index(op.f("ix_erasure_stage"), "erasure", ["stage"], unique=False)


def _make_tombstone() -> None:
    op.create_table(
        "tombstone",
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("erasure_id", sa.String(length=32), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("lifted_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["erasure.id"], name=op.f("fk_tombstone_erasure_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_tombstone_source_id")),
        sa.PrimaryKeyConstraint("source_id", "mark", name=op.f("pk_tombstone")),
        comment="no picture: keyed hashes of erased bytes, to refuse them when offered again",
    )
    op.create_index(op.f("ix_tombstone_erasure_id"), "tombstone", ["erasure_id"], unique=False)


def _make_receipt() -> None:
    op.create_table(
        "receipt",
        sa.Column("erasure_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasure.id"], name=op.f("fk_receipt_erasure_id")),
        sa.PrimaryKeyConstraint("erasure_id", "number", name=op.f("pk_receipt")),
        comment="no personal data: ids, counts and times, signed",
    )


def _make_recipient() -> None:
    op.create_table(
        "recipient",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("on_private_network", sa.Boolean(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
        sa.UniqueConstraint("name", name=op.f("uq_recipient_name")),
        comment="whom pictures were given: a business contact, and a token as a digest",
    )


def _make_disclosure() -> None:
    op.create_table(
        "disclosure",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("recipient_id", sa.String(length=32), nullable=False),
        sa.Column("photo_id", sa.String(length=32), nullable=False),
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipient.id"], name=op.f("fk_disclosure_recipient_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_disclosure_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
        comment="ids only: one photo given to one recipient. It stays, for a recall must know it",
    )
    op.create_index(op.f("ix_disclosure_photo_id"), "disclosure", ["photo_id"], unique=False)
    op.create_index(
        op.f("ix_disclosure_recipient_id"), "disclosure", ["recipient_id"], unique=False
    )
    op.create_index(op.f("ix_disclosure_source_id"), "disclosure", ["source_id"], unique=False)


def _make_disclosed_person() -> None:
    op.create_table(
        "disclosed_person",
        sa.Column("disclosure_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("consent_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.id"], name=op.f("fk_disclosed_person_consent_id")
        ),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["disclosure.id"], name=op.f("fk_disclosed_person_disclosure_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_disclosed_person_person_id")
        ),
        sa.PrimaryKeyConstraint("disclosure_id", "person_id", name=op.f("pk_disclosed_person")),
        comment="ids only: who was shown in what was given out, and on which consent",
    )
    op.create_index(
        op.f("ix_disclosed_person_person_id"), "disclosed_person", ["person_id"], unique=False
    )


def _make_recall() -> None:
    op.create_table(
        "recall",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("disclosure_id", sa.String(length=32), nullable=False),
        sa.Column("erasure_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("acknowledgement", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["disclosure.id"], name=op.f("fk_recall_disclosure_id")
        ),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasure.id"], name=op.f("fk_recall_erasure_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_recall")),
        sa.UniqueConstraint(
            "disclosure_id", "erasure_id", name=op.f("uq_recall_disclosure_id_erasure_id")
        ),
        sa.UniqueConstraint("id", name=op.f("uq_recall_id")),
        comment="demands to delete, by ids only; seq is the cursor of the feed",
    )
    op.create_index(op.f("ix_recall_disclosure_id"), "recall", ["disclosure_id"], unique=False)
    op.create_index(op.f("ix_recall_erasure_id"), "recall", ["erasure_id"], unique=False)
    op.create_index(op.f("ix_recall_state"), "recall", ["state"], unique=False)


def _make_backup() -> None:
    op.create_table(
        "backup",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup")),
        comment="no personal data: where copies of database and vault stand, and until when",
    )
