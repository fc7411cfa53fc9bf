"""No step of retention, and no count of it, scans a table that grows with every message."""

from typing import Any

import pytest
from flask import Flask

from shortener.retention import steps
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from tests.support.databases import listening
from tests.support.factories import NOW, Sender, make_message
from tests.support.plans import scans
from tests.support.sending_rows import put_attachment, put_receipt, put_sending

QUESTIONS = ("SELECT", "WITH", "DELETE", "UPDATE")


@pytest.fixture
def asked(app: Flask, sender: Sender, database_kind: str) -> list[tuple[str, Any]]:
    """The statements that count and delete messages with everything about them, and receipts of no message."""
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL reads small tables whole, as it should")
    for state in (JobState.DELIVERED, JobState.HELD):
        message = make_message(sender, lt_callbackurl="http://127.0.0.1:9/clicked", now=NOW).message
        put_sending(message, state)
        put_receipt(message, MessageState.ACCEPTED)
        put_receipt(message, MessageState.ACCEPTED, early=True)
        put_attachment(message)
    with listening() as statements:
        assert steps.count(NOW) == 1
        assert sum(steps.prune(NOW, sleep=lambda _: None)) == 1
    return [each for each in statements if each[0].lstrip("(").startswith(QUESTIONS)]


def of_open_jobs(asked: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The statements that read indexes of open jobs from beginning to end; these have no other rows."""
    return [each for each in asked if "UNION" in each[0]]


def test_retention_reads_no_growing_table_whole(asked: list[tuple[str, Any]]) -> None:
    asked = [each for each in asked if each not in of_open_jobs(asked)]
    assert any("receipt" in statement for statement, _ in asked)
    assert [f"{step}: {statement}" for statement, values in asked for step in scans(statement, values)] == []


def test_open_jobs_are_counted_by_partial_indexes(asked: list[tuple[str, Any]]) -> None:
    [(statement, values)] = of_open_jobs(asked)
    with db.db.engine.connect() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
    for index in ("ix_callback_due_on", "ix_sending_due_on", "ix_sending_held"):
        assert index in plan
