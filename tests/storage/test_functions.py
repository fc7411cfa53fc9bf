"""Functions in PostgreSQL: an upgrade creates them, and those that a restore left out."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from shortener.errors import DatabaseVersionError
from shortener.storage import db, functions, migrations
from shortener.storage.models import Click
from tests.support.factories import Sender, make_message


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


@pytest.mark.usefixtures("app")
def test_a_version_before_devices_still_stores_clicks(database_kind: str, sender: Sender) -> None:
    """Its function has the same name as before, and an upgrade leaves it alone."""
    if database_kind == "sqlite":
        pytest.skip("SQLite has no functions")
    values = "$1, $2, $3, $4, $5, $6"
    link = make_message(sender).link
    assert link is not None
    with db.writing() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION insert_clicks(bigint[], uuid[], bigint[], text[], text[], text[]) RETURNS SETOF boolean "
            "LANGUAGE plpgsql AS $$BEGIN RETURN QUERY INSERT INTO click (link_id, id, clicked_on, visitor, reason, "
            f"network) SELECT * FROM unnest({values}) ON CONFLICT DO NOTHING RETURNING true; END$$"
        )
    migrations.upgrade(db.db.engine)
    with db.writing() as connection:
        connection.exec_driver_sql(
            f"SELECT * FROM insert_clicks('{{{link.id}}}', ARRAY[gen_random_uuid()], '{{1}}', '{{person}}', "
            "'{browser}', '{NULL}')"
        )
        connection.exec_driver_sql("DROP FUNCTION insert_clicks")
    with db.read() as session:
        [stored] = session.scalars(select(Click))
    assert (stored.visitor, stored.device) == ("person", None)


@pytest.mark.usefixtures("dropped")
def test_missing_functions_prevent_a_start() -> None:
    with pytest.raises(DatabaseVersionError):
        migrations.refuse_other_version(db.db.engine)
    create()
    migrations.refuse_other_version(db.db.engine)


@pytest.mark.usefixtures("dropped")
def test_a_function_of_others_is_not_ours() -> None:
    with db.writing() as connection:
        connection.exec_driver_sql(
            f"CREATE FUNCTION {functions.INSERT_CLICKS.name}(text) RETURNS text LANGUAGE sql AS 'SELECT $1'"
        )
    assert are_missing()
    with db.writing() as connection:
        connection.exec_driver_sql(f"DROP FUNCTION {functions.INSERT_CLICKS.name}(text)")


def test_links_in_small_tables_are_found_by_index(sender: Sender, database_kind: str) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has no functions")
    make_message(sender)
    with db.writing() as connection:
        connection.exec_driver_sql("ANALYZE link, message")  # both are one page: to read it all would be cheapest
        found = connection.exec_driver_sql(f"SELECT link_id FROM {functions.FIND_LINKS.name}(ARRAY[1, 2]::bigint[])")
        assert found.all() is not None
        scans = "SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname IN ('link', 'message')"
        assert connection.exec_driver_sql(scans).scalar_one() == 0
