"""Functions in PostgreSQL: an upgrade creates them, and those that a restore left out."""

from collections.abc import Iterator

import pytest
from flask import Flask

from shortener.storage import db, functions, migrations


@pytest.fixture
def dropped(app: Flask, database_kind: str) -> Iterator[None]:
    """A database without one of the functions."""
    if database_kind == "sqlite":
        pytest.skip("SQLite has no functions")
    with db.writing() as connection:
        connection.exec_driver_sql(f"DROP FUNCTION {functions.INSERT_CLICKS.name}")
    yield
    create()


def create() -> None:
    with db.writing() as connection:
        functions.create(connection)


def are_missing() -> bool:
    with db.writing() as connection:
        return functions.are_missing(connection)


@pytest.mark.usefixtures("dropped")
def test_missing_functions_are_created_or_replaced() -> None:
    assert are_missing()
    for _ in range(2):
        create()
        assert not are_missing()


@pytest.mark.usefixtures("dropped")
def test_each_upgrade_creates_missing_functions() -> None:
    assert migrations.upgrade(db.db.engine) == []
    assert not are_missing()
