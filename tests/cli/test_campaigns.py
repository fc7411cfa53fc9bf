"""`preprocess`: files, standard input and output, exit codes, what an interrupted run leaves."""

import csv
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from bench.instance import environ_of
from shortener.config.settings import Settings
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Message
from tests.conftest import SECRET_KEY
from tests.conftest import running as using
from tests.support import ROOT
from tests.support.factories import TARGET, Sender, make_account
from tests.support.waiting import WITHIN, until

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `preprocess` in an empty folder, for the only account."""
    monkeypatch.chdir(tmp_path)
    return lambda *words, **given: app.test_cli_runner().invoke(args=["preprocess", *words], **given)


def campaign(rows: int = 2, faulty: int = 0) -> str:
    """A file in the current folder."""
    Path("in.csv").write_text("message\n" + f"{TARGET}\n" * rows + f"{'x' * 10_001}\n" * faulty)
    return "in.csv"


def written(path: str = "out.csv") -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


def lines(result: Result) -> str:
    """What a run printed after the line that names its database."""
    first, _, rest = result.stderr.partition("\n")
    assert first.startswith("Database: ")
    return rest


def test_a_file_becomes_a_file(run: Run) -> None:
    result = run(campaign(2), "out.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert lines(result) == "2 messages preprocessed, 0 rows with a problem\n"
    assert [len(row["msgid"]) for row in written()] == [32, 32]
    assert not Path("out.csv.part").exists()


def test_messages_without_a_shortlink_name_the_skipped_links(run: Run) -> None:
    Path("in.csv").write_text(f"message\n{TARGET}\nno link here\nsee day.so there\n")
    result = run("in.csv", "out.csv")
    assert lines(result) == "3 messages preprocessed (2 without a shortlink), 0 rows with a problem\n"
    assert [row["skipped"] for row in written()] == ["", "", "day.so (word)"]


def test_where_links_lead_is_not_guessed(run: Run, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server has a public URL, and the command was started without it: the links would lead nowhere."""
    services.prepare()
    monkeypatch.setattr(services, "settings", services.settings.model_copy(update={"public_url": None}))
    result = run(campaign(2), "out.csv")
    assert result.exit_code == 1
    assert "SHORTENER_PUBLIC_URL is not set here" in result.stderr
    assert "https://s.example.com" in result.stderr
    assert not Path("out.csv").exists()


def test_faulty_rows_change_the_exit_code(run: Run) -> None:
    result = run(campaign(2, faulty=1), "out.csv")
    assert (result.exit_code, lines(result)) == (5, "2 messages preprocessed, 1 row with a problem\n")
    assert [bool(row["problem"]) for row in written()] == [False, False, True]


def test_standard_input_becomes_standard_output(run: Run) -> None:
    lines = "".join(json.dumps({"text": f"届きました {TARGET}"}) + "\n" for _ in range(2))
    result = run("-", "-", "--format", "jsonl", "--column", "text", input=lines)
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [document["text"] for document in found] == [f"届きました {TARGET}"] * 2
    assert all(document["shortlink"] in document["rewritten_message"] for document in found)


def test_fields_can_be_mapped_and_set(run: Run) -> None:
    Path("in.csv").write_text(f"message,order\n{TARGET},o-1\n")
    options = ["--map", "client_tag=order", "--set", "tags=autumn,sms", "--set", "metadata={}"]
    assert run("in.csv", "out.csv", *options).exit_code == 0
    with db.read() as session:
        message = session.scalars(select(Message)).one()
    assert (message.client_tag, message.tags) == ("o-1", ["autumn", "sms"])


@pytest.mark.parametrize(
    ("options", "gateway"),
    [
        ([], None),
        (["--send"], "simulator"),
        (["--set", "gateway=simulator"], "simulator"),
        (["--map", "gateway=way"], "simulator"),
        (["--send", "--set", "gateway=none"], None),
    ],
)
def test_a_file_is_sent_only_on_request(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], gateway: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text(f"message,sender,recipient,way\n{TARGET},SHOP,+818012345678,simulator\n")
    with using(settings.model_copy(update={"gateway": "simulator"})) as app:
        make_account("shop")
        result = app.test_cli_runner().invoke(args=["preprocess", "in.csv", "out.csv", *options])
        with db.read() as session:
            [message] = session.scalars(select(Message))
    assert (result.exit_code, message.gateway) == (0, gateway)


def test_json_lines_may_lack_a_mapped_key(run: Run) -> None:
    documents = [{"message": TARGET, "order": "o-1"}, {"message": TARGET}]
    Path("in.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    assert run("in.jsonl", "out.jsonl", "--map", "client_tag=order").exit_code == 0
    with db.read() as session:
        assert session.scalars(select(Message.client_tag).order_by(Message.id)).all() == ["o-1", None]


def test_the_same_key_makes_it_safe_to_repeat(run: Run) -> None:
    assert run(campaign(), "out.csv", "--idempotency-key", "k").exit_code == 0
    assert run("in.csv", "again.csv", "--idempotency-key", "k").exit_code == 0
    assert written("again.csv") == written("out.csv")
    assert stored() == 2


@pytest.mark.parametrize("name", ["out.csv", "out.csv.part"])
def test_existing_files_are_replaced_only_on_request(run: Run, name: str) -> None:
    Path(name).write_text("dear")
    refused = run(campaign(), "out.csv")
    assert (refused.exit_code, stored(), Path(name).read_text()) == (1, 0, "dear")
    assert lines(refused).startswith(f"Error: {name} already exists")
    assert run("in.csv", "out.csv", "--overwrite").exit_code == 0
    assert len(written()) == 2


def test_a_file_can_be_its_own_output(run: Run) -> None:
    assert run(campaign(300), "in.csv", "--overwrite").exit_code == 0
    assert len(written("in.csv")) == 300


def test_an_interrupted_run_leaves_its_partial_output(run: Run) -> None:
    transactions = []

    def fail(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO message"):
            transactions.append(statement)
            if len(transactions) == 3:
                raise OperationalError(statement, {}, Exception("gone"))

    event.listen(db.db.engine, "before_cursor_execute", fail)
    result = run(campaign(1000), "out.csv", "--idempotency-key", "k")
    event.remove(db.db.engine, "before_cursor_execute", fail)
    assert result.exit_code == 3
    assert lines(result).startswith(
        "Interrupted; the finished part is in out.csv.part.\nError: The database is unavailable: gone"
    )
    assert not Path("out.csv").exists()
    done = written("out.csv.part")
    assert len(done) == stored() == 500
    assert run("in.csv", "out.csv", "--idempotency-key", "k", "--overwrite").exit_code == 0
    assert (written()[:500], len(written()), stored()) == (done, 1000, 1000)


# What is refused


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["in.csv", "out.jsonl"], "the same format"),
        (["-", "-"], "--format"),
        (["in.csv", "out.csv", "--map", "clienttag=x"], "must begin with one of"),
        (["in.csv", "out.csv", "--set", "sender"], "must begin with one of"),
        (["in.csv", "out.csv", "--set", "sender=a", "--set", "sender=b"], "give --set only once"),
        (["in.csv", "out.csv", "--idempotency-key", "schlüssel"], "printable ASCII"),
        (["in.csv", "out.csv", "--encoding", "klingon"], "Python has no encoding"),
        (["in.csv", "out.csv", "--delimiter", "::"], "one character"),
    ],
)
def test_a_wrong_command_line_stores_nothing(run: Run, words: list[str], says: str) -> None:
    campaign()
    result = run(*words)
    assert (result.exit_code, stored()) == (2, 0)
    assert says in result.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing.csv", "out.csv"], "Cannot read missing.csv: No such file or directory"),
        (["in.csv", "no/where.csv"], "Cannot write no/where.csv.part: No such file or directory"),
        (["in.csv", "out.csv", "--column", "text"], "no column named text. It has: message. Choose one with --column."),
        (["in.csv", "out.csv", "--map", "tags=a"], "no column named a. It has: message. Choose one with --map."),
        (["in.csv", "out.csv", "--account", "nobody"], "There is no account named nobody"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run: Run, words: list[str], says: str) -> None:
    campaign()
    result = run(*words)
    assert (result.exit_code, stored(), Path("out.csv").exists()) == (1, 0, False)
    assert says in result.stderr


def test_of_several_accounts_one_must_be_named(run: Run, app: Flask) -> None:
    make_account("other")
    result = run(campaign(), "out.csv")
    assert (result.exit_code, stored()) == (1, 0)
    assert "Give --account: other, shop" in result.stderr
    assert run("in.csv", "out.csv", "--account", "other").exit_code == 0


def test_a_disabled_account_sends_nothing(run: Run, app: Flask) -> None:
    app.test_cli_runner().invoke(args=["account", "disable", "shop"])
    result = run(campaign(), "out.csv")
    assert (result.exit_code, stored()) == (1, 0)
    assert "The account shop is disabled" in result.stderr


# As an operator runs it: in a separate process


@pytest.fixture
def environ(sender: Sender, database_url: str, tmp_path: Path) -> dict[str, str]:
    return environ_of(database_url=database_url, data=tmp_path, secret_key=SECRET_KEY)


COMMAND = [sys.executable, "-m", "flask", "--app", "wsgi", "preprocess", "-", "-", "--format", "csv"]


def feed(stream: IO[bytes], rows: int) -> None:
    with stream:
        stream.write(b"message\n")
        for number in range(rows):
            stream.write(f"{number} {TARGET} {'x' * 500}\n".encode())


def most_memory(environ: dict[str, str], rows: int) -> int:
    """The peak memory in MiB of a run over `rows` rows, as printed by the process at its end."""
    measure = (
        "import atexit, re, sys; from pathlib import Path; from flask.cli import main; "
        "atexit.register(lambda: print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1], "
        "file=sys.stderr)); sys.argv = ['flask', '--app', 'wsgi', 'preprocess', '-', '-', '--format', 'csv']; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", measure], cwd=ROOT, env=environ, stdin=-1, stdout=-1, stderr=-1
    ) as ran:
        assert ran.stdin and ran.stdout and ran.stderr
        threading.Thread(target=feed, args=(ran.stdin, rows)).start()
        assert sum(1 for _ in ran.stdout) == rows + 1
        said = ran.stderr.read().decode()
    assert f"{rows} messages preprocessed" in said
    return int(said.split()[-1]) // 1024


@pytest.mark.timeout(300)
def test_fifty_thousand_rows_pass_through_flat_memory(environ: dict[str, str]) -> None:
    assert most_memory(environ, 50_000) - most_memory(environ, 2_000) < 15


@pytest.fixture
def running(environ: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(COMMAND, cwd=ROOT, env=environ, stdin=-1, stdout=-1, stderr=-1) as process:
        yield process
        process.kill()


def test_stored_rows_are_written_before_further_reads(app: Flask, running: "subprocess.Popen[bytes]") -> None:
    """A run that is killed at any moment has therefore written all but its last transaction."""
    assert running.stdin and running.stdout
    running.stdin.write(b"message\n" + f"{TARGET}\n".encode() * 600)
    running.stdin.flush()
    until(lambda: stored() == 500)
    lines = [running.stdout.readline() for _ in range(501)]
    running.send_signal(signal.SIGKILL)
    assert running.wait(WITHIN) == -signal.SIGKILL
    assert (len(lines), running.stdout.read()) == (501, b"")
    assert re.fullmatch(rb"[^,]+,[A-Za-z0-9]{32},http[^,]+,http[^,]+,,\r?\n", lines[-1])
