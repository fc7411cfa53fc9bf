"""A real browser that can reach only this machine, with a fresh profile for each test, and the product for it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from sqlalchemy import select

from bench import demo_data
from bench.instance import Instance, running
from shortener import create_app
from shortener.accounts import logins, people
from shortener.config.settings import Settings
from shortener.rules.delivery.job_state import JobState
from shortener.storage import db
from shortener.storage.models import Account, Callback, Message, Sending
from tests.conftest import SECRET_KEY
from tests.support import databases, export_rows, programs
from tests.support.browsing import make_person
from tests.support.waiting import WITHIN

ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # a container's is small
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


MILLISECONDS = WITHIN * 1000
expect.set_options(timeout=MILLISECONDS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = programs.CHROMIUM.path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile, with English as its language."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(MILLISECONDS)
    yield context
    context.close()


@dataclass
class Seen:
    """What a page has requested, and what the browser refused it."""

    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def strangers(self, own: str) -> list[str]:
        """Requests that went elsewhere."""
        return [url for url in self.requests if not url.startswith((own, "data:", "blob:"))]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def page(context: BrowserContext, seen: Seen) -> Page:
    page = context.new_page()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: _note(message, seen))
    page.on("pageerror", lambda error: seen.refused.append(str(error)))
    return page


def _note(message: ConsoleMessage, seen: Seen) -> None:
    if "Content Security Policy" in message.text:
        seen.refused.append(message.text)


@dataclass(frozen=True)
class Office:
    """The running product with three accounts: `shop` for the tests, `parcels` with days of data, and `newcomer`."""

    instance: Instance
    app: Flask  # on the same database, to prepare and inspect it

    def url(self, path: str = "") -> str:
        """The URL of a path below /dashboard."""
        return f"{self.instance.url}/dashboard{path}"

    def msgid(self, state: str) -> str:
        """A message of `parcels` whose callback is in that state, or whose sending is held."""
        job = Sending if state == JobState.HELD else Callback
        query = select(Message.msgid).join(job, job.message_id == Message.id).limit(1)
        query = query.join(Account, Account.id == Message.account_id).where(Account.name == "parcels")
        with self.app.app_context(), db.read() as session:
            return session.scalars(query.where(job.state == state)).one()

    def sign_in(self, context: BrowserContext, name: str) -> None:
        """Sign a person in without typing anything."""
        with self.app.app_context(), db.write() as session:
            token = logins.start(session, people.named(session, name), now=db.now(session))
        context.add_cookies([{"name": "dashboard", "value": token, "url": self.url()}])


@pytest.fixture(scope="session")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    url = databases.copy_sqlite(sqlite_template, folder)
    app = create_app(Settings(database_url=url, data=folder, secret_key=SECRET_KEY, spool_bytes=65536))
    with running(
        "shop",
        database_url=url,
        secret_key=SECRET_KEY,
        processes="1",
        callback_allow_nets="127.0.0.0/8",
        callback_waits="0.1",
        export_url=f"file://{folder}/exports",
    ) as instance:
        with app.app_context():
            now = dt.datetime.now(dt.UTC)
            with db.write() as session:
                demo_data.opened(session, "parcels", now - 30 * demo_data.DAY).live(7, 20, now)
                demo_data.opened(session, "newcomer", now)
                parcels = session.scalars(select(Account.id).where(Account.name == "parcels")).one()
                for state in export_rows.STATES:
                    export_rows.put_export(session, parcels, state, now=now)
            make_person("ann")
            make_person("eve", "newcomer")
            make_person("bob", "parcels")
            make_person("root", None, None, operator=True)
        yield Office(instance, app)
        with app.app_context():
            db.db.engine.dispose()
