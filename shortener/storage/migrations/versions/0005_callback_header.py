"""Store the header that an account's receivers require, encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("account", sa.Column("callback_header", sa.LargeBinary()))
