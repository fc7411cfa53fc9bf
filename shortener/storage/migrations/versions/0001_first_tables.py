"""The first tables. Frozen: it names every column itself and imports nothing of ours."""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
INSTANT = sa.BigInteger()
UUID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")


def upgrade() -> None:
    installation = op.create_table(
        "installation",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("slug_salt", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    # Made once: with another salt, all slugs in use would lead nowhere.
    op.bulk_insert(installation, [{"id": 1, "slug_salt": secrets.token_urlsafe(32)}])
    op.create_table(
        "origin", sa.Column("address", TEXT, nullable=False), sa.PrimaryKeyConstraint("address", name="pk_origin")
    )
    _accounts()
    _messages()
    _callbacks()


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sid", TEXT, nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("disabled_on", INSTANT),
        sa.Column("track_link", sa.Boolean(), nullable=False),
        sa.Column("detection", TEXT, nullable=False),
        sa.Column("bare_domains", TEXT, nullable=False),
        sa.Column("count_as_click", TEXT, nullable=False),
        sa.Column("recipient_storage", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
        sa.UniqueConstraint("sid", name="uq_account_sid"),
    )
    op.create_table(
        "credential",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_credential"),
        sa.UniqueConstraint("token_sha256", name="uq_credential_token_sha256"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_credential_account_id_account", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_credential_account_id", "credential", ["account_id"])
    op.create_table(
        "signing_secret",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("expires_on", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_signing_secret"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_signing_secret_account_id_account", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_signing_secret_account_id", "signing_secret", ["account_id"])


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("msgid", TEXT, nullable=False),
        sa.Column("received_on", INSTANT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("track_link", sa.Boolean(), nullable=False),
        sa.Column("detection", TEXT, nullable=False),
        sa.Column("bare_domains", TEXT, nullable=False),
        sa.Column("count_as_click", TEXT, nullable=False),
        sa.Column("lt_callbackurl", TEXT),
        sa.Column("callbackurl", TEXT),
        sa.Column("client_tag", TEXT),
        sa.Column("sender", TEXT),
        sa.Column("recipient", TEXT),
        sa.Column("tags", sa.JSON()),
        sa.Column("metadata", sa.JSON()),
        sa.Column("skipped", sa.JSON()),
        sa.Column("idempotency_key", TEXT),
        sa.Column("fingerprint", sa.LargeBinary(32)),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("msgid", name="uq_message_msgid"),
        sa.UniqueConstraint("account_id", "client_tag", name="uq_message_account_id_client_tag"),
        sa.UniqueConstraint("account_id", "idempotency_key", name="uq_message_account_id_idempotency_key"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_message_account_id_account"),
    )
    op.create_index("ix_message_account_id_received_on_id", "message", ["account_id", "received_on", "id"])
    op.create_table(
        "link",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("message_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("base_url", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("location", TEXT),
        sa.Column("starts_at", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.Integer(), nullable=False),
        sa.Column("expires_on", INSTANT, nullable=False),
        sa.Column("count_as_click", TEXT, nullable=False),
        sa.Column("accessed_on", INSTANT),
        sa.Column("off_on", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_link"),
        sa.UniqueConstraint("message_id", "position", name="uq_link_message_id_position"),
        sa.UniqueConstraint("number", name="uq_link_number"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_link_message_id_message"),
    )
    op.create_table(
        "click",
        sa.Column("link_id", ROW_ID, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.Column("clicked_on", INSTANT, nullable=False),
        sa.Column("visitor", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("network", TEXT),
        sa.PrimaryKeyConstraint("link_id", "id", name="pk_click"),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name="fk_click_link_id_link"),
        sqlite_with_rowid=False,
    )


def _callbacks() -> None:
    op.create_table(
        "callback",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("link_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("due_on", INSTANT, nullable=False),
        sa.Column("lease_token", TEXT),
        sa.Column("settled_on", INSTANT),
        sa.Column("exhausted_because", TEXT),
        sa.Column("replayed_from", TEXT),
        sa.Column("starts_before", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callback"),
        sa.UniqueConstraint("link_id", name="uq_callback_link_id"),
        sa.UniqueConstraint("event_id", name="uq_callback_event_id"),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name="fk_callback_link_id_link"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_callback_account_id_account"),
    )
    op.create_index("ix_callback_account_id_created_on_id", "callback", ["account_id", "created_on", "id"])
    for name, where, columns in (
        ("due_on", "settled_on IS NULL", ["due_on", "id"]),
        ("destination", "settled_on IS NULL", ["destination", "due_on", "id"]),
        ("leased", "lease_token IS NOT NULL", ["destination", "due_on"]),
        ("exhausted", "state = 'exhausted'", ["account_id", "created_on", "id"]),
    ):
        these = sa.text(where)
        op.create_index(f"ix_callback_{name}", "callback", columns, sqlite_where=these, postgresql_where=these)
    op.create_table(
        "replay",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("callback_id", ROW_ID, nullable=False),
        sa.Column("asked_on", INSTANT, nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replay"),
        sa.ForeignKeyConstraint(["callback_id"], ["callback.id"], name="fk_replay_callback_id_callback"),
    )
    op.create_index("ix_replay_callback_id", "replay", ["callback_id"])
    op.create_table(
        "attempt",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("callback_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_on", INSTANT, nullable=False),
        sa.Column("ended_on", INSTANT),
        sa.Column("outcome", TEXT),
        sa.Column("detail", TEXT),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("lookup_us", sa.BigInteger()),
        sa.Column("connect_us", sa.BigInteger()),
        sa.Column("first_byte_us", sa.BigInteger()),
        sa.Column("total_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.UniqueConstraint("callback_id", "number", name="uq_attempt_callback_id_number"),
        sa.ForeignKeyConstraint(["callback_id"], ["callback.id"], name="fk_attempt_callback_id_callback"),
    )
