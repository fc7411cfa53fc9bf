"""Callbacks as a kind of job: what is sent, and which responses count as delivered."""

import hmac
import json
from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Delete, Update, delete, select, update
from standardwebhooks.webhooks import Webhook

from shortener.callbacks.forms import CallbackRequest, Form, Told
from shortener.callbacks.kind import judge
from shortener.errors import SecretKeyError
from shortener.messages.rows import StoredMessage
from shortener.outbound.client import Answer
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.message_state import MessageState
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Attempt, Callback, Message, SigningSecret
from tests.support.delivering import clicked, outcomes, states
from tests.support.factories import Sender, make_account, make_message
from tests.support.sending_rows import put_state_callback
from tests.support.servers import OK, parsed, receiving

FORM = "application/x-www-form-urlencoded"


def test_a_due_callback_is_posted_signed_and_settled(client: FlaskClient, sender: Sender, services: Services) -> None:
    with receiving(OK) as receiver:
        clicked(client, sender, receiver.url())
        assert services.deliverer.deliver_due() == 1
    headers, body = parsed(receiver.requests[0])
    assert receiver.requests[0].startswith(b"POST /cb HTTP/1.1\r\n")
    assert headers["content-type"] == "application/json"
    assert Webhook(sender.signing_secret).verify(body.decode(), headers)["type"] == "link.clicked"
    assert (states(), outcomes()) == (["delivered"], ["delivered"])


def test_a_receiver_at_a_private_address_is_blocked(client: FlaskClient, sender: Sender, services: Services) -> None:
    clicked(client, sender, "http://127.0.0.1:9/")
    with db.write() as session:  # as if the operator had closed the network after the message came in
        session.execute(update(Callback).values(url="http://10.1.2.3/"))
    services.deliverer.deliver_due()
    assert outcomes() == ["blocked"]
    with db.read() as session:
        detail = session.scalars(select(Attempt.detail)).one()
    assert detail is not None
    assert "10.1.2.3" not in detail


def test_each_account_signs_with_its_own_secret(client: FlaskClient, services: Services) -> None:
    first, second = make_account("first"), make_account("second")
    with receiving(OK) as receiver:
        clicked(client, first, receiver.url())
        services.deliverer.deliver_due()
        clicked(client, second, receiver.url())
        services.deliverer.deliver_due()
    for sender, request in zip((first, second), receiver.requests, strict=True):
        headers, body = parsed(request)
        Webhook(sender.signing_secret).verify(body.decode(), headers)


@pytest.mark.parametrize(
    "spoil",
    [delete(SigningSecret), update(SigningSecret).values(sealed=b"stored under another key")],
    ids=["none", "unopened"],
)
def test_an_account_without_signing_secret_delays_no_other(
    client: FlaskClient, services: Services, spoil: Delete | Update
) -> None:
    spoiled, healthy = make_account("spoiled"), make_account("healthy")
    with db.write() as session:
        session.execute(spoil.where(SigningSecret.account_id == 1))
    with receiving(OK) as receiver:
        for sender in (spoiled, healthy):
            clicked(client, sender, receiver.url())
        assert services.deliverer.deliver_due() == 2
        [request] = receiver.requests
    headers, body = parsed(request)
    Webhook(healthy.signing_secret).verify(body.decode(), headers)
    assert (states(), outcomes()) == (["pending", "delivered"], ["unsigned", "delivered"])


def test_a_wrong_secret_key_uses_up_no_attempt(client: FlaskClient, sender: Sender, services: Services) -> None:
    with db.write() as session:
        session.execute(update(SigningSecret).values(sealed=b"stored under another key"))
    with receiving(OK) as receiver:
        clicked(client, sender, receiver.url())
        with pytest.raises(SecretKeyError):
            services.deliverer.deliver_due()
        assert receiver.calls == 0
    assert (states(), outcomes()) == (["pending"], [])


def test_exactly_200_is_delivered() -> None:
    result = judge(Answer(AttemptOutcome.ANSWERED, 200, "answered 200", b"ok", total_us=7))
    assert (result.is_delivered, result.outcome, result.detail) == (True, "delivered", "answered 200")
    assert result.columns == dict.fromkeys(("lookup_us", "connect_us", "first_byte_us")) | {
        "status": 200,
        "answer": b"ok",
        "total_us": 7,
    }


@pytest.mark.parametrize("status", [201, 202, 204, 301, 302, 400, 404, 410, 429, 500, 503])
def test_no_other_answer_is_delivered(status: int) -> None:
    result = judge(Answer(AttemptOutcome.ANSWERED, status, f"answered {status}", retry_after="7"))
    assert (result.is_delivered, result.outcome, result.retry_after) == (False, "answered", 7)
    assert result.detail == f"answered {status}; only 200 counts as delivered"


def test_a_missing_answer_says_why() -> None:
    result = judge(Answer(AttemptOutcome.TIMEOUT, None, "no answer in time"))
    assert (result.is_delivered, result.outcome, result.detail) == (False, "timeout", "no answer in time")
    assert (result.summary, result.columns["status"]) == ("timeout", None)


def in_form(sender: Sender, url: str, face: str) -> None:
    message = make_message(sender).message
    put_state_callback(message, MessageState.DELIVERED, url, body=event_of(message), face=face)


def event_of(message: StoredMessage) -> bytes:
    data = {"msgid": message.msgid, "state": "delivered", "code": "000", "reason": None}
    return json.dumps({"type": "message.receipt", "timestamp": "2026-11-28T12:10:29Z", "data": data}).encode()


def form_of(told: Told, secrets: Sequence[str]) -> CallbackRequest:
    body = f"id={told.message.msgid}&state={told.state}&at={told.at:%H:%M:%S}&code={told.code}".encode()
    signature = hmac.new(secrets[0].encode(), told.url.encode() + body, "sha256").hexdigest()
    return CallbackRequest(body=body, headers={"content-type": FORM, "x-acme-signature": signature})


def test_a_vendors_callback_has_its_form(sender: Sender, services: Services) -> None:
    """Its fields, its headers, and its rule of success."""
    services.callback_forms["acme"] = Form(request=form_of, accepts=lambda status: status < 300)
    with receiving(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n") as receiver:
        in_form(sender, url := receiver.url(), "acme")
        assert services.deliverer.deliver_due() == 1
    headers, body = parsed(receiver.requests[0])
    signature = hmac.new(sender.signing_secret.encode(), url.encode() + body, "sha256").hexdigest()
    assert (headers["content-type"], headers["x-acme-signature"]) == (FORM, signature)
    with db.read() as session:
        [msgid] = session.scalars(select(Message.msgid))
    assert body == f"id={msgid}&state=delivered&at=12:10:29&code=000".encode()
    assert "webhook-id" not in headers
    assert (states(), outcomes()) == (["delivered"], ["delivered"])


def test_a_vendors_rule_refuses_other_answers(sender: Sender, services: Services) -> None:
    services.callback_forms["acme"] = Form(request=form_of, accepts=lambda status: status == 204)
    with receiving(OK) as receiver:
        in_form(sender, receiver.url(), "acme")
        services.deliverer.deliver_due()
    assert (states(), outcomes()) == (["pending"], ["answered"])
    with db.read() as session:
        assert str(session.scalars(select(Attempt.detail)).one()).endswith(
            "the vendor does not count this as delivered"
        )


def test_a_vendor_may_choose_url_and_method(sender: Sender, services: Services) -> None:
    def by_query(told: Told, _: Sequence[str]) -> CallbackRequest:
        return CallbackRequest(body=b"", headers={}, method="GET", url=f"{told.url}?state={told.state}")

    services.callback_forms["acme"] = Form(request=by_query, accepts=lambda status: status == 200)
    with receiving(OK) as receiver:
        in_form(sender, receiver.url(), "acme")
        services.deliverer.deliver_due()
    assert receiver.requests[0].startswith(b"GET /cb?state=delivered HTTP/1.1\r\n")


def test_a_form_that_fails_stops_no_others(sender: Sender, services: Services) -> None:
    def broken(_told: Told, _secrets: Sequence[str]) -> CallbackRequest:
        raise KeyError("nothing")

    services.callback_forms |= {
        "acme": Form(request=form_of, accepts=lambda status: status == 200),
        "broken": Form(request=broken, accepts=lambda status: status == 200),
    }
    with receiving(OK) as receiver:
        in_form(sender, receiver.url(), "broken")
        in_form(sender, receiver.url(), "acme")
        services.deliverer.deliver_due()
    assert (sorted(states()), sorted(outcomes())) == (["delivered", "pending"], ["delivered", "unsigned"])


@pytest.mark.parametrize("tells_clicks", [True, False])
def test_a_vendor_may_tell_of_clicks(
    client: FlaskClient, sender: Sender, services: Services, tells_clicks: bool
) -> None:
    """Otherwise a first click is told by our own event."""

    def told_click(told: Told, _: Sequence[str]) -> CallbackRequest:
        assert told.state is None
        return CallbackRequest(body=f"{told.link} {told.shortlink}".encode(), headers={})

    services.callback_forms["acme"] = Form(request=told_click, accepts=lambda _: True, tells_clicks=tells_clicks)
    with receiving(OK) as receiver:
        link = clicked(client, sender, receiver.url())
        with db.write() as session:
            session.execute(update(Callback).values(face="acme"))
        services.deliverer.deliver_due()
    _, body = parsed(receiver.requests[0])
    assert body.startswith(b"https://" if tells_clicks else b'{"type":"link.clicked"'), link


def test_an_unknown_vendors_callback_is_retried(sender: Sender, services: Services) -> None:
    in_form(sender, "http://127.0.0.1:9/", "unheard-of")
    services.deliverer.deliver_due()
    assert (states(), outcomes()) == (["pending"], ["unsigned"])


def test_a_signed_form_needs_a_secret(sender: Sender, services: Services) -> None:
    services.callback_forms["acme"] = Form(request=form_of, accepts=lambda status: status == 200, is_signed=True)
    in_form(sender, "http://127.0.0.1:9/", "acme")
    with db.write() as session:
        session.execute(delete(SigningSecret))
    services.deliverer.deliver_due()
    with db.read() as session:
        assert "no signing secret that opens" in session.scalars(select(Attempt.detail)).one()
    assert (states(), outcomes()) == (["pending"], ["unsigned"])
