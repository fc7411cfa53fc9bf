"""The audit log.

Frozen: it names every column itself. No row is rewritten.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, primary_key=True),
        sa.Column("done_on", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("actor", TEXT),
        sa.Column("deed", TEXT, nullable=False),
        sa.Column("about", TEXT),
        sa.Column("details", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_audit_account_id_account", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_audit_account_id_done_on_id", "audit", ["account_id", "done_on", "id"])
    op.create_index("ix_audit_done_on_id", "audit", ["done_on", "id"])
