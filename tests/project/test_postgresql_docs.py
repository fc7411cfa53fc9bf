"""docs/operate/postgresql.md: its sessions move an installation from SQLite to PostgreSQL."""

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, select

from shortener.config.settings import Settings
from shortener.rules import deed
from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db, sqlite
from shortener.storage.models import (
    Account,
    Alert,
    AlertAttempt,
    Attachment,
    Attempt,
    AuditEntry,
    Base,
    Callback,
    Campaign,
    CampaignBlock,
    ChangedHour,
    Export,
    ExportAttempt,
    FailingReceiver,
    GatewayRate,
    HourTotal,
    Incident,
    Origin,
    PasswordLink,
    Person,
    Receipt,
    Replay,
    Sending,
    SendingAttempt,
    SignedIn,
    SignInFailure,
    TagTotal,
    Usage,
)
from tests.conftest import SECRET_KEY, running
from tests.support import ROOT, databases
from tests.support.factories import BROWSER, TARGET, TEXT, Sender, make_account, make_message, slug_of

TEXT_OF_PAGE = (ROOT / "docs" / "operate" / "postgresql.md").read_text(encoding="utf-8")
[SETTINGS, MOVE, *_] = re.findall(r"```sh\n(.*?)```", TEXT_OF_PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the product's."""
    for name in ("wsgi.py", "shortener", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret_key").write_text(SECRET_KEY)
    return tmp_path


@pytest.fixture
def new_url(postgresql_url: str, worker_id: str) -> str:
    """A PostgreSQL database of this test's own."""
    return databases.create_postgresql(postgresql_url, f"moved_{worker_id}")


def settings(url: str, folder: Path) -> Settings:
    return Settings(
        database_url=url,
        data=folder / "data",
        secret_key=SECRET_KEY,
        public_url="https://s.example.com",
        callback_allow_nets=("127.0.0.0/8",),
        spool_bytes=65536,
    )


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }


def fill(url: str, folder: Path) -> tuple[Sender, str]:
    """Put rows into every table; return a sender and the slug of one of its links."""
    with running(settings(url, folder)) as app:
        sender = make_account("shop")
        slug = slug_of(make_message(sender, lt_callbackurl="http://127.0.0.1:9/", tags=["a"], metadata={"b": 1}).link)
        assert app.test_client().get(f"/{slug}", headers={"User-Agent": BROWSER}).status_code == 302
        with db.write() as session:
            now = db.now(session)
            account = session.scalars(select(Account)).one()
            callback = session.scalars(select(Callback)).one()
            person = Person(name="ann", password="none", account_id=account.id, role="owner", created_on=now)
            file = Campaign(
                **{"account_id": account.id, "public_id": "cmp_1", "name": "a.csv", "format": "csv", "size": 0},
                **{"created_on": now, "created_by": "ann", "state": JobState.HELD, "options": {}, "due_on": now},
            )
            kind = IncidentKind.CALLBACKS_EXHAUSTED
            incident = Incident(id=1, account_id=account.id, kind=kind, begun_on=now, seen_on=now)
            session.add_all([person, file, incident])
            session.flush()
            session.add_all(
                [
                    CampaignBlock(campaign_id=file.id, kind="file", number=0, content=b""),
                    Origin(address="https://old.example.com"),
                    SignedIn(
                        token_sha256=bytes(32),
                        person_id=person.id,
                        created_on=now,
                        expires_on=now + dt.timedelta(days=1),
                    ),
                    PasswordLink(
                        person_id=person.id,
                        token_sha256=bytes(32),
                        is_invitation=False,
                        created_on=now,
                        expires_on=now + dt.timedelta(days=1),
                    ),
                    SignInFailure(name_sha256=bytes(32), network="192.0.2.0/24", tried_on=now),
                    AuditEntry(
                        done_on=now, account_id=account.id, origin=deed.Origin.COMMAND, deed=deed.Deed.ACCOUNT_CREATED
                    ),
                    Replay(callback_id=callback.id, asked_on=now, asked_by="shop"),
                    Attempt(callback_id=callback.id, number=1, started_on=now),
                    *sent(callback.message_id, account.id, now),
                    *exported(account.id, now),
                    *told(account.id, now),
                ]
            )
    return sender, slug


def told(account_id: int, now: dt.datetime) -> list[object]:
    """The rows that follow from an incident."""
    job = {"incident_id": 1, "event_id": "evt_1", "body": b"{}", "destination": "0 smtp://relay:0"}
    return [
        Alert(id=1, account_id=account_id, created_on=now, due_on=now, **job),
        AlertAttempt(alert_id=1, number=1, started_on=now),
        FailingReceiver(destination="1 http://127.0.0.1:9", account_id=account_id, begun_on=now, failed_on=now),
    ]


def sent(message_id: int, account_id: int, now: dt.datetime) -> list[object]:
    """The rows that sending a message adds."""
    whose = {"message_id": message_id, "account_id": account_id, "gateway": "simulator"}
    times = {"created_on": now, "due_on": now, "expires_on": now + dt.timedelta(days=3)}
    file = Attachment(message_id=message_id, position=1, name="a", content_type="b", size=0, sha256=bytes(32))
    return [
        file,
        Sending(id=1, channel=Channel.SMS, destination="1 gateway://simulator:0", **whose, **times),
        SendingAttempt(sending_id=1, number=1, started_on=now),
        Receipt(state=MessageState.DELIVERED, happened_on=now, received_on=now, **whose),
        GatewayRate(gateway="simulator", next_on=now),
        Usage(account_id=account_id, month="2026-11", messages=1),
        HourTotal(account_id=account_id, hour=1, version=1, counts={}),
        TagTotal(
            account_id=account_id,
            tag="a",
            hour=1,
            messages=1,
            with_link=1,
            clicked=0,
            first_on=now,
            last_on=now,
            counted_on=now,
            left_out=0,
        ),
        ChangedHour(account_id=account_id, hour=1),
    ]


def exported(account_id: int, now: dt.datetime) -> list[object]:
    """The rows of an export and its attempt."""
    place = {"place": "s3://bucket/shop/a.csv", "bucket": "bucket", "name": "a.csv", "format": "csv", "wanted": {}}
    times = {"created_on": now, "due_on": now}
    export = Export(
        id=1, account_id=account_id, public_id="exp_1", destination=f"{account_id} export://storage:0", **place, **times
    )
    return [export, ExportAttempt(export_id=1, number=1, started_on=now)]


def run(folder: Path, new_url: str) -> subprocess.CompletedProcess[str]:
    """Run the page's two sessions; the address of the database is the test's."""
    there = re.sub(r"postgresql://\S+", lambda _: new_url, SETTINGS)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", there + MOVE],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_pages_script_moves_every_table(folder: Path, sqlite_template: Path, new_url: str) -> None:
    old_path = folder / "data" / "shortener.sqlite3"
    old_path.write_bytes(sqlite_template.read_bytes())
    sender, slug = fill(f"sqlite:///{old_path}", folder)
    old = create_engine(f"sqlite:///{old_path}")
    sqlite.prepare(old)
    before = counts(old)
    old.dispose()
    assert 0 not in before.values(), before
    result = run(folder, new_url)
    assert result.returncode == 0, result.stdout + result.stderr
    new = create_engine(new_url.replace("postgresql://", "postgresql+psycopg://"))
    assert counts(new) == before
    new.dispose()
    with running(settings(new_url, folder)) as app:
        client = app.test_client()
        assert client.get(f"/{slug}", headers={"User-Agent": BROWSER}).headers["Location"] == TARGET
        answer = client.post("/v1/messages", json={"message": TEXT}, headers=sender.bearer)
        assert answer.status_code == 201
        assert slug not in answer.json["message"]
    again = run(folder, new_url)
    assert again.returncode != 0
    assert "Traceback" in again.stderr
