"""Fixtures of all tests: a database of each kind, an application, a client, an account."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener import create_app
from shortener.config.settings import Settings
from shortener.running.services import Services
from shortener.storage.db import db
from tests.support import compiled_routes, databases
from tests.support.described_client import DescribedClient
from tests.support.factories import Sender, make_account

os.environ["SHORTENER_ENV_FILE"] = os.devnull  # a developer may have a settings file
compiled_routes.remember()
SECRET_KEY = "a key for tests, long enough to be one"

if not os.environ.get("CI"):  # Hypothesis itself has no deadlines under CI
    hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine must not fail a test
    hypothesis.settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=[*databases.KINDS, "both"],
        default="both",
        help="run the tests that need a database on this one (default: both)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that uses the database once on each kind."""
    if "database_kind" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        both = databases.KINDS[:1] if _has_no_sql(metafunc.definition.path) else databases.KINDS
        metafunc.parametrize("database_kind", both if chosen == "both" else [chosen], scope="session")


def _has_no_sql(test: Path) -> bool:
    """Whether a test is about a vendor's folder, which reaches the database by use cases that have tests of their own.

    Such tests run on SQLite alone, except those of lists and of the vendors' clients.
    """
    return "vendors" in test.parts and test.name not in ("test_lists.py", "test_client.py", "test_reservations.py")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_url(shared_folder: Path, worker_id: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this process."""
    with databases.postgresql_server(shared_folder) as server:
        yield databases.create_postgresql(server, f"test_{worker_id}")


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty, migrated database."""
    if database_kind == "sqlite":
        return databases.copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
    url: str = request.getfixturevalue("postgresql_url")
    databases.emptier(url)()
    return url


@pytest.fixture(scope="module")
def own_database_url(
    database_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> str:
    """A migrated database for a whole module, for what is expensive to start."""
    folder = tmp_path_factory.mktemp("own")
    if database_kind == "sqlite":
        return databases.copy_sqlite(request.getfixturevalue("sqlite_template"), folder)
    server: str = request.getfixturevalue("postgresql_url")
    # All test processes share the server, but each numbers its own folders.
    return databases.create_postgresql(server, f"{request.module.__name__.rsplit('.')[-1]}_{worker_id}_{folder.name}")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        data=tmp_path,
        secret_key=SECRET_KEY,
        public_url="https://s.example.com",
        callback_allow_nets=("127.0.0.0/8",),
        callback_timeout=5,
        spool_bytes=65536,
    )


@contextmanager
def running(settings: Settings) -> Iterator[Flask]:
    """An application with its context pushed; its connections are closed at the end."""
    app = create_app(settings)
    app.test_client_class = DescribedClient
    with app.app_context():
        yield app
        services: Services = app.extensions["shortener"]
        services.pruner.stop(grace=30)  # a test that failed midway must not leave a thread to the next one
        services.recorder.stop(grace=30)
        services.readers.close()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    with running(settings) as app:
        yield app


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["shortener"]
    return found


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def sender(app: Flask) -> Sender:
    """An account with its credentials."""
    return make_account("shop")


@pytest.fixture
def other_sender(app: Flask) -> Sender:
    """Another account, which must not see anything of the first."""
    return make_account("stranger")
