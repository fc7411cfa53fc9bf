"""A PostgreSQL server: judged by what it says about itself, directly and through a pooler."""

import pytest
from sqlalchemy import create_engine

from shortener.cli.doctor import postgresql
from shortener.cli.doctor.finding import State
from shortener.cli.doctor.postgresql import Facts
from shortener.config.settings import Settings
from shortener.storage import read_only
from tests.conftest import SECRET_KEY
from tests.support.pooler import pooled


@pytest.mark.parametrize(
    ("found", "states"),
    [
        (Facts(), ["ok", "ok"]),
        (Facts(is_standby=True), ["fault", "ok"]),
        (Facts(is_read_only=True), ["fault", "ok"]),
        (Facts(has_functions=False), ["ok", "fault", "ok"]),
        (Facts(used=95), ["ok", "warning", "ok"]),
        (Facts(most=20), ["ok", "warning"]),
        (Facts(role_limit=10), ["ok", "warning"]),
        (Facts(database_limit=10), ["ok", "warning"]),
        (Facts(most=20, has_pooler=True), ["ok", "ok"]),
    ],
)
def test_a_server_is_judged_by_its_facts(found: Facts, states: list[State]) -> None:
    assert [finding.state for finding in postgresql.judge(found, 24)] == states


def facts(url: str) -> Facts:
    engine = read_only.engine(Settings(database_url=url, secret_key=SECRET_KEY).sqlalchemy_url)
    with engine.connect() as connection:
        found = postgresql.facts(connection)
    engine.dispose()
    return found


def test_a_server_tells_its_facts(postgresql_url: str) -> None:
    found = facts(postgresql_url)
    assert (found.has_functions, found.has_pooler, found.is_standby, found.is_read_only) == (True, False, False, False)
    assert found.most > found.used > 0


def test_a_pooler_is_noticed(postgresql_url: str) -> None:
    with pooled(postgresql_url) as through:
        assert facts(through).has_pooler


def test_missing_functions_are_noticed(postgresql_url: str) -> None:
    engine = create_engine(Settings(database_url=postgresql_url, secret_key=SECRET_KEY).sqlalchemy_url)
    with engine.connect() as connection:  # never committed
        connection.exec_driver_sql("DROP FUNCTION set_accessed_on")
        assert not postgresql.facts(connection).has_functions
    engine.dispose()
