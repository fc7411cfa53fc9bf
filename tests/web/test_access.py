"""Access: nothing without credentials, and with them only the account's own data."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event as listeners

from shortener.accounts import credentials, senders
from shortener.running.services import Services
from shortener.running.strangers import WRONG_CREDENTIALS
from shortener.storage import db
from shortener.web.access import ACCESS, Scope, for_senders, public
from tests.support.factories import NOW, Sender, disable_account

CLOSED = "/v1/messages"
Headers = dict[str, str]


def basic(text: str | bytes) -> Headers:
    raw = text.encode() if isinstance(text, str) else text
    return {"Authorization": "Basic " + base64.b64encode(raw).decode()}


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def refused(client: FlaskClient, headers: Headers) -> str:
    """The code of the refusal, after a check of everything that a 401 needs."""
    answer = client.get(CLOSED, headers=headers)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "Bearer realm=" in answer.headers["WWW-Authenticate"]
    code: str = answer.get_json()["code"]
    return code


@pytest.fixture
def queries(app: Flask) -> Iterator[list[str]]:
    """Every statement that the application sends to its database."""
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        sent.append(statement)

    listeners.listen(db.db.engine, "before_cursor_execute", note)
    yield sent
    listeners.remove(db.db.engine, "before_cursor_execute", note)


def test_a_sid_with_its_token_opens(client: FlaskClient, sender: Sender) -> None:
    assert client.get(CLOSED, headers=sender.basic).status_code == 200


def test_a_token_alone_opens(client: FlaskClient, sender: Sender) -> None:
    assert client.get(CLOSED, headers=sender.bearer).status_code == 200


@pytest.mark.parametrize("shape", ["bAsIc {basic}", "BEARER {token}", "Bearer   {token}", "  Bearer {token} "])
def test_the_scheme_is_known_in_any_case_and_spacing(client: FlaskClient, sender: Sender, shape: str) -> None:
    header = shape.format(token=sender.token, basic=sender.basic["Authorization"].removeprefix("Basic "))
    assert client.get(CLOSED, headers={"Authorization": header}).status_code == 200


def test_a_wrong_token_opens_nothing(client: FlaskClient, sender: Sender) -> None:
    assert refused(client, bearer(sender.token[:-1])) == "credentials_invalid"
    assert refused(client, basic(f"{sender.sid}:{sender.token}x")) == "credentials_invalid"


def test_a_right_token_under_a_wrong_sid_opens_nothing(
    client: FlaskClient, sender: Sender, other_sender: Sender
) -> None:
    for sid in (other_sender.sid, "", sender.sid.swapcase(), f"{sender.sid} ", "é"):
        assert refused(client, basic(f"{sid}:{sender.token}")) == "credentials_invalid"


def test_only_a_token_is_accepted(client: FlaskClient, sender: Sender) -> None:
    for wrong in (sender.sid, sender.signing_secret, sender.name):
        assert refused(client, bearer(wrong)) == "credentials_invalid"


UNREADABLE = [
    *["", "Basic", "Bearer", "Basic ", "Bearer  ", "Digest username=x", "token", "Basic é", "Bearer é", "Bearer \xff"],
    *["Basic !!!!", "Basic YQ", "Basic YQ==YQ==", "Basic Og", "Bearer a b"],
]


@pytest.mark.parametrize("header", UNREADABLE, ids=ascii)
def test_credentials_that_cannot_be_read_are_refused(client: FlaskClient, sender: Sender, header: str) -> None:
    assert refused(client, {"Authorization": header}) == "credentials_invalid"


@pytest.mark.parametrize("raw", [b"", b"nocolon", b":", b"\xff\xfe:x", b"a\0b:c\0d", b"::::"], ids=ascii)
def test_basic_credentials_of_any_bytes_are_refused(client: FlaskClient, sender: Sender, raw: bytes) -> None:
    assert refused(client, basic(raw)) == "credentials_invalid"


def test_the_refusal_says_how_credentials_are_given(client: FlaskClient, app: Flask) -> None:
    document = client.get(CLOSED).get_json()
    assert "SID:TOKEN" in document["detail"]
    assert "Bearer TOKEN" in document["detail"]


def test_no_refusal_repeats_what_was_tried(client: FlaskClient, sender: Sender) -> None:
    answer = client.get(CLOSED, headers=basic(f"{sender.sid}:hunter2"))
    assert b"hunter2" not in answer.data
    assert sender.sid.encode() not in answer.data


def test_what_cannot_be_read_costs_no_query(client: FlaskClient, app: Flask, queries: list[str]) -> None:
    refused(client, {})
    refused(client, basic("nocolon"))
    assert queries == []


def test_only_right_credentials_reveal_a_disabled_account(
    client: FlaskClient, sender: Sender, other_sender: Sender
) -> None:
    disable_account(sender.name)
    assert refused(client, sender.basic) == refused(client, sender.bearer) == "account_disabled"
    assert refused(client, basic(f"{sender.sid}:wrong")) == "credentials_invalid"
    assert client.get(CLOSED, headers=other_sender.basic).status_code == 200


def test_after_a_rotation_the_old_token_opens_nothing(client: FlaskClient, sender: Sender) -> None:
    with db.write() as session:
        token = credentials.rotate(session, senders.named(session, sender.name).id, now=NOW)
    assert refused(client, sender.bearer) == "credentials_invalid"
    assert client.get(CLOSED, headers=bearer(token)).status_code == 200


def added(sender: Sender, **options: Any) -> Headers:
    """The headers of another token."""
    with db.write() as session:
        account = senders.named(session, sender.name)
        return bearer(credentials.add(session, account.id, **{"name": "CI", "now": NOW, **options}))


def test_an_expired_token_is_refused_as_such(client: FlaskClient, sender: Sender) -> None:
    assert refused(client, added(sender, expires_on=NOW)) == "token_expired"


def test_a_token_without_the_scope_is_forbidden(client: FlaskClient, sender: Sender) -> None:
    answer = client.get(CLOSED, headers=added(sender, scopes={Scope.SEND}))
    problem = answer.get_json()
    assert answer.status_code == 403
    assert (problem["code"], problem["scope"]) == ("scope_missing", "read")
    assert "`read`" in problem["detail"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_with_the_scope_opens(client: FlaskClient, sender: Sender) -> None:
    assert client.get(CLOSED, headers=added(sender, scopes={Scope.READ})).status_code == 200


def test_a_request_costs_one_statement_for_credentials(
    client: FlaskClient, sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = services.readers._asked
    monkeypatch.setattr(services.readers, "_asked", lambda text, *more: asked.append(text) or ask(text, *more))
    headers = added(sender, scopes={Scope.READ})
    for _ in range(2):
        assert client.post("/v1/messages/x/off", headers=headers).status_code == 403
    assert len(asked) == 2


def test_a_refused_request_stores_nothing(client: FlaskClient, sender: Sender) -> None:
    sent = {"message": "see https://shop.example.com/x"}
    assert client.post(CLOSED, json=sent).status_code == 401
    assert client.post(CLOSED, json=sent, headers=bearer("wrong")).status_code == 401
    assert client.get(CLOSED, headers=sender.basic).get_json()["messages"] == []


def test_each_decorator_notes_who_may_call() -> None:
    assert getattr(public(lambda: ""), ACCESS) == "public"
    assert getattr(for_senders(Scope.READ)(lambda account: ""), ACCESS) == "senders"


def test_many_wrong_credentials_get_429_and_right_ones_work(client: FlaskClient, sender: Sender) -> None:
    network = {"REMOTE_ADDR": "20.30.40.50"}
    for _ in range(WRONG_CREDENTIALS):
        assert client.get(CLOSED, headers=bearer("wrong"), environ_base=network).status_code == 401
    answer = client.get(CLOSED, headers=bearer("wrong"), environ_base=network)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many_wrong_credentials")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert client.get(CLOSED, headers=sender.basic, environ_base=network).status_code == 200
    assert client.get(CLOSED, environ_base=network).status_code == 401  # a client that asks first what to send


def test_a_disabled_account_is_told_so_always(client: FlaskClient, sender: Sender) -> None:
    disable_account(sender.name)
    for _ in range(WRONG_CREDENTIALS + 1):
        answer = client.get(CLOSED, headers=sender.basic, environ_base={"REMOTE_ADDR": "20.30.40.50"})
        assert (answer.status_code, answer.get_json()["code"]) == (401, "account_disabled")
