"""The operator's commands: effects, output and exit codes."""

import contextlib
import datetime as dt
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import select, text
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tqdm import tqdm

from bench.instance import environ_of, free_port
from shortener import cli, create_app
from shortener.accounts.authentication import authenticate
from shortener.cli.commands import DATABASE as DATABASE_FAILED
from shortener.cli.commands import REFUSED, SETTINGS
from shortener.config.settings import Settings
from shortener.errors import CredentialsError
from shortener.running.services import Services, services
from shortener.storage import db
from shortener.storage.models import Account
from shortener.typed_command import typed
from tests.conftest import SECRET_KEY
from tests.support import ROOT, due_callbacks
from tests.support.factories import DAY, NOW, Sender, make_message
from tests.support.servers import OK, parsed, receiving

Run = Callable[..., Result]
DATABASE = re.compile(r"\A(Database: .*\n)?")  # each command prints it first; help does not
NAMED = ["rotate", "disable", "enable", "set"]


@pytest.fixture
def run(app: Flask) -> Run:
    """Runs a command line, given as separate words."""
    return lambda *words: app.test_cli_runner().invoke(args=words)


def done(result: Result) -> str:
    """What a successful command printed."""
    assert result.exit_code == 0, result.output
    assert re.fullmatch(DATABASE, result.stderr)
    return result.stdout


def document(result: Result) -> Any:
    """The one line of JSON that a command printed."""
    output = done(result)
    assert output.count("\n") == 1
    return json.loads(output)


def refused(result: Result, exit_code: int = REFUSED) -> str:
    """The one message of a refused command, which has no stack trace and no standard output."""
    assert result.exit_code == exit_code
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    said = re.sub(DATABASE, "", result.stderr)
    assert said.startswith("Error: ")
    return said


def opens(token: str) -> str:
    return authenticate(services().readers, None, token)[0].name


def commands(group: click.Group, *words: str) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        found += commands(command, *words, name) if isinstance(command, click.Group) else [(*words, name)]
    return found


# account create


def test_a_new_accounts_credentials_are_printed_for_people(run: Run) -> None:
    shown = dict(line.split(maxsplit=1) for line in done(run("account", "create", "shop")).splitlines())
    assert list(shown) == ["name", "sid", "token", "signing_secret"]
    assert shown["signing_secret"].startswith("whsec_")
    assert opens(shown["token"]) == shown["name"] == "shop"


def test_a_new_accounts_credentials_are_printed_for_programs(run: Run) -> None:
    made = document(run("account", "create", "ショップ", "--json"))
    assert list(made) == ["name", "sid", "token", "signing_secret"]
    assert opens(made["token"]) == made["name"] == "ショップ"


def test_credentials_are_shown_only_once(run: Run) -> None:
    made = document(run("account", "create", "shop", "--json"))
    later = done(run("account", "list", "--json")) + done(run("account", "list")) + done(run("account", "set", "shop"))
    assert made["sid"] in later
    assert made["token"] not in later
    assert made["signing_secret"] not in later


def test_a_name_that_is_taken_is_refused(run: Run, sender: Sender) -> None:
    assert refused(run("account", "create", sender.name)) == "Error: There is already an account named shop.\n"


def test_a_name_that_is_none_is_refused(run: Run) -> None:
    assert "1 to 100 printable characters" in refused(run("account", "create", ""))


# account list


def test_without_accounts_the_list_says_how_to_make_one(run: Run) -> None:
    assert done(run("account", "list")) == f"No account yet: {typed('account create NAME')}\n"
    assert document(run("account", "list", "--json")) == []


def test_accounts_are_listed_with_their_defaults(run: Run, sender: Sender, other_sender: Sender) -> None:
    expected = {
        "name": "shop",
        "sid": sender.sid,
        "disabled": False,
        "track_link": True,
        "detection": "strict",
        "count_as_click": "person_or_unknown",
        "recipient": "full",
    }
    assert expected.items() <= document(run("account", "list", "--json"))[0].items()
    header, *rows = done(run("account", "list")).splitlines()
    assert [row.split()[:2] for row in rows] == [["shop", sender.sid], ["stranger", other_sender.sid]]
    assert [row.index("strict") for row in rows] == [header.index("detection")] * 2


# account rotate, disable, set


def test_only_the_printed_rotated_token_works(run: Run, sender: Sender) -> None:
    changed = document(run("account", "rotate", "shop", "--json"))
    assert list(changed) == ["name", "sid", "token"]
    assert (changed["sid"], opens(changed["token"])) == (sender.sid, "shop")
    with pytest.raises(CredentialsError):
        opens(sender.token)


def test_a_rotated_signing_secret_signs_beside_the_old(run: Run, sender: Sender, services: Services) -> None:
    changed = document(run("account", "secret", "rotate", "shop", "--json"))
    assert list(changed) == ["name", "signing_secret", "old_one_until"]
    with receiving(OK) as receiver:
        put_due(sender, receiver.url())
        services.deliverer.deliver_due()
    headers, body = parsed(receiver.requests[0])
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (sender.signing_secret, changed["signing_secret"]):
        assert Webhook(secret).verify(body.decode(), headers)["type"] == "link.clicked"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(body.decode(), headers)
    assert opens(sender.token) == "shop"


def put_due(sender: Sender, url: str) -> None:
    with db.write() as session:
        due_callbacks.add(session, sender.name, {url: 1}, since=db.now(session))


def test_a_disabled_account_is_closed_and_listed_as_such(run: Run, sender: Sender) -> None:
    assert document(run("account", "disable", "shop", "--json"))["disabled"] is True
    assert document(run("account", "list", "--json"))[0]["disabled"] is True
    with pytest.raises(CredentialsError):
        opens(sender.token)


def test_an_account_that_is_enabled_again_works_as_before(client: FlaskClient, run: Run, sender: Sender) -> None:
    done(run("account", "disable", "shop"))
    assert client.get("/v1/messages", headers=sender.bearer).status_code == 401
    assert document(run("account", "enable", "shop", "--json"))["disabled"] is False
    assert client.get("/v1/messages", headers=sender.bearer).status_code == 200


def test_to_disable_twice_does_no_harm(run: Run, sender: Sender) -> None:
    assert done(run("account", "disable", "shop")) == done(run("account", "disable", "shop"))


def test_every_default_can_be_changed_and_the_rest_stays(run: Run, sender: Sender) -> None:
    options = ["--no-track-link", "--detection", "smart", "--count-as-click", "any", "--recipient", "masked"]
    changed = document(run("account", "set", "shop", *options, "--json"))
    expected = {
        "name": "shop",
        "sid": sender.sid,
        "disabled": False,
        "track_link": False,
        "detection": "smart",
        "count_as_click": "any",
        "recipient": "masked",
    }
    assert expected.items() <= changed.items()
    assert document(run("account", "set", "shop", "--track-link", "--json")) == changed | {"track_link": True}
    assert opens(sender.token) == "shop"


def test_without_options_the_defaults_are_shown_and_stay(run: Run, sender: Sender) -> None:
    before = document(run("account", "list", "--json"))
    shown = dict(line.split() for line in done(run("account", "set", "shop")).splitlines())
    assert (shown["name"], shown["detection"]) == ("shop", "strict")
    assert document(run("account", "list", "--json")) == before


@pytest.mark.parametrize("command", NAMED)
def test_an_account_that_is_not_there_is_named(run: Run, command: str) -> None:
    assert refused(run("account", command, "nobody")) == "Error: There is no account named nobody.\n"


@pytest.mark.parametrize(
    "words", [["--detection", "clever"], ["--count-as-click", "bot"], ["--recipient", ""], ["--surprise"], ["again"]]
)
def test_a_wrong_command_line_changes_nothing(run: Run, sender: Sender, words: list[str]) -> None:
    before = document(run("account", "list", "--json"))
    result = run("account", "set", "shop", *words)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert document(run("account", "list", "--json")) == before


# db upgrade, first-start


def test_an_upgrade_reports_and_can_be_repeated(run: Run) -> None:
    assert done(run("db", "upgrade")) == "nothing to do\n"


@pytest.fixture
def bare(tmp_path: Path) -> Any:
    """Runs command lines of an application whose database has no tables yet."""
    app = create_app(Settings(data=tmp_path / "bare", secret_key=SECRET_KEY, bind=f"127.0.0.1:{free_port()}"))
    with app.app_context():
        yield lambda *words: app.test_cli_runner().invoke(args=words)
        db.db.session.remove()
        db.db.engine.dispose()


@pytest.mark.parametrize("words", [("account", "list"), ("account", "create", "shop"), ("account", "rotate", "shop")])
def test_missing_tables_name_the_upgrade_command(bare: Run, words: tuple[str, ...]) -> None:
    assert typed("db upgrade") in refused(bare(*words), DATABASE_FAILED)
    assert re.fullmatch(r"applied 0001\b.*\n", done(bare("db", "upgrade")))
    assert bare("account", "create", "shop").exit_code == 0


def test_a_refused_connection_says_nothing_of_tables(tmp_path: Path) -> None:
    app = create_app(
        Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing", data=tmp_path, secret_key="k" * 40)
    )
    said = refused(app.test_cli_runner().invoke(args=("account", "list")), DATABASE_FAILED)
    assert "refused" in said
    assert "db upgrade" not in said


def test_a_database_file_of_another_owner_is_named(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done(bare("db", "upgrade"))
    file = current_app.extensions["shortener"].settings.database_file
    db.db.engine.dispose()
    file.rename(file.with_suffix(".away"))
    file.mkdir()  # root may read any file, but no folder as a file
    monkeypatch.setattr(os, "access", lambda *_: False)
    said = refused(bare("account", "list"), DATABASE_FAILED)
    assert f"{file}: Permission denied; it belongs to " in said
    assert "db upgrade" not in said


def shown_to_nobody(bare: Run) -> str:
    """What a first start without a terminal writes to the named file."""
    output = done(bare("first-start"))
    assert "secret" not in output
    assert "token" not in output
    path = Path(output.split(" is in ")[1].split(";")[0])
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*path.parent.glob("first-start*")] == [path]
    return path.read_text()


def test_a_first_start_without_a_terminal_logs_no_secret(bare: Run) -> None:
    written = shown_to_nobody(bare)
    assert "signing_secret" in written
    assert "password" in written


def test_a_first_start_names_an_unusable_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    url = f"sqlite:///{tmp_path}/links.sqlite3"
    bind = f"127.0.0.1:{free_port()}"
    app = create_app(Settings(database_url=url, data=tmp_path / "file/data", secret_key=SECRET_KEY, bind=bind))
    with app.app_context():
        said = refused(app.test_cli_runner().invoke(args=["first-start"]), SETTINGS)
        db.db.session.remove()
        db.db.engine.dispose()
    assert f"SHORTENER_DATA: cannot make the folder {tmp_path}/file/data: Not a directory" in said


def test_a_busy_address_stops_the_first_start(bare: Run) -> None:
    host, port = current_app.extensions["shortener"].settings.bind.split(":")
    with socket.create_server((host, int(port))):
        said = refused(bare("first-start"), SETTINGS)
    assert f"SHORTENER_BIND: {host}:{port} is already in use" in said
    assert "dashboard" not in said
    assert not current_app.extensions["shortener"].settings.database_file.exists()


def test_the_first_start_makes_tables_and_an_account(bare: Run) -> None:
    output = shown_to_nobody(bare)
    shown = {key: output.split(f"\n{key} ")[1].split()[0] for key in ("name", "sid", "token", "signing_secret")}
    assert opens(shown["token"]) == shown["name"] == "demo"
    assert (
        f"curl -u {shown['sid']}:{shown['token']} \\\n  http://{current_app.extensions['shortener'].settings.bind}/v1/messages"
        in output
    )


def test_the_line_to_try_preprocesses_a_message(bare: Run) -> None:
    """Use the options of the printed curl line as curl would."""
    output = shown_to_nobody(bare)
    fields = dict(part.split("=", 1) for part in re.findall(r"--data-urlencode '([^'\n]+)'\n", output))
    sid, token = output.split("curl -u ")[1].split()[0].split(":")
    answer = current_app.test_client().post("/v1/messages", data=fields, auth=(sid, token))
    assert answer.status_code == 201
    assert answer.get_json()["links"][0]["link"] == "https://example.com/track?id=1"
    assert set(fields) == {"message"}


def test_a_later_start_makes_no_account(bare: Run) -> None:
    done(bare("first-start"))
    assert "account rotate" in done(bare("first-start"))
    with db.read() as session:
        assert session.scalars(select(Account.name)).all() == ["demo"]


def test_a_first_start_leaves_accounts_that_are_there_alone(bare: Run) -> None:
    done(bare("db", "upgrade"))
    done(bare("account", "create", "shop"))
    done(bare("first-start"))
    with db.read() as session:
        assert session.scalars(select(Account.name)).all() == ["shop"]


def test_a_database_of_a_later_version_is_left_alone(bare: Run) -> None:
    done(bare("db", "upgrade"))
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for words in (("db", "upgrade"), ("first-start",)):
        assert "A later version of the product has upgraded the database (to 9999)" in refused(bare(*words), SETTINGS)
    said = refused(bare("account", "list"), SETTINGS)
    assert "A later version of the product has upgraded the database (to 9999); run that version." in said


# help


def test_every_command_explains_itself_with_an_example(run: Run, app: Flask) -> None:
    ours = [words for words in commands(app.cli) if words[0] not in {"run", "shell", "routes"}]
    assert len(ours) >= 8
    for words in ours:
        output = done(run(*words, "--help"))
        assert f"shortener {' '.join(words)}" in output, words


def test_the_overview_shows_every_command_in_whole_sentences(run: Run) -> None:
    for words in (
        (),
        ("account",),
        ("account", "secret"),
        ("db",),
        ("message",),
        ("person",),
        ("receipt",),
        ("secret-key",),
    ):
        output = done(run(*words, "--help"))
        assert "..." not in output.partition("Commands:")[2]
        assert not words or f"Example: shortener {' '.join(words)}" in output


def test_every_command_about_accounts_can_answer_in_json() -> None:
    every = commands(cli.accounts.group)
    assert ("secret", "rotate") in every
    for words in every:
        command: click.Command = cli.accounts.group
        for word in words:
            assert isinstance(command, click.Group)
            command = command.commands[word]
        assert "--json" in [option for parameter in command.params for option in parameter.opts], words


# As an operator runs them: in a separate process.


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    return environ_of(database_url=database_url, data=tmp_path, secret_key=SECRET_KEY)


def flask(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_an_account_from_the_command_can_send(app: Flask, environ: dict[str, str]) -> None:
    result = flask(environ, "account", "create", "shop", "--json")
    assert result.returncode == 0
    assert re.fullmatch(r"Database: .*\n", result.stderr)
    token = json.loads(result.stdout)["token"]
    answer = app.test_client().get("/v1/messages", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_an_unreachable_database_is_reported_without_its_password(environ: dict[str, str]) -> None:
    nowhere = {"SHORTENER_DATABASE_URL": "postgresql://shop:hunter2@127.0.0.1:1/links"}
    result = flask(environ | nowhere, "account", "list")
    assert (result.returncode, result.stdout) == (3, "")
    assert re.match(
        r"Database: postgresql://shop:\*\*\*@127.0.0.1:1/links\nError: The database is unavailable: ", result.stderr
    )
    assert "db upgrade" not in result.stderr
    assert "hunter2" not in result.stderr


def test_unusable_settings_have_their_own_exit_code(environ: dict[str, str]) -> None:
    result = flask(environ | {"SHORTENER_LINK_DAYS": "many"}, "account", "list")
    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.startswith("Error: The settings cannot be used:\n  - SHORTENER_LINK_DAYS")


LONG = """
from shortener.cli.output import progress
with progress(3, "message", patience=0) as bar:
    for _ in range(3):
        bar.update(1)
print("done")
"""


def test_a_long_command_shows_progress_on_a_terminal() -> None:
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    command = [sys.executable, "-c", LONG]
    result = subprocess.run(command, cwd=ROOT, stderr=slave, stdout=subprocess.PIPE, timeout=60, check=True)
    os.close(slave)
    shown = ""
    with contextlib.suppress(OSError), os.fdopen(master, "rb", buffering=0) as terminal:  # Linux's end of a terminal
        while piece := terminal.read(4096):
            shown += piece.decode()
    assert result.stdout == b"done\n"
    assert re.search(r"3.00/3.00 \[[\d:]+<[\d:]+, .* message/s\]", shown)


def test_where_there_is_no_terminal_no_progress_is_shown() -> None:
    command = [sys.executable, "-c", LONG]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=True)
    assert (result.stdout, result.stderr) == (b"done\n", b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_cleanly_on_a_signal(environ: dict[str, str], number: int) -> None:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=-1, stderr=-1, text=True) as worker:
        try:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "delivering callbacks; stop with Ctrl-C\n"
            worker.send_signal(number)
            said, errors = worker.communicate(timeout=30)
            assert (said, re.sub(DATABASE, "", errors)) == ("", "")
            assert worker.returncode == 0
        finally:
            worker.kill()


# first-start


def test_a_first_start_checks_the_storage(run: Run, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"export_url": "s3://bucket", "export_options": "nonsense=1"}
    monkeypatch.setattr(services, "settings", Settings(**{**services.settings.model_dump(), **changes}))
    result = run("first-start")
    assert result.exit_code == SETTINGS
    assert "SHORTENER_EXPORT_OPTIONS: 'nonsense' is not an option of this storage" in result.stderr


# export


def test_an_accounts_messages_are_written_to_a_file(
    run: Run, sender: Sender, other_sender: Sender, tmp_path: Path
) -> None:
    made = [make_message(sender, recipient=f"+8180{n}").message.msgid for n in range(3)]
    make_message(other_sender)
    rows, lines = tmp_path / "out.csv", tmp_path / "out.jsonl"
    for out in (rows, lines):
        assert done(run("export", "--account", "shop", str(out))) == ""
    assert [json.loads(line)["msgid"] for line in lines.read_text().splitlines()] == made[::-1]
    header, *found = rows.read_text(encoding="utf-8-sig").splitlines()
    assert header.startswith("msgid,received_on,")
    assert [row.split(",")[0] for row in found] == made[::-1]
    assert "'+8180" in found[0]


def test_an_export_has_the_delimiter_that_is_asked_for(run: Run, sender: Sender, tmp_path: Path) -> None:
    make_message(sender, recipient="09012345678")
    out = tmp_path / "out.csv"
    done(run("export", "--account", "shop", "--delimiter", "semicolon", str(out)))
    header, row = out.read_text(encoding="utf-8-sig").splitlines()
    assert header.startswith("msgid;received_on;")
    assert ";'09012345678;" in row
    words = ("export", "--account", "shop", "--delimiter", "tab", "--format", "jsonl", "-")
    assert "only for CSV" in run(*words).stderr


def test_an_export_replaces_no_file_unasked(run: Run, sender: Sender, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("important")
    assert "replace it with --overwrite" in refused(run("export", "--account", "shop", str(out)))
    assert out.read_text() == "important"
    done(run("export", "--account", "shop", "--overwrite", str(out)))
    assert out.read_text().startswith("\ufeffmsgid,")


def test_the_filters_of_lists_hold_for_an_export(run: Run, sender: Sender) -> None:
    make_message(sender, now=NOW)
    wanted = make_message(sender, now=NOW + DAY, tags=["a"], client_tag="x-1").message.msgid
    words = ["--format", "jsonl", "--tag", "a", "--clicked", "false", "--client-tag", "x-1", "--text", "x"]
    period = ["--from", "2026-11-22T09:00:00.1Z", "--to", "2026-11-24T00:00:00Z"]
    assert document(run("export", "--account", "shop", *words, *period, "-"))["msgid"] == wanted
    assert done(run("export", "--account", "shop", *words, "--visitor", "bot", "-")) == ""


def test_an_export_knows_how_far_it_is(
    run: Run, sender: Sender, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Progress is counted in days of messages."""
    now = dt.datetime.now(dt.UTC)
    for days in range(4):
        make_message(sender, now=now - days * DAY)
    shown = io.StringIO()
    monkeypatch.setattr("shortener.reporting.message_exports.AT_ONCE", 1)
    monkeypatch.setattr(
        "shortener.cli.export.progress", lambda total, unit: tqdm(total=total, unit=unit, file=shown, mininterval=0)
    )
    done(run("export", "--account", "shop", str(tmp_path / "out.csv")))
    reached = [round(float(days)) for days in re.findall(r"([\d.]+)/3\.0", shown.getvalue())]
    assert reached == sorted(reached)
    assert set(reached) == {0, 1, 2, 3}


def test_a_failed_export_leaves_no_file(run: Run, sender: Sender, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert "no account named nobody" in refused(run("export", "--account", "nobody", str(out)))
    fault = refused(run("export", "--account", "shop", "--from", "today", str(out)))
    assert fault == "Error: from must be a time like 2026-11-22T09:00:00Z\n"
    assert not out.exists()
