"""Totals by tag: what counting the messages of an hour and a tag gave.

Frozen: it names every column itself. No stored row is read or rewritten: a job counts the tags after the upgrade.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BYTE_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
UNTAGGED = "coalesce(tagged_version, 0) <> version"


def upgrade() -> None:
    op.create_table(
        "tag_total",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("tag", BYTE_TEXT, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("with_link", sa.Integer(), nullable=False),
        sa.Column("clicked", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.BigInteger(), nullable=False),
        sa.Column("last_on", sa.BigInteger(), nullable=False),
        sa.Column("counted_on", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("details", sa.JSON()),
        sa.PrimaryKeyConstraint("account_id", "tag", "hour", name="pk_tag_total"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_tag_total_account_id_account"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tag_total_account_id_hour", "tag_total", ["account_id", "hour"])
    op.add_column("hour_total", sa.Column("tagged_version", sa.Integer()))
    op.create_index(
        "ix_hour_total_untagged",
        "hour_total",
        ["account_id", "hour"],
        sqlite_where=sa.text(UNTAGGED),
        postgresql_where=sa.text(UNTAGGED),
    )
