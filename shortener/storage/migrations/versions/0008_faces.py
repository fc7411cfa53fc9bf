"""What vendors' wire formats need: groups of messages, which states are told, reports given out once, settings.

Frozen: it names every column itself. No row is rewritten.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
INSTANT = sa.BigInteger()


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Before anything else, so that a process that is still at work stops the upgrade at once.
        op.execute("LOCK TABLE account, message, sending IN ACCESS EXCLUSIVE MODE")
    op.add_column("account", sa.Column("vendor_settings", sa.JSON()))
    op.add_column("message", sa.Column("bulk_id", TEXT))
    op.add_column("message", sa.Column("told_states", sa.JSON()))
    op.add_column("message", sa.Column("pull_queue", TEXT))
    op.add_column("message", sa.Column("pulled_on", INSTANT))
    op.add_column("sending", sa.Column("ask_on", INSTANT))
    for name, table, where, columns in (
        ("ix_message_bulk_id", "message", "bulk_id IS NOT NULL", ["account_id", "bulk_id", "id"]),
        (
            "ix_message_pull_queue",
            "message",
            "pull_queue IS NOT NULL AND pulled_on IS NULL",
            ["account_id", "pull_queue", "state", "state_on", "id"],
        ),
        ("ix_sending_ask_on", "sending", "ask_on IS NOT NULL", ["ask_on", "id"]),
    ):
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
