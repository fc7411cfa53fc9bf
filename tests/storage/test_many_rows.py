"""INSERTs of many rows: what is stored, what is counted, what is refused."""

import datetime as dt
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from shortener.storage import db
from shortener.storage.many_rows import ManyRows
from shortener.storage.models import Base
from tests.support.factories import Sender, make_message

FAILURE, MESSAGE = (Base.metadata.tables[name] for name in ("sign_in_failure", "message"))
FAILURES = ManyRows(FAILURE, ["name_sha256", "network", "tried_on"])
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def connection(app: Flask) -> Iterator[Connection]:
    with db.writing() as connection:
        yield connection


def failure(network: str, at: dt.datetime = NOON) -> dict[str, object]:
    return {"name_sha256": bytes(range(32)), "network": network, "tried_on": at}


@pytest.mark.parametrize("networks", [["a"], ["a", "b", "c"], ["日本", 'quo"te\\', "\U0001f600\x7f\n"]])
def test_every_row_is_stored_and_counted(connection: Connection, networks: list[str]) -> None:
    assert FAILURES.run(connection, [failure(network) for network in networks]) == len(networks)
    stored = connection.execute(select(FAILURE.c["name_sha256", "network", "tried_on"]).order_by(FAILURE.c.id)).all()
    assert stored == [(bytes(range(32)), network, NOON) for network in networks]


def test_no_rows_are_no_statement(connection: Connection) -> None:
    assert FAILURES.run(connection, []) == 0


def test_value_of_another_type_is_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="time zone"):
        FAILURES.run(connection, [failure("a"), failure("b", NOON.replace(tzinfo=None))])


def test_row_without_a_value_is_refused(connection: Connection) -> None:
    with pytest.raises(KeyError):
        FAILURES.run(connection, [{"network": "a"}])


def copies(connection: Connection, **changes: object) -> list[dict[str, object]]:
    """The only message as it is stored, and once more with changes."""
    [row] = connection.execute(select(MESSAGE)).mappings().all()
    return [{**row}, {**row, **changes}]


MANY = ManyRows(MESSAGE, MESSAGE.c.keys(), skips=True)


@pytest.mark.parametrize("changes", [{"metadata": {"ä": [1.5, None, '"']}, "fingerprint": bytes(32)}, {}])
def test_values_and_nulls_are_read_as_given(sender: Sender, changes: dict[str, object]) -> None:
    make_message(sender, tags=["a", "b"])
    with db.writing() as connection:
        given = copies(connection, id=7000, msgid="m" * 32, client_tag=None, track_link=False, **changes)[1]
        assert MANY.run(connection, [given]) == 1
        assert connection.execute(select(MESSAGE).where(MESSAGE.c.id == 7000)).mappings().one() == given


def test_rows_that_violate_uniqueness_are_skipped(sender: Sender) -> None:
    make_message(sender)
    with db.writing() as connection:
        stored, new = copies(connection, id=7000, msgid="m" * 32)
        assert MANY.run(connection, [stored, new, {**new, "id": 7001}]) == 1
        assert connection.scalar(select(MESSAGE.c.id).where(MESSAGE.c.msgid == "m" * 32)) == 7000


def test_without_skipping_the_error_is_raised(sender: Sender) -> None:
    make_message(sender)
    with db.writing() as connection, pytest.raises(IntegrityError):
        ManyRows(MESSAGE, MESSAGE.c.keys()).run(connection, copies(connection))
