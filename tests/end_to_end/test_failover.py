"""A database that is demoted, read-only, locked or frozen: 503 with Retry-After, and recovery without a restart."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import InternalError, OperationalError
from werkzeug.test import TestResponse

from shortener.config.settings import Settings
from shortener.running.services import Services, services
from shortener.storage import db, migrations, outages, postgresql
from shortener.storage.models import Click, Link
from shortener.storage.pool import Connections
from tests.conftest import SECRET_KEY, running
from tests.support import clusters, database_faults
from tests.support.clusters import Cluster
from tests.support.delivering import states
from tests.support.factories import BROWSER, TEXT, Sender, make_account, make_message, slug_of
from tests.support.pooler import folder_of
from tests.support.servers import OK, Call, receiving
from tests.support.waiting import WITHIN, until

BACKEND = select(text("pg_backend_pid()"))


@pytest.fixture(autouse=True)
def postgresql_alone(database_kind: str) -> None:
    if database_kind == "sqlite":
        pytest.skip("this is about PostgreSQL")


@pytest.fixture(autouse=True)
def said_anew() -> None:
    outages.log_limit.forget()


def post(client: FlaskClient, sender: Sender) -> TestResponse:
    return client.post("/v1/messages", data={"message": TEXT}, headers=sender.basic)


def click(client: FlaskClient, slug: str) -> int:
    return client.get(f"/{slug}", headers={"User-Agent": BROWSER}).status_code


def clicks_stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Click)).one()


def assert_unavailable(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json and answer.json["code"]) == (503, "unavailable"), answer.text
    assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture
def pair(postgresql_url: str) -> Iterator[tuple[Cluster, Cluster]]:
    """A migrated primary and its standby."""
    with clusters.cluster(folder_of(postgresql_url), "-E", "UTF8", "--locale=C") as primary:
        engine = create_engine(primary.url().replace("://", "+psycopg://"))
        migrations.upgrade(engine)
        engine.dispose()
        with clusters.cluster(folder_of(postgresql_url), of=primary) as standby:
            yield primary, standby


def has_caught_up(standby: Cluster, slug: str) -> bool:
    with psycopg.connect(standby.url()) as connection:
        found = connection.execute("SELECT 1 FROM link WHERE number = %s", [services().slugs.decode(slug)])
        return found.fetchone() is not None


def test_a_demoted_node_is_noticed_and_left_at_once(pair: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    """The database's address is a link to a node's socket folder; for a while it points to the demoted node."""
    primary, standby = pair
    address = tmp_path / "address"
    address.symlink_to(primary.folder)
    url = primary.url(host=address)
    with running(Settings(database_url=url, data=tmp_path, secret_key=SECRET_KEY, worker="off")) as app:
        client, sender = app.test_client(), make_account()
        slug = slug_of(make_message(sender).link)
        assert post(client, sender).status_code == 201
        until(lambda: has_caught_up(standby, slug))
        primary.stop()
        assert_unavailable(post(client, sender))
        standby.promote()
        primary.demote()
        primary.start()
        assert_unavailable(post(client, sender))
        assert_unavailable(client.get("/healthz"))
        assert click(client, slug) == 302  # it can be read, and is spooled
        unknown = services().slugs.encode(1)
        assert click(client, unknown) == 503  # because the standby may not have it yet
        address.unlink()
        address.symlink_to(standby.folder)
        assert post(client, sender).status_code == 201
        assert click(client, unknown) == 404
        assert client.get("/healthz").status_code == 200
        until(lambda: clicks_stored() == 1)


def test_several_hosts_are_tried_until_one_can_be_written(pair: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    primary, standby = pair
    hosts = "postgresql://postgres@{},{}/postgres?target_session_attrs=read-write"
    url = hosts.format(*(str(each.folder).replace("/", "%2F") for each in (standby, primary)))
    with running(Settings(database_url=url, data=tmp_path, secret_key=SECRET_KEY, worker="off")) as app:
        client, sender = app.test_client(), make_account()
        slug = slug_of(make_message(sender).link)
        assert click(client, slug) == 302
        until(lambda: has_caught_up(standby, slug))
        primary.stop()
        assert_unavailable(post(client, sender))
        assert click(client, slug) == 302  # of the standby, because nothing can be written
        assert click(client, services().slugs.encode(1)) == 503
        standby.promote()
        assert post(client, sender).status_code == 201
        until(lambda: clicks_stored() == 2)


@pytest.mark.parametrize("table", ["link", "message"])
def test_a_locked_table_is_503_and_not_for_ever(
    client: FlaskClient, sender: Sender, database_url: str, table: str
) -> None:
    slug = slug_of(make_message(sender).link)
    assert click(client, slug) == 302
    with psycopg.connect(database_url) as holder, psycopg.connect(database_url, autocommit=True) as looker:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        assert_unavailable(client.get("/healthz"))
        assert_unavailable(post(client, sender))
        assert click(client, slug) == (503 if table == "link" else 302)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: looker.execute(waiting).fetchone() == (0,))  # a caller that gave up has cancelled at the server
        holder.rollback()
    assert client.get("/healthz").status_code == 200
    until(lambda: post(client, sender).status_code == 201)
    until(lambda: click(client, slug) == 302)


def test_visitors_of_a_locked_table_get_503_at_once(
    app: Flask, sender: Sender, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One visitor waits for the time-out; until a look-up succeeds again, the others do not wait."""
    slug = slug_of(make_message(sender).link)
    with psycopg.connect(database_url) as holder:
        holder.execute("LOCK TABLE link IN ACCESS EXCLUSIVE MODE")
        assert click(app.test_client(), slug) == 503
        monkeypatch.setattr(services().readers, "_rows", lambda *_: pytest.fail("it was asked again"))
        assert click(app.test_client(), slug) == 503


def test_a_node_without_a_free_connection_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "Connections", partial(Connections, patience=0.1))
    with running(settings.model_copy(update={"connections": 2})) as app:
        client, connections = app.test_client(), db.readers(app)._connections
        held = [connections.take(), connections.take()]
        assert_unavailable(client.get("/healthz"))
        for connection in held:
            connections.give_back(connection)
        assert client.get("/healthz").status_code == 200


@pytest.fixture
def freeze() -> Iterator[Callable[[int], None]]:
    """Stops a backend of the test's server; it continues at the end."""
    frozen: list[int] = []

    def stop(pid: int) -> None:
        frozen.append(pid)
        os.kill(pid, signal.SIGSTOP)

    yield stop
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)


def test_a_frozen_server_is_503_until_reconnected(
    client: FlaskClient, sender: Sender, services: Services, freeze: Callable[[int], None]
) -> None:
    slug = slug_of(make_message(sender).link)
    freeze(services.readers.row(BACKEND, {})[0])
    assert click(client, slug) == 503
    until(lambda: click(client, slug) == 302)


def test_a_server_that_freezes_in_a_transaction_is_noticed(
    app: Flask, freeze: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "STATEMENT", 1)
    monkeypatch.setattr(postgresql, "MARGIN", 0.2)
    with db.read() as session:
        freeze(session.scalars(BACKEND).one())
        with pytest.raises(OperationalError, match="did not answer within") as caught:
            session.execute(BACKEND)
    assert outages.is_outage(caught.value)
    with db.read() as session:
        assert session.scalars(BACKEND).one()


def test_a_statement_that_takes_too_long_is_ended(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "STATEMENT", 1)
    with pytest.raises(OperationalError, match="statement timeout") as caught, db.read() as session:
        session.execute(text("SELECT pg_sleep(60)"))
    assert outages.is_outage(caught.value)
    with db.read() as session:
        db.allow_time(session)
        session.execute(text("SELECT pg_sleep(1.2)"))


def test_a_read_only_database_is_503_meanwhile(client: FlaskClient, sender: Sender, database_url: str) -> None:
    assert post(client, sender).status_code == 201
    with database_faults.read_only(database_url):
        assert_unavailable(post(client, sender))
        assert_unavailable(client.get("/healthz"))
        answer = client.post("/v1/messages/batch", json=[{"message": TEXT}], headers=sender.basic)
        assert_unavailable(answer)
    assert post(client, sender).status_code == 201
    assert client.get("/healthz").status_code == 200


def test_outcomes_wait_until_they_can_be_stored(
    client: FlaskClient, sender: Sender, services: Services, database_url: str
) -> None:
    released = threading.Event()

    def slow(call: Call) -> None:
        released.wait(WITHIN)
        call.say(OK)

    with receiving(slow) as receiver:
        services.deliverer.start()
        click(client, slug_of(make_message(sender, lt_callbackurl=receiver.url()).link))
        until(lambda: len(receiver.requests) == 1)
        with database_faults.read_only(database_url):
            released.set()
            until(lambda: len(services.deliverer._attempts._ended) == 1)
            services.deliverer._step(0)
            until(lambda: len(services.deliverer._attempts._ended) == 1)
        until(lambda: states() == ["delivered"])
        services.deliverer.stop(grace=WITHIN)
    assert len(receiver.requests) == 1


def test_a_node_that_becomes_read_only_is_503(client: FlaskClient, sender: Sender, database_url: str) -> None:
    """Its open connections still work, and only writes are refused."""
    assert post(client, sender).status_code == 201
    with pytest.raises(InternalError, match="read-only") as caught, db.write() as session:
        session.execute(text("SET LOCAL transaction_read_only = on; UPDATE link SET off_on = NULL"))
    assert outages.sqlstate(caught.value) == "25006"
    assert outages.is_outage(caught.value)


def test_connections_that_the_server_ended_are_not_used_again(
    client: FlaskClient, sender: Sender, database_url: str
) -> None:
    for _ in range(3):
        assert post(client, sender).status_code == 201
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(database_faults.TERMINATE, [connection.info.dbname])


def test_an_outage_writes_one_line_per_state_and_minute(
    client: FlaskClient, sender: Sender, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    slug = slug_of(make_message(sender).link)
    caplog.set_level("ERROR", "shortener.web")
    with database_faults.unreachable(database_url):
        for _ in range(50):
            assert click(client, slug) == 503
            assert post(client, sender).status_code == 503
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("shortener.web")]
    assert len(lines) <= 2, lines
    assert all("the database is unavailable [" in line for line in lines)


ROLE = "few"


@contextmanager
def role(database_url: str, limit: int) -> Iterator[str]:
    """The database's URL for a role that may have `limit` connections."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN CONNECTION LIMIT {limit}")
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}")
        connection.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
        yield database_url.replace("://postgres:@", f"://{ROLE}@")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [ROLE])
        connection.execute(f"DROP OWNED BY {ROLE}")
        connection.execute(f"DROP ROLE {ROLE}")


def open_connections(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        counted = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", [ROLE]).fetchone()
        assert counted is not None
        return int(counted[0])


def test_a_role_with_few_connections_serves_two_applications(
    app: Flask, sender: Sender, database_url: str, tmp_path: Path
) -> None:
    """With more threads than connections, all wait for a connection of their application, and are served."""
    with role(database_url, limit=5) as url:
        pairs = [Settings(database_url=url, data=tmp_path, secret_key=SECRET_KEY, connections=20) for _ in range(2)]
        statuses: list[int] = []
        together = threading.Barrier(16)

        def use(application: Flask) -> None:
            client = application.test_client()
            together.wait()
            for _ in range(10):
                made = post(client, sender)
                statuses.append(made.status_code)
                if made.status_code == 201:
                    assert made.json is not None
                    slug = made.json["link_tracking"]["shortlink"].rpartition("/")[2]
                    statuses.append(click(client, slug))

        with running(pairs[0]) as first, running(pairs[1]) as second, ThreadPoolExecutor(16) as pool:
            # Each needs a connection first: otherwise the other one could take all five.
            assert [health(application) for application in (first, second)] == [200, 200]
            for each in [pool.submit(use, application) for application in (first, second) for _ in range(8)]:
                each.result()
            assert set(statuses) <= {201, 302, 503}
            for application in (first, second):
                assert post(application.test_client(), sender).status_code == 201
            until(lambda: open_connections(database_url) == 0)  # unused connections are closed
        assert statuses.count(302) > 140  # all of them, unless the machine pauses for five seconds
    with db.read() as session:
        assert session.scalar(select(func.count()).where(Link.accessed_on.is_not(None))) == statuses.count(302)


def test_an_application_gets_what_another_leaves(app: Flask, sender: Sender, database_url: str, tmp_path: Path) -> None:
    with role(database_url, limit=1) as url:
        settings = Settings(database_url=url, data=tmp_path, secret_key=SECRET_KEY)
        with running(settings) as first, running(settings) as second:
            assert post(first.test_client(), sender).status_code == 201
            assert post(second.test_client(), sender).status_code == 503
            until(lambda: health(second) == 200)
            assert post(second.test_client(), sender).status_code == 201


def health(application: Flask) -> int:
    return application.test_client().get("/healthz").status_code
