"""Web sites: their grant files, when these were seen, and the pages that pictures stand on."""

import sqlalchemy as sa
from alembic import op

from countenance.catalog.tables import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Grants of before need not be seen again: they are on paper."""
    op.add_column("grant_", sa.Column("seen_until", Instant(), nullable=True))
    _make_site()
    _make_grant_file()
    _make_page()


# --------------------------------------------------------------------------------------------


def _make_site() -> None:
    op.create_table(
        "site",
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_site_source_id")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_site")),
    )


def _make_grant_file() -> None:
    op.create_table(
        "grant_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_grant_file_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_file")),
    )
    op.create_index(op.f("ix_grant_file_source_id"), "grant_file", ["source_id"], unique=False)


def _make_page() -> None:
    op.create_table(
        "page",
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_page_source_id")),
        sa.PrimaryKeyConstraint("source_id", "url", name=op.f("pk_page")),
    )
