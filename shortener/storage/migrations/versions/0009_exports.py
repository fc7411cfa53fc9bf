"""Messages can be exported to a storage: exports and their attempts.

Frozen: it names every column itself. No stored row is rewritten.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
INSTANT = sa.BigInteger()


def upgrade() -> None:
    _add_exports()
    _add_attempts()


def _add_exports() -> None:
    op.create_table(
        "export",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("bucket", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("format", TEXT, nullable=False),
        sa.Column("delimiter", TEXT),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("due_on", INSTANT, nullable=False),
        sa.Column("lease_token", TEXT),
        sa.Column("settled_on", INSTANT),
        sa.Column("exhausted_because", TEXT),
        sa.Column("replayed_from", TEXT),
        sa.Column("starts_before", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", TEXT),
        sa.Column("fingerprint", sa.LargeBinary(32)),
        sa.PrimaryKeyConstraint("id", name="pk_export"),
        sa.UniqueConstraint("public_id", name="uq_export_public_id"),
        sa.UniqueConstraint("account_id", "place", name="uq_export_account_id_place"),
        sa.UniqueConstraint("account_id", "idempotency_key", name="uq_export_account_id_idempotency_key"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_export_account_id_account"),
    )
    op.create_index("ix_export_account_id_created_on_id", "export", ["account_id", "created_on", "id"])
    for name, where, columns in (
        ("due_on", "settled_on IS NULL", ["due_on", "id"]),
        ("destination", "settled_on IS NULL", ["destination", "due_on", "id"]),
        ("leased", "lease_token IS NOT NULL", ["destination", "due_on"]),
    ):
        these = sa.text(where)
        op.create_index(f"ix_export_{name}", "export", columns, sqlite_where=these, postgresql_where=these)


def _add_attempts() -> None:
    op.create_table(
        "export_attempt",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("export_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_on", INSTANT, nullable=False),
        sa.Column("ended_on", INSTANT),
        sa.Column("outcome", TEXT),
        sa.Column("detail", TEXT),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("size", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_export_attempt"),
        sa.UniqueConstraint("export_id", "number", name="uq_export_attempt_export_id_number"),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name="fk_export_attempt_export_id_export"),
    )
