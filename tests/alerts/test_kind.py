"""Alerts as jobs: signed events and mails, which are tried again until somebody took them."""

import datetime as dt

import pytest
from sqlalchemy import select, update
from standardwebhooks.webhooks import Webhook

from shortener.alerts.mail import judge
from shortener.outbound.smtp import Reply
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Alert, AlertAttempt
from tests.conftest import running
from tests.support.factories import make_account
from tests.support.incidents import HOUR, OPERATOR, exhaust, fail, mails, tell
from tests.support.servers import OK, parsed, receiving
from tests.support.smtp import Mailbox
from tests.support.smtp import relay as relay_that

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_an_account_gets_a_signed_event(services: Services, now: dt.datetime) -> None:
    with receiving(OK) as receiver:
        sender = make_account("shop", alerts_url=receiver.url())
        fail("shop", now - HOUR, now)
        services.incidents.check(now)
        tell(services)
    headers, body = parsed(receiver.requests[0])
    event = Webhook(sender.signing_secret).verify(body.decode(), headers)
    assert event["type"] == "alert"
    assert event["data"] | {"since": "", "incident": ""} == {
        "incident": "",
        "kind": "receiver_failing",
        "state": "open",
        "account": "shop",
        "subject": "https://crm.example.com:443",
        "since": "",
        "until": None,
        "count": 0,
        "sentence": "The receiver https://crm.example.com:443 of the account shop has taken no callback for an hour or "
        "longer.",
        "page": "https://s.example.com/dashboard/callbacks?state=failing",
    }


def test_the_operator_gets_events_with_the_own_secret(services: Services, now: dt.datetime) -> None:
    with receiving(OK) as receiver:
        given = {"alert_url": receiver.url(), "alert_secret": SECRET, "callback_allow_nets": ()}
        with running(services.settings.model_copy(update=given)) as app:
            make_account("shop")
            exhaust("shop", now)
            own: Services = app.extensions["shortener"]
            own.incidents.check(now)
            tell(own)
    headers, body = parsed(receiver.requests[0])
    event = Webhook(SECRET).verify(body.decode(), headers)
    assert (event["data"]["kind"], event["data"]["page"]) == (
        "callbacks_exhausted",
        "https://s.example.com/dashboard/operator",
    )


def test_a_mail_says_everything_in_two_languages(services: Services, now: dt.datetime, relay: Mailbox) -> None:
    make_account("shop", time_zone="Asia/Tokyo")
    exhaust("shop", now, count=3)
    services.incidents.check(now)
    tell(services)
    [kept] = relay.kept
    mail, text = kept.mail, kept.mail.get_content()
    assert (kept.sender, kept.recipients) == ("alerts@s.example.com", [OPERATOR])
    assert mail["Subject"] == "Callbacks exhausted / コールバックを配信できませんでした (shop)"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "3 so far" in text
    assert "現在 3 件" in text
    assert f"Since: {now:%Y-%m-%d %H:%M} (UTC)" in text
    assert text.count("https://s.example.com/dashboard/operator") == 2


def test_a_mail_that_the_relay_refuses_is_tried_again(services: Services, now: dt.datetime) -> None:
    with relay_that(end=b"451 4.3.0 try later\r\n") as server:
        given = {"alert_smtp_url": f"smtp://127.0.0.1:{server.port}"}
        with running(services.settings.model_copy(update=given)) as app:
            make_account("shop")
            exhaust("shop", now)
            own: Services = app.extensions["shortener"]
            own.incidents.check(now)
            assert own.alerts.deliver_due() == 1
    with db.read() as session:
        assert session.execute(select(Alert.state, Alert.settled_on)).all() == [("pending", None)]
        attempt = session.scalars(select(AlertAttempt)).one()
    assert (attempt.outcome, attempt.status, attempt.detail) == ("answered", 451, "the relay answered 451")


def test_an_alert_of_a_process_that_died_is_told_later(services: Services, now: dt.datetime, relay: Mailbox) -> None:
    make_account("shop")
    exhaust("shop", now)
    services.incidents.check(now)
    kind = services.alerts.kind
    with db.write() as session:  # claimed, and then nothing more is heard of the process
        kind.queue.claim(session, now=db.now(session), limit=1, lease=kind.lease, per_destination=1)
    tell(services)
    assert mails(relay) == []
    with db.write() as session:
        session.execute(update(Alert).values(due_on=now))
    tell(services)
    assert [to for to, _ in mails(relay)] == [OPERATOR]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(250, "", is_sent=True), "delivered"),
        (Reply(250, ""), "answered"),
        (Reply(550, "", is_sent=True), "answered"),
        (Reply(None, "", is_sent=True), "broken"),
    ],
)
def test_only_a_mail_that_was_taken_is_done(reply: Reply, outcome: str) -> None:
    assert judge(reply).outcome == outcome
