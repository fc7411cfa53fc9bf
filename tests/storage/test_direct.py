"""Statements given to the driver: what is read, written and counted, and whose errors are raised."""

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, literal, select
from sqlalchemy.exc import IntegrityError, OperationalError

from shortener.storage import db
from shortener.storage.direct import Direct, array
from shortener.storage.models import Base

ORIGIN = Base.metadata.tables["origin"]
ADD = {
    "sqlite": "INSERT INTO origin (address) VALUES (?)",
    "postgresql": "INSERT INTO origin (address) SELECT * FROM unnest($1::text[])",
}
READ = {
    "sqlite": "SELECT value FROM json_each(?) ORDER BY value",
    "postgresql": "SELECT * FROM unnest($1::bigint[]) ORDER BY 1",
}
TEXTS = ["", "NULL", "null", 'a "quoted" \\ word', "{a,b}", "a, b", "%s ?", "\n\t", "道 \N{PARTY POPPER}", "\\x61"]


@pytest.fixture
def direct(app: Flask) -> Iterator[Direct]:
    with db.writing() as connection:
        yield Direct(connection)


def test_rows_of_any_text_are_stored(direct: Direct) -> None:
    assert direct.write(ADD[direct.dialect], [(text,) for text in TEXTS]) == len(TEXTS)
    assert set(direct.connection.scalars(select(ORIGIN.c.address))) == set(TEXTS)


def test_no_rows_need_no_statement(direct: Direct) -> None:
    assert direct.write("this is no SQL", []) == 0


def test_a_list_of_numbers_is_read(direct: Direct) -> None:
    assert direct.read(READ[direct.dialect], [3, 1, 2**62]) == [(1,), (3,), (2**62,)]


def test_a_refused_row_raises_sqlalchemys_error(app: Flask) -> None:
    with pytest.raises(IntegrityError) as caught, db.writing() as connection:
        Direct(connection).write(ADD[connection.dialect.name], [("secret",), ("secret",)])
    assert "secret" not in str(caught.value)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(ORIGIN)) == 0


def test_a_lost_connection_is_not_used_again(app: Flask, database_url: str) -> None:
    if database_url.startswith("sqlite:"):
        pytest.skip("SQLite has no server")
    with psycopg.connect(database_url, autocommit=True) as other, pytest.raises(OperationalError, match="terminat"):
        _read_after_the_end(other)
    with db.read() as session:
        assert session.scalar(select(literal(1))) == 1


def _read_after_the_end(other: psycopg.Connection) -> None:
    """Read on a connection that the server has closed."""
    with db.writing() as connection:
        own = connection.scalar(select(func.pg_backend_pid()))
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
        Direct(connection).read(READ["postgresql"], [1])


def test_an_array_has_numbers_bytes_and_nulls() -> None:
    assert array([1, None, b"a\x00", 'say "\\"']) == '{1,NULL,"\\\\x6100","say \\"\\\\\\""}'
