"""Accounts: who may sign in, with what, and for what programs."""

import sqlalchemy as sa
from alembic import op

from countenance.catalog.tables import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Before there were none: whoever has the shell makes the first."""
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("recipient_id", sa.String(length=32), nullable=True),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_account_person_id"),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name="fk_account_recipient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("login", name="uq_account_login"),
    )
    op.create_index("ix_account_person_id", "account", ["person_id"])
    op.create_index("ix_account_ended_at", "account", ["ended_at"])
    op.create_table(
        "account_tie",
        _of_an_account(),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("word", sa.String(length=32), nullable=False),
        _goes_with_it("account_tie"),
        sa.PrimaryKeyConstraint("account_id", "kind", "word", name="pk_account_tie"),
    )
    op.create_table(
        "account_ward",
        _of_an_account(),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        _goes_with_it("account_ward"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_account_ward_person_id"),
        sa.PrimaryKeyConstraint("account_id", "person_id", name="pk_account_ward"),
    )
    op.create_index("ix_account_ward_person_id", "account_ward", ["person_id"])
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(length=32), nullable=False),
        _of_an_account(),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        _goes_with_it("passkey"),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.UniqueConstraint("credential", name="uq_passkey_credential"),
    )
    op.create_index("ix_passkey_account_id", "passkey", ["account_id"])
    op.create_table(
        "session",
        sa.Column("id", sa.String(length=32), nullable=False),
        _of_an_account(),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("proved_at", Instant(), nullable=False),
        _goes_with_it("session"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("token_digest", name="uq_session_token_digest"),
    )
    op.create_index("ix_session_account_id", "session", ["account_id"])
    op.create_table(
        "one_time",
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("bound_to", sa.String(length=64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        _goes_with_it("one_time"),
        sa.PrimaryKeyConstraint("secret_digest", name="pk_one_time"),
    )
    op.create_index("ix_one_time_account_id", "one_time", ["account_id"])
    op.create_index("ix_one_time_until", "one_time", ["until"])
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(length=32), nullable=False),
        _of_an_account(),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        _goes_with_it("api_token"),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_digest", name="uq_api_token_token_digest"),
    )
    op.create_index("ix_api_token_account_id", "api_token", ["account_id"])


# --------------------------------------------------------------------------------------------------


def _of_an_account() -> sa.Column[str]:
    return sa.Column("account_id", sa.String(length=32), nullable=False)


def _goes_with_it(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["account.id"], name=f"fk_{table}_account_id", ondelete="CASCADE"
    )
