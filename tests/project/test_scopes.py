"""Scopes: each route of senders says which one it needs, and refuses a token that has all others."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from shortener.accounts import credentials, senders
from shortener.rules import scope
from shortener.rules.scope import Scope
from shortener.storage import db
from shortener.web.access import ACCESS, SCOPE
from tests.support.factories import Sender

# What a token may be used for. Think about who has a token with that scope before you add a route.
NEEDED = {
    Scope.SEND: {
        *("POST /v1/messages", "POST /v1/messages/batch", "POST /v1/links/check"),
        *("POST /sms/messages/", "POST /sms/json", "GET /sms/json", "POST /conversions/sms"),
        *("POST /p5/api/mt.json", "POST /p1/api/shortenurl.json"),
        *("GET /sms/1/text/query", "POST /sms/2/text/advanced", "POST /sms/3/messages"),
        *("POST /email/3/send", "POST /email/4/messages"),
        *("POST /sms/v2/services/<service>/messages", "POST /friendtalk/v2/services/<service>/messages"),
        *("POST /2010-04-01/Accounts/<account_sid>/Messages.json", "POST /api/<sid>/messages"),
    },
    Scope.MANAGE: {
        *("POST /v1/messages/<msgid>/off", "POST /v1/messages/<msgid>/on", "POST /v1/messages/<msgid>/cancel"),
        *("POST /v1/messages/<msgid>/repeat", "POST /v1/messages/<msgid>/give-up"),
        *(
            "POST /v1/callbacks/<name('replay', 'test'):event_id>/replay",
            "POST /v1/callbacks/replay",
            "POST /v1/callbacks/test",
        ),
        "POST /api/<sid>/messages/<name(bulks):msgid>/cancel",
        *("GET /p5/api/cancelreservation.json", "GET /p5/api/cancelreservationall.json"),
        "POST /2010-04-01/Accounts/<account_sid>/Messages/<message_sid>.json",
        "DELETE /2010-04-01/Accounts/<account_sid>/Messages/<message_sid>.json",
        "POST /v1/LinkShortening/Domains/<domain_sid>/Config",
    },
    Scope.RECEIPTS: {
        *("POST /v1/receipts/<gateway>", "GET /v1/receipts/<gateway>"),
        *("POST /receipts/<gateway>/<key>", "GET /receipts/<gateway>/<key>"),
        *("POST /receipts/<gateway>/<msgid>/<mac>", "GET /receipts/<gateway>/<msgid>/<mac>"),
    },
}
SIGNED = ("/sms/v2/", "/friendtalk/")  # by the signing secret, which allows everything
KEYED = "/receipts/"  # a key in the path, which allows receipts
# Formats whose refusals have status 200, with what only this one has.
REFUSED_WITH_200 = {"/sms/json": '"11"', "/p5/": "Invalid token.", "/p1/": "Invalid token."}


def routes(app: Flask) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], ACCESS, None) == "senders"
    ]


def methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"OPTIONS", "HEAD"}


def needed(app: Flask, rule: Rule) -> Scope:
    found: Scope = getattr(app.view_functions[rule.endpoint], SCOPE)
    return found


def test_every_route_needs_the_scope_that_is_written_here(app: Flask) -> None:
    found: dict[Scope, set[str]] = {each: set() for each in Scope}
    for rule in routes(app):
        found[needed(app, rule)] |= {f"{method} {rule.rule}" for method in methods(rule)}
    assert {each: found[each] for each in NEEDED} == NEEDED
    assert len(found[Scope.READ]) > 20


def test_what_only_reads_never_needs_more(app: Flask) -> None:
    """A GET that changes something is a vendor's, and is written above."""
    more = {
        f"GET {rule.rule}" for rule in routes(app) if "GET" in methods(rule) and needed(app, rule) is not Scope.READ
    }
    assert more <= set().union(*NEEDED.values())


def open_with(client: FlaskClient, rule: Rule, method: str, sender: Sender, token: str) -> TestResponse:
    names = {name: f"{sender.sid}" if name == "sid" else "x" * 32 for name in rule.arguments}
    path = client.application.url_map.bind("s.example.com").build(rule.endpoint, names)
    made = Sender(sender.name, sender.sid, token, "")
    headers = made.bearer | {"Karaden-Version": "2024-03-01"} if rule.rule.startswith("/api/") else made.basic
    return client.open(path, method=method, headers=headers, query_string={"token": token})


@pytest.mark.parametrize("missing", Scope)
def test_a_token_that_lacks_the_scope_opens_nothing(
    app: Flask, client: FlaskClient, sender: Sender, missing: Scope
) -> None:
    with db.write() as session:
        account, now = senders.named(session, sender.name), db.now(session)
        token = credentials.add(session, account.id, name="CI", scopes=scope.ALL - {missing}, now=now)
    tried = [rule for rule in routes(app) if not rule.rule.startswith((*SIGNED, KEYED))]
    for rule in tried:
        for method in methods(rule):
            answer = open_with(client, rule, method, sender, token)
            text = next((text for start, text in REFUSED_WITH_200.items() if rule.rule.startswith(start)), None)
            is_refused = answer.status_code == 403 if text is None else text in answer.text
            assert is_refused == (needed(app, rule) is missing), (method, rule.rule, answer.text)
