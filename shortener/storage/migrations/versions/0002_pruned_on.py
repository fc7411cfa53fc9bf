"""Store when old messages were last deleted, so that only one process at a time does it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("installation", sa.Column("pruned_on", sa.BigInteger()))
