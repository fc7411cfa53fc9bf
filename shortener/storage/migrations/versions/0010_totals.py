"""Overviews add up hourly totals: the totals, and the hours whose messages have changed since they were counted.

Frozen: it names every column itself. No stored row is read or rewritten: a job counts the hours after the upgrade.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "hour_total",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "hour", name="pk_hour_total"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_hour_total_account_id_account"),
    )
    op.create_table(
        "changed_hour",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changed_hour"),
    )
    op.add_column("installation", sa.Column("totals_end_on", sa.BigInteger()))
    op.add_column("installation", sa.Column("totalled_on", sa.BigInteger()))
