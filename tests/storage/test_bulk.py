"""Statements for many rows: what is stored, what is counted, what is refused."""

import datetime as dt
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from shortener.storage import db
from shortener.storage.bulk import Many
from shortener.storage.models import Base

ORIGIN, FAILURE = (Base.metadata.tables[name] for name in ("origin", "sign_in_failure"))
ADD = Many(insert(ORIGIN), ["address"])
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def connection(app: Flask) -> Iterator[Connection]:
    with db.writing() as connection:
        yield connection


def addresses(connection: Connection) -> list[str]:
    return sorted(connection.scalars(select(ORIGIN.c.address)))


@pytest.mark.parametrize("rows", [["a"], ["a", "b", "c"]])
def test_every_row_is_stored_and_counted(connection: Connection, rows: list[str]) -> None:
    assert ADD.run(connection, ({"address": row} for row in rows)) == len(rows)
    assert addresses(connection) == rows


def test_no_rows_are_no_statement(connection: Connection) -> None:
    assert ADD.run(connection, []) == 0


def test_values_are_stored_as_the_columns_types_say(connection: Connection) -> None:
    add = Many(insert(FAILURE).inline(), ["name_sha256", "network", "tried_on"])
    add.run(connection, [{"name_sha256": bytes(32), "network": net, "tried_on": NOON} for net in ("a", "b")])
    assert connection.execute(select(FAILURE.c["name_sha256", "tried_on"])).all() == [(bytes(32), NOON)] * 2


def test_an_update_counts_what_it_changed(connection: Connection) -> None:
    ADD.run(connection, [{"address": "a"}, {"address": "b"}])
    rename = Many(
        update(ORIGIN).where(ORIGIN.c.address == bindparam("old")).values(address=bindparam("new")), ["old", "new"]
    )
    assert rename.run(connection, [{"old": "a", "new": "x"}, {"old": "nobody", "new": "y"}]) == 1
    assert addresses(connection) == ["b", "x"]


def test_a_refused_row_raises_a_sqlalchemy_error(connection: Connection) -> None:
    with pytest.raises(IntegrityError), connection.begin_nested():
        ADD.run(connection, [{"address": "a"}, {"address": "a"}])


def test_a_value_of_another_type_is_refused(connection: Connection) -> None:
    add = Many(insert(FAILURE).inline(), ["name_sha256", "network", "tried_on"])
    with pytest.raises(ValueError, match="time zone"):
        add.run(connection, [{"name_sha256": bytes(32), "network": "a", "tried_on": NOON.replace(tzinfo=None)}])


def test_a_row_without_a_value_is_refused(connection: Connection) -> None:
    with pytest.raises(KeyError):
        ADD.run(connection, [{}])
