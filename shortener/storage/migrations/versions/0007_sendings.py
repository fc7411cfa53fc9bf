"""Messages can be sent: sendings, their receipts, attachments and limits; a callback is about a message, not a link.

Frozen: it names every column itself. Messages and links are not rewritten; callbacks, attempts and replays are.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
INSTANT = sa.BigInteger()


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Before anything else, so that a process that is still at work stops the upgrade at once.
        op.execute("LOCK TABLE message, link, callback, attempt, replay IN ACCESS EXCLUSIVE MODE")
        _change_callbacks()
    else:
        _copy_callbacks()
    _add_columns()
    _add_usage()
    _add_attachments()
    _add_sendings()
    _add_receipts()


def _add_columns() -> None:
    for column in (
        sa.Column("gateway", TEXT),
        sa.Column("receipts_url", TEXT),
        sa.Column("on_unsure", TEXT, nullable=False, server_default="hold"),
        sa.Column("monthly_limit", sa.Integer()),
        sa.Column("time_zone", TEXT, nullable=False, server_default="UTC"),
        sa.Column("quiet_hours", TEXT),
        sa.Column("quiet_mode", TEXT, nullable=False, server_default="refuse"),
    ):
        op.add_column("account", column)
    for column in (
        sa.Column("face", TEXT),
        sa.Column("track", TEXT, nullable=False, server_default="first"),
        sa.Column("subject", TEXT),
        sa.Column("receipts_url", TEXT),
        sa.Column("gateway", TEXT),
        sa.Column("send_on", INSTANT),
        sa.Column("state", TEXT),
        sa.Column("state_on", INSTANT),
        sa.Column("code", TEXT),
        sa.Column("reason", TEXT),
    ):
        op.add_column("message", column)
    _partial_index("ix_message_state", "message", "state IS NOT NULL", ["account_id", "state", "received_on", "id"])


def _add_usage() -> None:
    op.create_table(
        "usage",
        sa.Column("account_id", ROW_ID, nullable=False, autoincrement=False),
        sa.Column("month", TEXT, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "month", name="pk_usage"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_usage_account_id_account", ondelete="CASCADE"),
    )


def _add_attachments() -> None:
    op.create_table(
        "attachment",
        sa.Column("message_id", ROW_ID, nullable=False, autoincrement=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("content_type", TEXT, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("message_id", "position", name="pk_attachment"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_attachment_message_id_message"),
    )


def _add_sendings() -> None:
    op.create_table(
        "sending",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("message_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("gateway", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("recipient", TEXT),
        sa.Column("sender", TEXT),
        sa.Column("extras", sa.JSON()),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("due_on", INSTANT, nullable=False),
        sa.Column("expires_on", INSTANT, nullable=False),
        sa.Column("unsure_on", INSTANT),
        sa.Column("lease_token", TEXT),
        sa.Column("settled_on", INSTANT),
        sa.Column("exhausted_because", TEXT),
        sa.Column("replayed_from", TEXT),
        sa.Column("starts_before", sa.Integer(), nullable=False),
        sa.Column("gateway_ref", TEXT),
        sa.Column("sent_on", INSTANT),
        sa.Column("closes_on", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_sending"),
        sa.UniqueConstraint("message_id", name="uq_sending_message_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_sending_message_id_message"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sending_account_id_account"),
    )
    for name, where, columns in (
        ("due_on", "settled_on IS NULL", ["due_on", "id"]),
        ("destination", "settled_on IS NULL", ["destination", "due_on", "id"]),
        ("leased", "lease_token IS NOT NULL", ["destination", "due_on"]),
        ("held", "state = 'held'", ["account_id", "created_on", "id"]),
        ("gateway_ref", "gateway_ref IS NOT NULL", ["gateway", "gateway_ref"]),
        ("closes_on", "closes_on IS NOT NULL", ["closes_on", "id"]),
    ):
        _partial_index(f"ix_sending_{name}", "sending", where, columns)
    op.create_table(
        "sending_attempt",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("sending_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_on", INSTANT, nullable=False),
        sa.Column("ended_on", INSTANT),
        sa.Column("outcome", TEXT),
        sa.Column("detail", TEXT),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("total_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_sending_attempt"),
        sa.UniqueConstraint("sending_id", "number", name="uq_sending_attempt_sending_id_number"),
        sa.ForeignKeyConstraint(["sending_id"], ["sending.id"], name="fk_sending_attempt_sending_id_sending"),
    )
    op.create_table(
        "gateway_rate",
        sa.Column("gateway", TEXT, nullable=False),
        sa.Column("next_on", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("gateway", name="pk_gateway_rate"),
    )


def _add_receipts() -> None:
    op.create_table(
        "receipt",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("message_id", ROW_ID),
        sa.Column("gateway", TEXT, nullable=False),
        sa.Column("gateway_ref", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("reason", TEXT),
        sa.Column("happened_on", INSTANT, nullable=False),
        sa.Column("received_on", INSTANT, nullable=False),
        sa.Column("raw", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
        sa.UniqueConstraint(
            "message_id", "gateway_ref", "state", "code", name="uq_receipt_message_id_gateway_ref_state_code"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_receipt_account_id_account"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_receipt_message_id_message"),
    )
    _partial_index("ix_receipt_early", "receipt", "message_id IS NULL", ["account_id", "gateway_ref"])
    op.create_index("ix_receipt_account_id_received_on_id", "receipt", ["account_id", "received_on", "id"])


def _change_callbacks() -> None:
    """On PostgreSQL: change the table in place."""
    op.add_column("callback", sa.Column("message_id", ROW_ID))
    op.add_column("callback", sa.Column("about", TEXT))
    op.add_column("callback", sa.Column("face", TEXT))
    op.execute(
        "UPDATE callback SET about = 'click', message_id = (SELECT message_id FROM link WHERE link.id = link_id)"
    )
    for name in ("message_id", "about"):
        op.alter_column("callback", name, nullable=False)
    op.alter_column("callback", "link_id", nullable=True)
    op.drop_constraint("uq_callback_link_id", "callback")
    op.drop_constraint("fk_callback_link_id_link", "callback")
    op.create_unique_constraint("uq_callback_message_id_about", "callback", ["message_id", "about"])


COLUMNS = (
    "link_id, account_id, event_id, url, destination, body, state, created_on, due_on, lease_token, settled_on, "
    "exhausted_because, replayed_from, starts_before"
)
COPIES = (
    f"INSERT INTO new_callback (id, message_id, about, {COLUMNS}) SELECT callback.id, link.message_id, 'click', "  # noqa: S608
    f"{COLUMNS} FROM callback JOIN link ON link.id = link_id ORDER BY callback.id",
    "INSERT INTO new_attempt SELECT * FROM attempt ORDER BY id",
    "INSERT INTO new_replay SELECT * FROM replay ORDER BY id",
)


def _copy_callbacks() -> None:
    """On SQLite, which cannot drop NOT NULL or UNIQUE: copy the table, and those that refer to it."""
    _create_callbacks("new_callback", "new_attempt", "new_replay")
    for copy in COPIES:
        op.execute(copy)
    for name in ("replay", "attempt", "callback"):
        op.drop_table(name)
    for name in ("callback", "attempt", "replay"):
        op.rename_table(f"new_{name}", name)
    for name, where, columns in (
        ("due_on", "settled_on IS NULL", ["due_on", "id"]),
        ("destination", "settled_on IS NULL", ["destination", "due_on", "id"]),
        ("leased", "lease_token IS NOT NULL", ["destination", "due_on"]),
        ("exhausted", "state = 'exhausted'", ["account_id", "created_on", "id"]),
        ("exhausted_destination", "state = 'exhausted'", ["destination", "created_on", "id"]),
    ):
        _partial_index(f"ix_callback_{name}", "callback", where, columns)
    op.create_index("ix_callback_account_id_created_on_id", "callback", ["account_id", "created_on", "id"])
    op.create_index("ix_replay_callback_id", "replay", ["callback_id"])


def _create_callbacks(callback: str, attempt: str, replay: str) -> None:
    op.create_table(
        callback,
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("message_id", ROW_ID, nullable=False),
        sa.Column("about", TEXT, nullable=False),
        sa.Column("link_id", sa.BigInteger()),
        sa.Column("face", TEXT),
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
        sa.UniqueConstraint("event_id", name="uq_callback_event_id"),
        sa.UniqueConstraint("message_id", "about", name="uq_callback_message_id_about"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_callback_account_id_account"),
    )
    op.create_table(
        attempt,
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
        sa.ForeignKeyConstraint(["callback_id"], [f"{callback}.id"], name="fk_attempt_callback_id_callback"),
    )
    op.create_table(
        replay,
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("callback_id", ROW_ID, nullable=False),
        sa.Column("asked_on", INSTANT, nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replay"),
        sa.ForeignKeyConstraint(["callback_id"], [f"{callback}.id"], name="fk_replay_callback_id_callback"),
    )


def _partial_index(name: str, table: str, where: str, columns: list[str]) -> None:
    these = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=these, postgresql_where=these)
