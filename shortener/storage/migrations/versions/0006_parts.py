"""The text of a message moves into its part, links point into a part, and vendors' fields share one JSON column.

Frozen: it names every column itself. It reads each message a fixed number of times: ten million take minutes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
COLUMNS = (("message_id", ROW_ID), ("kind", TEXT), ("text", TEXT))
KEY = ("pk_part", ["message_id", "kind"])
PARENT = ("fk_part_message_id_message", ["message_id"])
FILL = "INSERT INTO part (message_id, kind, text) SELECT id, 'text', text FROM message"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
    else:
        _on_sqlite()
    op.add_column("link", sa.Column("part", TEXT, nullable=False, server_default="text"))


def _on_sqlite() -> None:
    op.create_table(
        "part",
        *(sa.Column(name, kind, nullable=False) for name, kind in COLUMNS),
        sa.PrimaryKeyConstraint(*KEY[1], name=KEY[0]),
        sa.ForeignKeyConstraint(PARENT[1], ["message.id"], name=PARENT[0]),
        sqlite_with_rowid=False,
    )
    op.execute(FILL)
    op.add_column("message", sa.Column("vendor_fields", sa.JSON()))
    op.execute(
        "UPDATE message SET vendor_fields = json_object('callbackurl', callbackurl) WHERE callbackurl IS NOT NULL"
    )
    # Each rewrites the table in place. To copy the table instead is not possible while other tables refer to it.
    op.drop_column("message", "text")
    op.drop_column("message", "callbackurl")


def _on_postgresql() -> None:
    """Make the keys after the rows, which is faster than to check each row."""
    # Before anything else, so that a process that is still at work stops the upgrade before its long part, not after.
    op.execute("LOCK TABLE message, link IN ACCESS EXCLUSIVE MODE")
    op.create_table("part", *(sa.Column(name, kind, nullable=False) for name, kind in COLUMNS))
    op.execute(FILL)
    op.create_primary_key(KEY[0], "part", KEY[1])
    op.create_foreign_key(PARENT[0], "part", "message", PARENT[1], ["id"])
    op.drop_column("message", "text")
    op.execute(
        "ALTER TABLE message ALTER COLUMN callbackurl TYPE json USING CASE WHEN callbackurl IS NOT NULL "
        "THEN json_build_object('callbackurl', callbackurl) END"
    )
    op.alter_column("message", "callbackurl", new_column_name="vendor_fields")
    op.execute("ANALYZE part")
