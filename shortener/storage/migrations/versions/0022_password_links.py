"""Add links with which people choose a password.

Frozen: it names every column itself. It adds an empty table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "password_link",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("person_id", ROW_ID, nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("is_invitation", sa.Boolean(), nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("expires_on", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_password_link"),
        sa.UniqueConstraint("person_id", name="uq_password_link_person_id"),
        sa.UniqueConstraint("token_sha256", name="uq_password_link_token_sha256"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_password_link_person_id_person", ondelete="CASCADE"
        ),
    )
