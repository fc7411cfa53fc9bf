"""The operator's page: numbers of every account, no messages, no secrets."""

import datetime as dt
import re

import pytest
from flask import Flask

from shortener.config.settings import Settings
from shortener.reporting.installation_numbers import KINDS, DueJobs, InstallationNumbers
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.storage import db
from shortener.typed_command import typed
from shortener.web.dashboard import operator_facts
from tests.conftest import SECRET_KEY
from tests.support import due_callbacks
from tests.support.browsing import Browser, make_person, seated
from tests.support.factories import Sender, make_message
from tests.support.sending_rows import put_sending

PAGE = "/dashboard/operator"


def test_it_shows_numbers_but_no_messages(operator: Browser, sender: Sender, other_sender: Sender) -> None:
    make_message(sender, client_tag="order-1", recipient="+81 90 1234 5678")
    page = operator.open(PAGE)
    assert page.status == 200
    rows = page.html.split('id="accounts"')[1].split("<tbody>")[1].split("<tr>")[1:3]
    assert [row.split('class="num"')[1].split(">")[1].split("<")[0] for row in rows] == ["1", "0"]
    for secret in ("order-1", "+81", "shop.example.com/track", sender.token, sender.signing_secret):
        assert secret not in page.html


def test_held_messages_are_counted_by_account(operator: Browser, sender: Sender, other_sender: Sender) -> None:
    put_sending(make_message(sender).message, JobState.HELD, (AttemptOutcome.UNSURE,))
    put_sending(make_message(other_sender).message)
    rows = operator.open(PAGE).html.split('id="accounts"')[1].split("<tbody>")[1].split("<tr>")[1:3]
    cells = [re.sub("<[^>]*>", "", row.split('data-label="Held messages">')[1].split("</td>")[0]) for row in rows]
    assert sorted(cells) == ["0", "1"]


def test_the_settings_in_force_are_shown_without_secrets(operator: Browser) -> None:
    page = operator.open(PAGE)
    for name in Settings.model_fields:
        assert f"SHORTENER_{name.upper()}" in page.html
    assert "127.0.0.0/8" in page.html
    assert SECRET_KEY not in page.html


def test_only_secrets_that_are_set_are_hidden() -> None:
    url = "vonage=https://key:hunter2@rest.example.com"
    for given, expected in (({}, ""), ({"SHORTENER_GATEWAY_URLS": url}, "••••••••")):
        values = {shown.name: shown.value for shown in operator_facts.settings(Settings.from_env(given))}
        assert values["SHORTENER_GATEWAY_URLS"] == expected


def test_the_databases_password_is_not_shown(operator: Browser, app: Flask) -> None:
    services = app.extensions["shortener"]
    url = "postgresql://shop:hunter2@db.example.com:5433/links?password=hunter3&sslmode=require"
    services.settings = services.settings.model_copy(update={"database_url": url})
    page = operator.open(PAGE)
    assert "postgresql://db.example.com:5433/links" in page.html
    assert "hunter" not in page.html and "shop:" not in page.html


def test_a_setting_is_marked_as_set_or_as_default() -> None:
    given = Settings.from_env({"SHORTENER_LINK_DAYS": "90"})
    marks = {shown.name: shown.is_default for shown in operator_facts.settings(given)}
    assert (marks["SHORTENER_LINK_DAYS"], marks["SHORTENER_DATA"]) == (False, True)


def test_an_operator_of_no_account_comes_here_first(operator: Browser) -> None:
    assert operator.open("/dashboard").title == "Operator"


def test_only_operators_see_the_page(owner: Browser) -> None:
    page = owner.open(PAGE)
    assert (page.status, page.title) == (403, "No permission")
    assert "Operator" not in page.links


def test_an_owner_may_be_the_operator_too(app: Flask, sender: Sender) -> None:
    make_person("olga", operator=True)
    page = seated(app, "olga").open(PAGE)
    assert {"Account", "Operator"} <= set(page.links)


def test_the_commands_that_are_named_can_be_typed(operator: Browser) -> None:
    assert f"<code>{typed('person --help')}</code>" in operator.open(PAGE).html


def test_due_jobs_spool_and_rows_are_shown(operator: Browser, app: Flask, sender: Sender) -> None:
    with db.write() as session:
        due_callbacks.add(session, "shop", {"https://r.example.com/": 3}, since=db.now(session) - dt.timedelta(hours=1))
    now = operator.open(PAGE).html.split('id="now"')[1].split('id="accounts"')[0]
    text = " ".join(re.sub("<[^>]*>", " ", now).split())
    assert re.search("Callbacks 3 1 h [0-9]+ min Sendings 0 – Exports 0 –", text)
    assert "Clicks waiting in the spool 0 Lost clicks 0" in text
    assert "Rows of the largest tables" in text


def test_each_setting_says_what_it_means(operator: Browser) -> None:
    html = operator.open(PAGE).html.split('id="settings"')[1]
    text = " ".join(re.sub("<[^>]*>", "", html).split())
    assert "SHORTENER_LINK_DAYS Days until a new link expires." in text
    assert "see docs/integrate/visitors.md." in text and "](" not in text


def test_the_page_needs_no_spool(operator: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(app.extensions["shortener"]), "spool_counts", lambda _: None)
    assert "unknown" in operator.open(PAGE).html.split('id="now"')[1]
    assert "The spool of clicks cannot be read." in operator.open(PAGE).text


def test_the_page_begins_with_what_is_wrong(operator: Browser, sender: Sender) -> None:
    assert "Everything is in order" in operator.open(PAGE).text
    put_sending(make_message(sender).message, JobState.HELD, (AttemptOutcome.UNSURE,))
    with db.write() as session:
        due_callbacks.add(session, "shop", {"https://r.example.com/": 1}, since=db.now(session) - dt.timedelta(hours=1))
    page = operator.open(PAGE)
    assert "Jobs are overdue." in page.text and "1 message needs a decision." in page.text
    assert "Everything is in order" not in page.text


def test_lost_clicks_are_named_first() -> None:
    with_faults = operator_facts.Process(1, (0, 1), (0, 1), waiting=2, lost=1)
    numbers = InstallationNumbers({kind: DueJobs(0, dt.timedelta()) for kind in KINDS}, 0, None, {})
    told = list(operator_facts.worries(with_faults, numbers, held=0))
    assert told == ["1 click was lost.", "2 clicks wait to be stored."]
