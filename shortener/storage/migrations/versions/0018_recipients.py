"""Messages are found by the end of their recipient's number, or by its e-mail address.

Frozen: it names every column itself. It rewrites no rows, and reads the messages once to build the index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

KEY = (
    "(CASE WHEN replace(recipient, '@', '') <> recipient THEN lower(recipient)"
    " ELSE substr(recipient, length(recipient) - 7) END)"
)


def upgrade() -> None:
    known = sa.text("recipient IS NOT NULL")
    op.create_index(
        "ix_message_recipient",
        "message",
        ["account_id", sa.text(KEY), "id"],
        sqlite_where=known,
        postgresql_where=known,
    )
