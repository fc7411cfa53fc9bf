"""Add people and their sessions, the last use of a token, and an index of exhausted callbacks by destination.

Frozen: it names every column itself.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
INSTANT = sa.BigInteger()


def upgrade() -> None:
    op.add_column("credential", sa.Column("used_on", INSTANT))
    op.create_table(
        "person",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("password", TEXT, nullable=False),
        sa.Column("account_id", ROW_ID),
        sa.Column("role", TEXT),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("disabled_on", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("name", name="uq_person_name"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_person_account_id_account", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_person_account_id", "person", ["account_id"])
    op.create_table(
        "session",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("person_id", ROW_ID, nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("expires_on", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("token_sha256", name="uq_session_token_sha256"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_session_person_id_person", ondelete="CASCADE"),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"])
    op.create_index("ix_session_expires_on", "session", ["expires_on"])
    op.create_table(
        "sign_in_failure",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("network", TEXT, nullable=False),
        sa.Column("tried_on", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_failure"),
    )
    op.create_index("ix_sign_in_failure_name_sha256_tried_on", "sign_in_failure", ["name_sha256", "tried_on"])
    op.create_index("ix_sign_in_failure_network_tried_on", "sign_in_failure", ["network", "tried_on"])
    op.create_index("ix_sign_in_failure_tried_on", "sign_in_failure", ["tried_on"])
    exhausted = sa.text("state = 'exhausted'")
    op.create_index(
        "ix_callback_exhausted_destination",
        "callback",
        ["destination", "created_on", "id"],
        sqlite_where=exhausted,
        postgresql_where=exhausted,
    )
