"""People have a time zone of their own, in which the dashboard shows times. No row is rewritten."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

TEXT = sa.Text().with_variant(sa.dialects.postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("person", sa.Column("time_zone", TEXT))
