"""Incidents, alerts, and receivers that fail.

Frozen: it names every column itself. It rewrites no rows, and reads the callbacks once to build the index of exhausted
ones by the time of exhaustion.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
INSTANT = sa.BigInteger()


def upgrade() -> None:
    op.add_column("account", sa.Column("alerts_url", TEXT))
    op.add_column("account", sa.Column("alert_mail", TEXT))
    op.add_column("installation", sa.Column("alerts_checked_on", INSTANT))
    _add_incidents()
    _add_alerts()
    _add_receivers()
    exhausted = sa.text("state = 'exhausted'")
    op.create_index(
        "ix_callback_exhausted_settled",
        "callback",
        ["account_id", "settled_on"],
        sqlite_where=exhausted,
        postgresql_where=exhausted,
    )


def _add_incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("begun_on", INSTANT, nullable=False),
        sa.Column("seen_on", INSTANT, nullable=False),
        sa.Column("ended_on", INSTANT),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    is_open = sa.text("ended_on IS NULL")
    op.create_index(
        "ix_incident_open",
        "incident",
        ["account_id", "kind", "subject"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_incident_account_id_id", "incident", ["account_id", "id"])
    op.create_index("ix_incident_kind_subject_id", "incident", ["kind", "subject", "id"])


def _add_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("incident_id", ROW_ID, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("url", TEXT),
        sa.Column("mail_to", TEXT),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("due_on", INSTANT, nullable=False),
        sa.Column("lease_token", TEXT),
        sa.Column("settled_on", INSTANT),
        sa.Column("exhausted_because", TEXT),
        sa.Column("replayed_from", TEXT),
        sa.Column("starts_before", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("event_id", name="uq_alert_event_id"),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_alert_incident_id_incident"),
    )
    op.create_index("ix_alert_incident_id", "alert", ["incident_id"])
    for name, where, columns in (
        ("due_on", "settled_on IS NULL", ["due_on", "id"]),
        ("destination", "settled_on IS NULL", ["destination", "due_on", "id"]),
        ("leased", "lease_token IS NOT NULL", ["destination", "due_on"]),
    ):
        these = sa.text(where)
        op.create_index(f"ix_alert_{name}", "alert", columns, sqlite_where=these, postgresql_where=these)
    op.create_table(
        "alert_attempt",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("alert_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_on", INSTANT, nullable=False),
        sa.Column("ended_on", INSTANT),
        sa.Column("outcome", TEXT),
        sa.Column("detail", TEXT),
        sa.Column("status", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_alert_attempt"),
        sa.UniqueConstraint("alert_id", "number", name="uq_alert_attempt_alert_id_number"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_attempt_alert_id_alert"),
    )


def _add_receivers() -> None:
    op.create_table(
        "failing_receiver",
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("begun_on", INSTANT, nullable=False),
        sa.Column("failed_on", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("destination", name="pk_failing_receiver"),
    )
    op.create_index("ix_failing_receiver_begun_on", "failing_receiver", ["begun_on"])
