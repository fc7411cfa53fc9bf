"""URLs of databases: what is accepted, and how SQLAlchemy gets it."""

import contextlib
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from shortener.config.settings import Settings
from shortener.storage import postgresql
from tests.support.environment import faults, read

KEY = "a key for tests, long enough to be one"


def shown(settings: Settings) -> str:
    return settings.sqlalchemy_url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "url", ["postgres://a@b/c", "postgresql://a@b/c", "postgresql+psycopg://a@b/c", "postgresql://a@/c?host=/run"]
)
def test_every_spelling_of_postgresql_uses_psycopg(tmp_path: Path, url: str) -> None:
    named = read(tmp_path, DATABASE_URL=url, SECRET_KEY=KEY).sqlalchemy_url
    assert named == make_url("postgresql+psycopg://" + url.partition("://")[2])


SEVERAL = {
    "u:p@h1:5432,h2:5432/db?target_session_attrs=read-write": (
        {"user": "u", "password": "p", "dbname": "db"},
        {"host": "h1,h2", "port": "5432,5432", "target_session_attrs": "read-write"},
    ),
    "u@h1,h2/db": ({"user": "u", "dbname": "db"}, {"host": "h1,h2", "target_session_attrs": "read-write"}),
    "u@h1:1,h2,h3:3/db?target_session_attrs=any": (
        {"user": "u", "dbname": "db"},
        {"host": "h1,h2,h3", "port": "1,,3", "target_session_attrs": "any"},
    ),
    "u:p%40%2C@[::1]:5433,[fd00::2]/db": (
        {"user": "u", "password": "p@,", "dbname": "db"},
        {"host": "::1,fd00::2", "port": "5433,", "target_session_attrs": "read-write"},
    ),
    "u@/db?host=h1:5432&host=h2:5433": (
        {"user": "u", "dbname": "db"},
        {"host": "h1,h2", "port": "5432,5433", "target_session_attrs": "read-write"},
    ),
    "u,v@h1/db": ({"user": "u,v", "dbname": "db"}, {"host": "h1"}),
}


@pytest.mark.parametrize("rest", SEVERAL)
def test_several_hosts_are_written_as_for_libpq(tmp_path: Path, rest: str) -> None:
    url = make_url(read(tmp_path, DATABASE_URL=f"postgresql://{rest}", SECRET_KEY=KEY).sqlalchemy_url)
    found = postgresql.parameters_of(url.get_dialect()(), url)
    given = {name: str(value) for name, value in found.items() if name != "context" and value != ","}
    assert given == {**SEVERAL[rest][0], **SEVERAL[rest][1]}


@pytest.mark.parametrize(
    "rest", ["u@h1:5432,h2:0/db", "u@h1:5432,h2:65536/db", "u@h1:5432,h2:x/db", "u@[::1,h2/db", "u@h1:1:2/db", ""]
)
def test_a_malformed_host_is_refused(tmp_path: Path, rest: str) -> None:
    [fault] = faults(tmp_path, DATABASE_URL=f"postgresql://{rest}", SECRET_KEY=KEY)
    assert fault.startswith("SHORTENER_DATABASE_URL: must look like postgresql://")


def test_a_sqlite_file_can_be_named(tmp_path: Path) -> None:
    settings = read(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/other.sqlite3")
    assert settings.embedded
    assert settings.database_file == tmp_path / "other.sqlite3"


@pytest.mark.parametrize("name", ["x?y=1", "feature%2Flogin", "a#b", "a b%20c", "日本語", "file:x"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    settings = read(tmp_path / name, SECRET_KEY=KEY)
    assert settings.database_file == tmp_path / name / "shortener.sqlite3"
    settings.make_ready()
    with contextlib.closing(create_engine(settings.sqlalchemy_url).connect()) as connection:
        connection.exec_driver_sql("CREATE TABLE here (id INTEGER)")
    assert [path.name for path in (tmp_path / name).iterdir()] == ["shortener.sqlite3"]
