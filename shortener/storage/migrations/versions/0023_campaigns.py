"""Campaign files that are uploaded in the dashboard.

Frozen: it names every column itself. No row is rewritten.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state = 'pending'")


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", ID, primary_key=True),
        sa.Column("account_id", ID, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("public_id", "name", "format")),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_on", sa.BigInteger(), nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("created_by", "state")),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer()),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("rows", "problems", "unlinked")),
        sa.Column("due_on", sa.BigInteger(), nullable=False),
        sa.Column("lease_token", TEXT),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("settled_on", sa.BigInteger()),
        sa.Column("detail", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("public_id", name="uq_campaign_public_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_campaign_account_id_account"),
    )
    op.create_index("ix_campaign_due_on", "campaign", ["due_on", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_campaign_account_id_created_on_id", "campaign", ["account_id", "created_on", "id"])
    op.create_table(
        "campaign_block",
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "kind", "number", name="pk_campaign_block"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_campaign_block_campaign_id_campaign"),
    )
