"""Accounts can have a limit of messages per second. No stored row is read or rewritten."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("account", sa.Column("messages_per_second", sa.Integer()))
