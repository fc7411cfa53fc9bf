"""Tokens get a name, scopes and an end: those that exist are named `main`, may do everything and do not expire.

Frozen: it names every column itself. No row is rewritten.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Before anything else, so that a process that is still at work stops the upgrade at once.
        op.execute("LOCK TABLE credential IN ACCESS EXCLUSIVE MODE")
    op.add_column("credential", sa.Column("name", TEXT, server_default="main", nullable=False))
    op.add_column("credential", sa.Column("scopes", TEXT))
    op.add_column("credential", sa.Column("expires_on", sa.BigInteger()))
