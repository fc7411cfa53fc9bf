"""Messages are found by the end of their recipient's number, or by its e-mail address.

Frozen: it names every column itself. It rewrites no rows, and reads the messages once to build the index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

KEY = (
    "(CASE WHEN replace(recipient, '@', '') <> recipient THEN lower(recipient)"
    " WHEN length(recipient) > 8 THEN substr(recipient, length(recipient) - 7)"
    " ELSE recipient END)"
)


def upgrade() -> None:
    known = sa.text("recipient IS NOT NULL")
    op.execute("DROP INDEX IF EXISTS ix_message_recipient")  # of an earlier 0018
    op.create_index(
        "ix_message_recipient",
        "message",
        ["account_id", sa.text(KEY), "id"],
        sqlite_where=known,
        postgresql_where=known,
    )
