"""Accounts can have their own name, contact and fallback URL for recipients. No stored row is read or rewritten."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    for name in ("sender_name", "sender_contact", "fallback_url"):
        op.add_column("account", sa.Column(name, TEXT))
