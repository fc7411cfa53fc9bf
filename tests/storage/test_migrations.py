"""Migrations: they produce the models' tables on both databases, also if several processes start at once."""

import datetime as dt
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import Result
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from bench.instance import environ_of, free_port
from shortener import create_app
from shortener.callbacks.kind import CALLBACKS
from shortener.config.settings import Settings
from shortener.errors import DatabaseVersionError
from shortener.running.services import services
from shortener.storage import db, migrations, sqlite
from shortener.storage.models import Base, Callback, Message
from tests.conftest import SECRET_KEY, running
from tests.storage.test_backups import BIN
from tests.support import ROOT, older_schemas
from tests.support.factories import BROWSER
from tests.support.older_schemas import upgrade_to
from tests.support.schema_facts import facts
from tests.support.waiting import until

MakeUrl = Callable[[], str]

# The columns that callbacks and what belongs to them have had since before 0007.
JOBS = {
    "callback": "id, link_id, account_id, event_id, url, destination, body, state, created_on, due_on, lease_token, "
    "settled_on, exhausted_because, replayed_from, starts_before",
    "attempt": "id, callback_id, number, started_on, ended_on, outcome, detail, status, answer, lookup_us, connect_us, "
    "first_byte_us, total_us",
    "replay": "id, callback_id, asked_on, asked_by",
}
# A program that upgrades, and kills itself when it stores the new version's name.
KILLED = """
import os, signal
from shortener import create_app
from shortener.storage import db, migrations
from sqlalchemy import event
app = create_app()
with app.app_context():
    @event.listens_for(db.db.engine, "after_cursor_execute")
    def on_statement(connection, cursor, statement, *_):
        if statement.startswith("UPDATE alembic_version"):
            os.kill(os.getpid(), signal.SIGKILL)
    migrations.upgrade(db.db.engine)
"""
LEASE = dt.timedelta(seconds=45)


@pytest.fixture
def make_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeUrl]:
    """Creates empty databases; returns the URL of each."""
    made: list[str] = []

    def make() -> str:
        name = f"empty_{uuid.uuid4().hex}"
        made.append(name)
        if database_kind == "sqlite":
            return f"sqlite:///{tmp_path / name}.sqlite3"
        server: str = request.getfixturevalue("postgresql_url")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return urlsplit(server)._replace(path=f"/{name}").geturl()

    yield make
    if database_kind == "postgresql":
        with psycopg.connect(request.getfixturevalue("postgresql_url"), autocommit=True) as connection:
            for name in made:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def make_engine(make_url: MakeUrl) -> Iterator[Callable[[], Engine]]:
    engines: list[Engine] = []

    def make() -> Engine:
        engine = create_engine(Settings(database_url=make_url(), secret_key=SECRET_KEY).sqlalchemy_url)
        if engine.dialect.name == "sqlite":
            sqlite.prepare(engine)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def empty(make_engine: Callable[[], Engine]) -> Engine:
    """An empty database."""
    return make_engine()


def run(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        result = connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def salt(engine: Engine) -> list[tuple[object, ...]]:
    return run(engine, "SELECT id, slug_salt FROM installation")


def test_the_migrations_end_at_exactly_what_the_models_say(make_engine: Callable[[], Engine]) -> None:
    migrated, modelled = make_engine(), make_engine()
    migrations.upgrade(migrated)
    Base.metadata.create_all(modelled)
    assert facts(migrated) == facts(modelled)


# The test above has compared it: alembic cannot compare an index of an expression.
OF_EXPRESSION = "ix_message_recipient"


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_alembic_sees_nothing_left_to_migrate_either(empty: Engine) -> None:
    migrations.upgrade(empty)
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": lambda name, kind, _: name != OF_EXPRESSION,
        "include_object": lambda _, name, *__: name != OF_EXPRESSION,
    }
    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE account ADD COLUMN extra TEXT",
        "ALTER TABLE message RENAME COLUMN sender TO origin",
        "DROP INDEX ix_callback_due_on",
        "CREATE UNIQUE INDEX more ON link (target)",
        "DROP TABLE attempt",
    ],
)
def test_the_comparison_would_see_a_difference(empty: Engine, change: str) -> None:
    migrations.upgrade(empty)
    before = facts(empty)
    run(empty, change)
    assert facts(empty) != before


def test_due_callbacks_have_a_partial_index(empty: Engine) -> None:
    migrations.upgrade(empty)
    found = [fact for fact in facts(empty) if fact[0] == "index" and "ix_callback_due_on" in str(fact)]
    assert len(found) == 1
    assert re.search(r"\(due_on, id\) WHERE \(?settled_on IS NULL\)?", str(found))


def test_claims_use_the_index_of_due_callbacks(empty: Engine) -> None:
    migrations.upgrade(empty)
    question = "SELECT id FROM callback WHERE settled_on IS NULL AND due_on <= 1 ORDER BY due_on, id LIMIT 16"
    if empty.dialect.name == "sqlite":
        plan = run(empty, f"EXPLAIN QUERY PLAN {question}")
    else:
        with empty.connect() as connection:
            connection.execute(text("SET enable_seqscan = off"))  # an empty table is read whole otherwise
            plan = [tuple(row) for row in connection.execute(text(f"EXPLAIN {question}"))]
    assert "ix_callback_due_on" in str(plan)


def test_every_text_is_in_the_order_of_its_bytes(empty: Engine) -> None:
    """SQLite's order; PostgreSQL's default would depend on the database's locale."""
    migrations.upgrade(empty)
    if empty.dialect.name == "postgresql":
        texts = [fact for fact in facts(empty) if fact[0] == "column" and fact[3] == "text"]
        assert {fact[6] for fact in texts} == {"C"}
        assert len(texts) > 20
    else:
        assert not [fact for fact in facts(empty) if "COLLATE" in str(fact)]


def test_an_upgrade_applies_everything_and_says_so(empty: Engine) -> None:
    history = migrations.missing(empty)
    assert history[0] == "0001"
    assert migrations.upgrade(empty) == history
    assert migrations.missing(empty) == []


def test_to_ask_what_is_missing_changes_nothing(empty: Engine) -> None:
    migrations.missing(empty)
    assert inspect(empty).get_table_names() == []


def test_an_upgrade_that_is_repeated_does_nothing(empty: Engine) -> None:
    migrations.upgrade(empty)
    before, salted = facts(empty), salt(empty)
    assert migrations.upgrade(empty) == []
    assert (facts(empty), salt(empty)) == (before, salted)


def test_each_installation_gets_a_salt_of_its_own(make_engine: Callable[[], Engine]) -> None:
    engines = make_engine(), make_engine()
    for engine in engines:
        migrations.upgrade(engine)
    [(_, one)], [(_, other)] = map(salt, engines)
    assert one != other
    assert len(str(one)) >= 40


def test_an_upgrade_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    """All is one transaction: the last table cannot be created, so the first does not exist either."""
    run(empty, "CREATE TABLE attempt (id INTEGER)")
    with pytest.raises(DBAPIError, match="attempt"):
        migrations.upgrade(empty)
    assert inspect(empty).get_table_names() == ["attempt"]
    run(empty, "DROP TABLE attempt")
    migrations.upgrade(empty)
    assert migrations.missing(empty) == []


@pytest.mark.parametrize(("pruned_on", "seen_on"), [("NULL", 300), ("250", 250)], ids=["never pruned", "pruned"])
def test_the_time_last_seen_follows_from_what_is_stored(empty: Engine, pruned_on: str, seen_on: int) -> None:
    """The newest message of any account, or when messages were last pruned."""
    upgrade_to(empty, "0003")
    for account in (1, 2, 3):
        run(empty, f"INSERT INTO account VALUES ({account}, 'a{account}', 's{account}', 1, NULL, TRUE, '', '', '', '')")
    for number, (account, received_on) in enumerate([(1, 100), (1, 300), (2, 200)]):
        run(
            empty,
            "INSERT INTO message (id, account_id, msgid, received_on, text, track_link, detection, bare_domains, "
            f"count_as_click) VALUES ({number}, {account}, 'm{number}', {received_on}, '', TRUE, '', '', '')",
        )
    run(empty, f"UPDATE installation SET pruned_on = {pruned_on}")
    migrations.upgrade(empty)
    assert run(empty, "SELECT seen_on FROM installation") == [(seen_on,)]


def test_a_database_of_a_later_version_is_refused(empty: Engine) -> None:
    migrations.upgrade(empty)
    run(empty, "UPDATE alembic_version SET version_num = '9999'")
    for act in (migrations.upgrade, migrations.missing):
        with pytest.raises(DatabaseVersionError, match=r"later version .* has upgraded the database \(to 9999\)"):
            act(empty)
    assert run(empty, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_the_migrations_are_one_line_without_branches() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert len(list(scripts.walk_revisions())) == len(list((Path(scripts.dir) / "versions").glob("[0-9]*.py")))


@pytest.mark.parametrize(
    "path", sorted((Path(migrations.__file__).parent / "versions").glob("[0-9]*.py")), ids=lambda p: p.stem
)
def test_a_migration_is_frozen_it_imports_nothing_of_ours(path: Path) -> None:
    assert "shortener" not in re.findall(r"^\s*(?:from|import)\s+(\w+)", path.read_text(), re.MULTILINE)


def test_processes_that_upgrade_at_once_do_it_once(make_url: MakeUrl, tmp_path: Path) -> None:
    """They wait for each other at a pipe, and then all open the empty database at the same time."""
    program = (
        "import sys\nfrom shortener import create_app\nfrom shortener.storage import db, migrations\n"
        "app = create_app()\n"
        "with app.app_context():\n"
        "    print(flush=True); sys.stdin.read()\n"
        "    print(','.join(migrations.upgrade(db.db.engine)))\n"
    )
    url = make_url()
    environ = environ_of(database_url=url, data=tmp_path, secret_key=SECRET_KEY)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=environ, text=True, stdin=-1, stdout=-1, stderr=-1
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
        racer.stdin = None  # or communicate() would close it again
    ends = [(*racer.communicate(timeout=60), racer.returncode) for racer in racers]
    assert [(error, code) for _, error, code in ends] == [("", 0)] * 3
    applied = [output.strip() for output, _, _ in ends]
    assert sorted(map(bool, applied)) == [False, False, True]
    engine = create_engine(Settings(database_url=url, secret_key=SECRET_KEY).sqlalchemy_url)
    assert len(salt(engine)) == 1
    engine.dispose()


@pytest.fixture
def older(make_url: MakeUrl, tmp_path: Path) -> Iterator[Callable[..., Result]]:
    """Runs commands on a database of an earlier version, with an account in it."""
    bind = f"127.0.0.1:{free_port()}"
    app = create_app(Settings(database_url=make_url(), data=tmp_path, secret_key=SECRET_KEY, bind=bind))
    with app.app_context():
        run = lambda *words: app.test_cli_runner().invoke(args=words)  # noqa: E731
        older_schemas.make(db.db.engine, "0004")
        yield run
        db.db.session.remove()
        db.db.engine.dispose()


@pytest.mark.parametrize(
    "words",
    [("account", "list"), ("account", "create", "new"), ("person", "list"), ("prune",), ("worker",)],
)
def test_commands_refuse_a_database_of_an_older_version(older: Callable[..., Result], words: tuple[str, ...]) -> None:
    result = older(*words)
    assert result.exit_code == 4, result.output
    assert "database is of an older version of the product. Stop the product, make a backup and run" in result.stderr
    assert "db upgrade" in result.stderr


def test_an_older_database_is_backed_up_and_upgraded(
    older: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(BIN), prepend=os.pathsep)
    assert older("db", "backup", str(tmp_path / "backup")).exit_code == 0
    assert older("db", "upgrade").stdout == f"applied {', '.join(newer_than('0004'))}\n"
    assert older("account", "list").exit_code == 0


def test_a_first_start_says_that_it_upgraded(older: Callable[..., Result]) -> None:
    [line] = [line for line in older("first-start").stdout.splitlines() if "applied" in line]
    assert line == f"The database was upgraded from an older version: applied {', '.join(newer_than('0004'))}"
    assert "applied" not in older("first-start").stdout


def newer_than(revision: str) -> list[str]:
    history = migrations._history(migrations._config())
    return history[history.index(revision) + 1 :]


def test_an_upgrade_lets_others_pass_and_tries_again(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    if empty.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    monkeypatch.setattr(migrations, "LOCK", "100ms")
    monkeypatch.setattr(migrations, "PAUSE", 0.01)
    upgrade_to(empty, "0002")
    tries: list[str] = []
    event.listen(empty, "rollback", lambda _: tries.append("rollback"))
    writing = "LOCK TABLE account IN ROW EXCLUSIVE MODE"  # what a writer takes, and a new foreign key wants alone
    with ThreadPoolExecutor(1) as pool, empty.connect() as writer, empty.connect() as other:
        writer.execute(text(writing))
        upgraded = pool.submit(migrations.upgrade, empty)
        until(lambda: len(tries) > 1)
        other.execute(text(writing))
        for connection in (writer, other):
            connection.commit()
        assert upgraded.result()[0] == "0003"


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0005", "0006", "0007"])
def test_a_filled_database_of_each_earlier_schema_is_upgraded(make_url: MakeUrl, tmp_path: Path, revision: str) -> None:
    """Then the product reads it: reports, list, redirect, and a replayed callback."""
    settings = Settings(database_url=make_url(), data=tmp_path, secret_key=SECRET_KEY, public_url="https://s.example")
    with running(settings) as app:
        older_schemas.make(db.db.engine, revision)
        assert migrations.upgrade(db.db.engine) == newer_than(revision)
        assert run(db.db.engine, "SELECT name, scopes, expires_on FROM credential") == [("main", None, None)]
        client = app.test_client()
        assert_reports(client)
        assert_redirect_and_replay(client)


def assert_reports(client: FlaskClient) -> None:
    texts = {}
    for msgid, text_before in older_schemas.TEXTS.items():
        report = client.get(f"/v1/messages/{msgid}", headers=older_schemas.HEADERS).get_json()
        assert report["original_message"] == text_before
        assert report["callbackurl"] == older_schemas.CALLBACKURLS[msgid]
        texts[msgid] = report["message"]
    slug = services().slugs.encode(older_schemas.NUMBER)
    linked = older_schemas.TEXTS[older_schemas.LINKED]
    assert texts[older_schemas.LINKED] == linked.replace(older_schemas.TARGET, f"https://s.example/{slug}")
    assert texts[older_schemas.PLAIN] == older_schemas.TEXTS[older_schemas.PLAIN]
    listed = client.get("/v1/messages", headers=older_schemas.HEADERS).get_json()["messages"]
    assert {each["msgid"]: each["message"] for each in listed} == texts


def assert_redirect_and_replay(client: FlaskClient) -> None:
    answer = client.get(f"/{services().slugs.encode(older_schemas.NUMBER)}", headers={"User-Agent": BROWSER})
    assert (answer.status_code, answer.headers["Location"]) == (302, older_schemas.TARGET)
    before = client.get(f"/v1/messages/{older_schemas.LINKED}", headers=older_schemas.HEADERS).get_json()
    assert before["clicks"]["counts"]["person"] == 2
    assert [attempt["outcome"] for attempt in before["callback"]["attempts"]] == ["delivered"]
    replayed = client.post(f"/v1/callbacks/{older_schemas.EVENT}/replay", headers=older_schemas.HEADERS)
    assert replayed.status_code == 202
    assert replayed.get_json()["state"] == "pending"


def jobs(engine: Engine) -> list[list[tuple[object, ...]]]:
    """All callbacks, attempts and replays, in the columns that every version has."""
    return [run(engine, f"SELECT {columns} FROM {table} ORDER BY id") for table, columns in JOBS.items()]


def test_callbacks_of_every_state_are_kept(empty: Engine) -> None:
    """With their attempts and replays; each becomes the one about the click of its message."""
    older_schemas.make(empty, "0006")
    older_schemas.add_callbacks(empty)
    before = {table: run(empty, f"SELECT {columns} FROM {table} ORDER BY id") for table, columns in JOBS.items()}
    assert [len(rows) for rows in before.values()] == [6, 11, 2]
    migrations.upgrade(empty)
    assert before == {
        table: run(empty, f"SELECT {columns} FROM {table} ORDER BY id") for table, columns in JOBS.items()
    }
    linked = "SELECT count(*) FROM callback c JOIN link l ON l.id = c.link_id AND l.message_id = c.message_id"
    assert run(empty, f"{linked} WHERE about = 'click' AND face IS NULL") == [(6,)]


def test_callbacks_work_on_after_the_upgrade(make_url: MakeUrl, tmp_path: Path) -> None:
    """Those that are due are claimed, a lost lease and a replay included; new ones get new ids."""
    settings = Settings(database_url=make_url(), data=tmp_path, secret_key=SECRET_KEY, public_url="https://s.example")
    with running(settings):
        older_schemas.make(db.db.engine, "0006")
        older_schemas.add_callbacks(db.db.engine)
        migrations.upgrade(db.db.engine)
        with db.write() as session:
            now = db.now(session)
            claimed = CALLBACKS.claim(session, now=now, limit=9, lease=LEASE, per_destination=9)
            assert sorted(one.label for one in claimed) == ["evt_4", "evt_5", "evt_7"]
            message = session.scalars(select(Message).where(Message.msgid == older_schemas.PLAIN)).one()
            common = {"account_id": 1, "event_id": "evt_new", "url": "u", "destination": "1 -", "body": b""}
            session.add(Callback(message_id=message.id, **common, created_on=now, due_on=now))
            session.flush()
            assert session.scalars(select(func.max(Callback.id))).one() == 28


def test_a_killed_upgrade_leaves_the_database_whole(make_url: MakeUrl, tmp_path: Path) -> None:
    """It is killed in its last statement, so that everything has been done and nothing is committed."""
    settings = Settings(database_url=make_url(), data=tmp_path, secret_key=SECRET_KEY)
    engine = create_engine(settings.sqlalchemy_url)
    if engine.dialect.name == "sqlite":
        sqlite.prepare(engine)
    older_schemas.make(engine, "0006")
    older_schemas.add_callbacks(engine)
    before = facts(engine), jobs(engine)
    environ = environ_of(database_url=settings.database_url, data=tmp_path, secret_key=SECRET_KEY)
    ended = subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT, env=environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (facts(engine), jobs(engine)) == before
    assert migrations.upgrade(engine)[0] == "0007"
    assert migrations.missing(engine) == []
    engine.dispose()


def test_an_upgrade_that_fails_late_can_be_started_again(empty: Engine) -> None:
    older_schemas.make(empty, "0005")
    before = facts(empty)
    run(empty, "ALTER TABLE link ADD COLUMN part TEXT")  # the last step of the migration fails
    with pytest.raises(DBAPIError, match="part"):
        migrations.upgrade(empty)
    run(empty, "ALTER TABLE link DROP COLUMN part")
    assert facts(empty) == before
    migrations.upgrade(empty)
    assert run(empty, "SELECT count(*) FROM part") == [(len(older_schemas.TEXTS),)]
