"""Store the latest accepted time, so that nothing is deleted when the clock jumps ahead.

It begins with the last pruning; where there was none, with the newest message, found by a step of the index for each
account.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

FILL = """
UPDATE installation SET seen_on = COALESCE(pruned_on, (
    SELECT max(newest) FROM (
        SELECT (SELECT max(received_on) FROM message WHERE message.account_id = account.id) AS newest FROM account
    ) AS by_account
))
"""


def upgrade() -> None:
    op.add_column("installation", sa.Column("seen_on", sa.BigInteger()))
    op.execute(FILL)
