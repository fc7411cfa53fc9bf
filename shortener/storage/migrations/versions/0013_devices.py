"""Clicks say what they were made with: system, app and class of device.

Frozen: it names every column itself. No stored row is read or rewritten: earlier clicks have none of it. PostgreSQL's
new function for clicks has a name of its own, so that processes of the version before go on storing theirs.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

BYTE_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    for name in ("system", "app", "device"):
        op.add_column("click", sa.Column(name, BYTE_TEXT))
