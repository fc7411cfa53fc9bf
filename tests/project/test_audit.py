"""The audit log: every command and every route that changes something writes an entry, or is listed with a reason."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from shortener.accounts import credentials, password_links, people, senders
from shortener.config.settings import Settings
from shortener.rules.deed import Deed, Origin
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import AuditEntry, Callback, Message
from shortener.web.access import SCOPE, Scope
from tests.support.browsing import PASSWORD, Browser, make_person, seated, uploaded
from tests.support.factories import NOW, Sender, make_message
from tests.support.sending_rows import put_sending, put_state, put_state_callback

# Commands in an order in which they can run, each with what it records.
COMMANDS: dict[str, tuple[Deed, ...]] = {
    "account create new": (Deed.ACCOUNT_CREATED,),
    "account set shop --no-track-link": (Deed.ACCOUNT_CHANGED,),
    "account rotate shop": (Deed.TOKEN_ROTATED,),
    "account disable new": (Deed.ACCOUNT_DISABLED,),
    "account enable new": (Deed.ACCOUNT_ENABLED,),
    "account secret rotate shop": (Deed.SECRET_ROTATED,),
    "account receipts-url shop vonage": (Deed.RECEIPTS_KEY_SHOWN,),
    "token create shop --name CI": (Deed.TOKEN_CREATED,),
    "token revoke shop CI": (Deed.TOKEN_REVOKED,),
    "person create ann --operator --generate": (Deed.PERSON_CREATED,),
    "person set ann --time-zone UTC": (Deed.PERSON_CHANGED,),
    "person password ann --generate": (Deed.PASSWORD_CHANGED,),
    "person invite ben --account shop": (Deed.PERSON_INVITED,),
    "person password ann --link": (Deed.RESET_LINK_CREATED,),
    "person disable ann": (Deed.PERSON_DISABLED,),
    "person enable ann": (Deed.PERSON_ENABLED,),
    "message cancel {waiting}": (Deed.CANCELED,),
    "export --account shop -": (Deed.MESSAGES_EXPORTED,),
    "audit export -": (Deed.AUDIT_EXPORTED,),
    "prune --trust-clock": (Deed.CLOCK_TRUSTED, Deed.MESSAGES_PRUNED),
    "secret-key reseal": (Deed.SECRETS_RESEALED,),
}
SILENT_COMMANDS = {
    **dict.fromkeys(("account list", "account show", "token list", "person list", "receipt list"), "reads only"),
    **dict.fromkeys(("message show", "audit list", "doctor", "db backup"), "reads only"),
    "db upgrade": "may have no table for it yet",
    "db restore": "recorded in the restored database; tests/cli/test_database.py",
    "first-start": "runs `account create` and `person create`; tests/cli/test_audit.py",
    "preprocess": "stores messages, which are their own record",
    "worker": "does nothing for anybody",
}
# Routes by method and rule, each with what it records; `{...}` stands for a prepared message.
ROUTES: dict[str, Deed] = {
    "POST /v1/messages/<msgid>/off": Deed.SWITCHED_OFF,
    "POST /v1/messages/<msgid>/on": Deed.SWITCHED_ON,
    "POST /v1/messages/<msgid>/cancel": Deed.CANCELED,
    "POST /v1/messages/<msgid>/repeat": Deed.REPEATED,
    "POST /v1/messages/<msgid>/give-up": Deed.GIVEN_UP,
    "POST /v1/callbacks/<name('replay', 'test'):event_id>/replay": Deed.REPLAYED,
    "POST /v1/callbacks/replay": Deed.REPLAYED,
    "POST /v1/exports": Deed.EXPORT_STARTED,
    "POST /v1/exports/<export_id>/cancel": Deed.EXPORT_CANCELED,
    "GET /v1/messages/export": Deed.MESSAGES_EXPORTED,
    "POST /api/<sid>/messages/<name(bulks):msgid>/cancel": Deed.CANCELED,
    "GET /p5/api/cancelreservation.json": Deed.CANCELED,
    "GET /p5/api/cancelreservationall.json": Deed.CANCELED,
    "POST /2010-04-01/Accounts/<account_sid>/Messages/<message_sid>.json": Deed.ERASED,
    "DELETE /2010-04-01/Accounts/<account_sid>/Messages/<message_sid>.json": Deed.ERASED,
    "POST /v1/LinkShortening/Domains/<domain_sid>/Config": Deed.ACCOUNT_CHANGED,
    "POST /dashboard/sign-in": Deed.SIGNED_IN,
    "POST /dashboard/account/credentials": Deed.TOKEN_CREATED,
    "POST /dashboard/account/credentials/rotate": Deed.TOKEN_ROTATED,
    "POST /dashboard/account/credentials/revoke": Deed.TOKEN_REVOKED,
    "GET /dashboard/account/audit/export": Deed.AUDIT_EXPORTED,
    "GET /dashboard/operator/audit/export": Deed.AUDIT_EXPORTED,
    "POST /dashboard/account/people/invite": Deed.PERSON_INVITED,
    "POST /dashboard/account/people/renew": Deed.PERSON_INVITED,
    "POST /dashboard/account/people/change-role": Deed.PERSON_CHANGED,
    "POST /dashboard/account/people/disable": Deed.PERSON_DISABLED,
    "POST /dashboard/account/people/enable": Deed.PERSON_ENABLED,
    "POST /dashboard/choose-password/<key>": Deed.PASSWORD_CHANGED,
    "POST /dashboard/account/secret": Deed.SECRET_ROTATED,
    "POST /dashboard/account/defaults": Deed.ACCOUNT_CHANGED,
    "POST /dashboard/account/sending": Deed.ACCOUNT_CHANGED,
    "POST /dashboard/account/pages": Deed.ACCOUNT_CHANGED,
    "POST /dashboard/callbacks/<event_id>/replay": Deed.REPLAYED,
    "POST /dashboard/callbacks/replay": Deed.REPLAYED,
    "POST /dashboard/campaigns/<campaign_id>/start": Deed.CAMPAIGN_STARTED,
    "GET /dashboard/campaigns/<campaign_id>/export": Deed.MESSAGES_EXPORTED,
    "POST /dashboard/campaigns/<campaign_id>/cancel": Deed.CAMPAIGN_CANCELED,
    "POST /dashboard/campaigns/<campaign_id>/delete": Deed.CAMPAIGN_DELETED,
    "POST /dashboard/exports/start": Deed.EXPORT_STARTED,
    "POST /dashboard/exports/<export_id>/cancel": Deed.EXPORT_CANCELED,
    "GET /dashboard/messages/export": Deed.MESSAGES_EXPORTED,
    "POST /dashboard/messages/<msgid>/off": Deed.SWITCHED_OFF,
    "POST /dashboard/messages/<msgid>/on": Deed.SWITCHED_ON,
    "POST /dashboard/messages/<msgid>/cancel": Deed.CANCELED,
    "POST /dashboard/messages/<msgid>/repeat": Deed.REPEATED,
    "POST /dashboard/messages/<msgid>/give-up": Deed.GIVEN_UP,
    "POST /dashboard/password": Deed.PASSWORD_CHANGED,
    "POST /dashboard/sign-out": Deed.SIGNED_OUT,
}
SILENT_ROUTES = {
    "POST /v1/callbacks/test": "stores nothing",
    "POST /dashboard/callbacks/test": "stores nothing",
    "POST /dashboard/try": "stores nothing",
    "POST /dashboard/campaigns/upload": "stores a file from which nothing is made until it is started",
    "POST /dashboard/messages/new": "stores a message, which is its own record",
    "POST /dashboard/time-zone": "changes how the person sees times, nothing else",
}
SELF_RECORDED = {Scope.SEND, Scope.RECEIPTS}  # messages and receipts are their own record


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return Settings(**{**settings.model_dump(), "export_url": f"file://{tmp_path}/out"})


def commands(group: click.Group, *words: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *words, name)
        else:
            yield " ".join((*words, name))


def changing_routes(app: Flask) -> Iterator[str]:
    """Yield the routes that may change something, except those that store messages or receipts."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        needed = getattr(view, SCOPE, None)
        if needed in SELF_RECORDED:
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if method != "GET" or needed is Scope.MANAGE:
                yield f"{method} {rule.rule}"


def test_every_command_is_recorded_or_has_a_reason(app: Flask) -> None:
    known = {command for command in commands(app.cli) if command not in {"run", "shell", "routes"}}
    recorded = {command for command in known if any(f"{line} ".startswith(f"{command} ") for line in COMMANDS)}
    assert recorded | set(SILENT_COMMANDS) == known
    assert recorded & set(SILENT_COMMANDS) == set()


def test_every_changing_route_is_recorded_or_has_a_reason(app: Flask) -> None:
    files = {route for route in ROUTES if route.startswith("GET ") and route.endswith("/export")}  # data leaves
    assert set(changing_routes(app)) | files == set(ROUTES) | set(SILENT_ROUTES)
    assert set(ROUTES) & set(SILENT_ROUTES) == set()


def newest(after: int) -> list[AuditEntry]:
    with db.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.id > after).order_by(AuditEntry.id)))


class Things:
    """Prepares what a call is done to."""

    def __init__(self, sender: Sender) -> None:
        self._sender, self._numbers = sender, count(1)

    def message(self) -> Message:
        return make_message(self._sender, client_tag=f"tag-{next(self._numbers)}", now=NOW).message

    def waiting(self, face: str | None = None) -> Message:
        message = self.message()
        with db.write() as session:
            session.execute(update(Message).where(Message.id == message.id).values(face=face))
        put_sending(message, JobState.PENDING, ())
        put_state(message, MessageState.SCHEDULED)
        return message

    def held(self) -> Message:
        message = self.message()
        put_sending(message, JobState.HELD, (AttemptOutcome.UNSURE,))
        put_state(message, MessageState.UNKNOWN)
        return message

    def exhausted(self) -> str:
        """Return the id of a callback that can be replayed."""
        event_id = put_state_callback(self.message(), MessageState.FAILED)
        with db.write() as session:
            settled = {"state": JobState.EXHAUSTED, "settled_on": NOW}
            session.execute(update(Callback).where(Callback.event_id == event_id).values(settled))
        return event_id


def test_every_command_writes_its_entry(app: Flask, sender: Sender) -> None:
    waiting, last = Things(sender).waiting().msgid, 0
    for line, deeds in COMMANDS.items():
        result = app.test_cli_runner().invoke(args=line.format(waiting=waiting).split())
        assert result.exit_code == 0, (line, result.output)
        entries = newest(last)
        assert tuple(entry.deed for entry in entries) == deeds, line
        assert {entry.origin for entry in entries} == {Origin.COMMAND}
        assert all(entry.actor for entry in entries)
        last = entries[-1].id
    assert_no_secrets(sender)


def assert_no_secrets(sender: Sender) -> None:
    with db.read() as session:
        told = str([(one.about, one.details) for one in session.scalars(select(AuditEntry))])
    for secret in (sender.token, sender.signing_secret, PASSWORD, "hunter2"):
        assert secret not in told


def api_calls(client: FlaskClient, sender: Sender, things: Things) -> dict[str, Callable[[], Any]]:
    headers = sender.basic
    post = lambda path, **more: client.post(path, headers=headers, **more)  # noqa: E731
    twilio = f"/2010-04-01/Accounts/AC{sender.sid}/Messages/SM"
    karaden = {**sender.bearer, "Karaden-Version": "2024-03-01"}
    period = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z", "state": "exhausted"}
    export = lambda: post("/v1/exports", json={"format": "csv"})  # noqa: E731
    return {
        "POST /v1/messages/<msgid>/off": lambda: post(f"/v1/messages/{things.message().msgid}/off"),
        "POST /v1/messages/<msgid>/on": lambda: post(f"/v1/messages/{things.message().msgid}/on"),
        "POST /v1/messages/<msgid>/cancel": lambda: post(f"/v1/messages/{things.waiting().msgid}/cancel"),
        "POST /v1/messages/<msgid>/repeat": lambda: post(f"/v1/messages/{things.held().msgid}/repeat"),
        "POST /v1/messages/<msgid>/give-up": lambda: post(f"/v1/messages/{things.held().msgid}/give-up"),
        "POST /v1/callbacks/<name('replay', 'test'):event_id>/replay": lambda: post(
            f"/v1/callbacks/{things.exhausted()}/replay"
        ),
        "POST /v1/callbacks/replay": lambda: post("/v1/callbacks/replay", json=period),
        "POST /v1/exports": export,
        "POST /v1/exports/<export_id>/cancel": lambda: post(f"/v1/exports/{export().get_json()['id']}/cancel"),
        "GET /v1/messages/export": lambda: client.get("/v1/messages/export?format=csv", headers=headers),
        "POST /api/<sid>/messages/<name(bulks):msgid>/cancel": lambda: client.post(
            f"/api/{sender.sid}/messages/{things.waiting('karaden').msgid}/cancel", headers=karaden
        ),
        "POST /2010-04-01/Accounts/<account_sid>/Messages/<message_sid>.json": lambda: post(
            f"{twilio}{things.message().msgid}.json", data={"Body": ""}
        ),
        "DELETE /2010-04-01/Accounts/<account_sid>/Messages/<message_sid>.json": lambda: client.delete(
            f"{twilio}{things.message().msgid}.json", headers=headers
        ),
        "POST /v1/LinkShortening/Domains/<domain_sid>/Config": lambda: post(
            "/v1/LinkShortening/Domains/DN1/Config", data={"CallbackUrl": "https://example.com/a"}
        ),
    }


def test_every_call_of_the_api_writes_its_entry(app: Flask, client: FlaskClient, sender: Sender) -> None:
    with db.write() as session:
        account = senders.named(session, sender.name)
        token = credentials.add(session, account.id, name="CI", now=NOW)
    calls = api_calls(client, Sender(sender.name, sender.sid, token, sender.signing_secret), Things(sender))
    # In tests/vendors/aicross/test_reservations.py:
    elsewhere = {"GET /p5/api/cancelreservation.json", "GET /p5/api/cancelreservationall.json"}
    assert set(calls) | elsewhere == {route for route in ROUTES if "/dashboard/" not in route}
    last = 0
    for route, call in calls.items():
        answer = call()
        entries = newest(last)
        assert entries, (route, answer.status_code, answer.text)
        assert (entries[-1].deed, entries[-1].origin, entries[-1].actor) == (ROUTES[route], Origin.API, "CI"), route
        last = entries[-1].id
    assert_no_secrets(sender)


def link_of(name: str) -> str:
    with db.write() as session:
        return password_links.create(session, people.named(session, name), now=db.now(session))


def page_calls(browser: Browser, things: Things) -> dict[str, Callable[[], Any]]:
    token = browser.open("/dashboard/account").form("/sign-out").fields["form_token"]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    post = lambda path, **fields: browser.client.post(  # noqa: E731
        f"/dashboard{path}", data={"form_token": token, **fields}, headers=headers
    )
    period = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z", "state": "exhausted"}
    defaults = {"track_link": "on", "detection": "smart", "bare_domains": "off"}
    defaults |= {"count_as_click": "any", "recipient_storage": "full"}
    sending = {"on_unsure": "hold", "time_zone": "UTC", "quiet_mode": "refuse"}
    passwords = {"old": PASSWORD, "new": "seven quiet otters", "again": "seven quiet otters"}
    return {
        "POST /dashboard/account/credentials": lambda: post("/account/credentials", name="CI", send="on"),
        "POST /dashboard/account/credentials/rotate": lambda: post("/account/credentials/rotate", name="CI"),
        "POST /dashboard/account/credentials/revoke": lambda: post("/account/credentials/revoke", name="CI"),
        "GET /dashboard/account/audit/export": lambda: browser.client.get("/dashboard/account/audit/export?format=csv"),
        "GET /dashboard/operator/audit/export": lambda: browser.client.get(
            "/dashboard/operator/audit/export?format=csv"
        ),
        "POST /dashboard/account/people/invite": lambda: post("/account/people/invite", person="ben", role="viewer"),
        "POST /dashboard/account/people/renew": lambda: post("/account/people/renew", person="ben"),
        "POST /dashboard/account/people/change-role": lambda: post(
            "/account/people/change-role", person="ben", role="owner"
        ),
        "POST /dashboard/account/people/disable": lambda: post("/account/people/disable", person="ben"),
        "POST /dashboard/account/people/enable": lambda: post("/account/people/enable", person="ben"),
        "POST /dashboard/account/secret": lambda: post("/account/secret"),
        "POST /dashboard/account/defaults": lambda: post("/account/defaults", **defaults),
        "POST /dashboard/account/sending": lambda: post("/account/sending", **sending),
        "POST /dashboard/account/pages": lambda: post("/account/pages", sender_name="Example Shop"),
        "POST /dashboard/callbacks/<event_id>/replay": lambda: post(f"/callbacks/{things.exhausted()}/replay"),
        "POST /dashboard/callbacks/replay": lambda: post("/callbacks/replay", **period),
        "POST /dashboard/campaigns/<campaign_id>/start": lambda: post(
            f"/campaigns/{uploaded(browser)}/start", encoding="utf-8", column_message="text"
        ),
        "GET /dashboard/campaigns/<campaign_id>/export": lambda: browser.client.get(
            f"/dashboard/campaigns/{newest(0)[-1].about}/export"
        ),
        "POST /dashboard/campaigns/<campaign_id>/cancel": lambda: post(f"/campaigns/{newest(0)[-1].about}/cancel"),
        "POST /dashboard/campaigns/<campaign_id>/delete": lambda: post(f"/campaigns/{newest(0)[-1].about}/delete"),
        "POST /dashboard/exports/start": lambda: post("/exports/start", format="csv", name="a.csv"),
        "POST /dashboard/exports/<export_id>/cancel": lambda: post(f"/exports/{newest(0)[-1].about}/cancel"),
        "GET /dashboard/messages/export": lambda: browser.client.get("/dashboard/messages/export?format=csv"),
        "POST /dashboard/messages/<msgid>/off": lambda: post(f"/messages/{things.message().msgid}/off"),
        "POST /dashboard/messages/<msgid>/on": lambda: post(f"/messages/{things.message().msgid}/on"),
        "POST /dashboard/messages/<msgid>/cancel": lambda: post(f"/messages/{things.waiting().msgid}/cancel"),
        "POST /dashboard/messages/<msgid>/repeat": lambda: post(f"/messages/{things.held().msgid}/repeat"),
        "POST /dashboard/messages/<msgid>/give-up": lambda: post(f"/messages/{things.held().msgid}/give-up"),
        "POST /dashboard/password": lambda: post("/password", **passwords),
        "POST /dashboard/sign-out": lambda: post("/sign-out"),
        "POST /dashboard/choose-password/<key>": lambda: browser.client.post(link_of("olive"), data=passwords),
        "POST /dashboard/sign-in": lambda: browser.sign_in("olive", passwords["new"]),
    }


def test_every_form_of_the_dashboard_writes_its_entry(app: Flask, sender: Sender) -> None:
    make_person("olive", operator=True)
    calls = page_calls(seated(app, "olive"), Things(sender))
    assert set(calls) == {route for route in ROUTES if "/dashboard/" in route}
    last = 0
    for route, call in calls.items():
        answer = call()
        entries = newest(last)
        assert entries, (route, answer.status_code)
        assert len(entries) == 1 or route.endswith("cancel"), route
        found = entries[-1]
        assert (found.deed, found.origin, found.actor) == (ROUTES[route], Origin.DASHBOARD, "olive"), route
        last = found.id
    assert_no_secrets(sender)


def test_a_failed_sign_in_is_recorded_without_what_was_typed(app: Flask, sender: Sender) -> None:
    make_person("olive")
    for name in ("olive", "hunter2"):
        Browser(app).sign_in(name, "hunter2 hunter2")
    known, unknown = newest(0)
    assert (known.deed, known.actor, known.about) == (Deed.SIGN_IN_FAILED, None, "olive")
    assert (unknown.deed, unknown.actor, unknown.about) == (Deed.SIGN_IN_FAILED, None, None)
    assert known.account_id is not None


def test_what_is_refused_leaves_no_entry(app: Flask, client: FlaskClient, sender: Sender) -> None:
    message = Things(sender).message()
    assert client.post(f"/v1/messages/{message.msgid}/repeat", headers=sender.basic).status_code == 409
    assert app.test_cli_runner().invoke(args=["account", "create", sender.name]).exit_code == 1
    assert newest(0) == []
