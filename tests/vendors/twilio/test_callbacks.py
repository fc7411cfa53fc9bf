"""The requests of the vendor's callbacks, and their signature."""

import datetime as dt
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from shortener.callbacks.forms import CallbackRequest, Told
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.twilio.callbacks import FORM
from tests.support.factories import NOW

SECRETS = ["whsec_bmV3", "whsec_b2xk"]
URL = "https://crm.example.com:8443/status?a=1&b=%E3%81%82"


def message(**changes: Any) -> FaceMessage:
    fields: dict[str, Any] = {"sender": "SHOP", "recipient": "+15558675310", "sent_on": NOW, "fields": {}, **changes}
    return FaceMessage(id=1, msgid="a" * 32, sid="b" * 32, text="Hello", received_on=NOW, **fields)


def told(of: FaceMessage | None = None, **changes: Any) -> Told:
    fields = {"event_id": "evt_1", "url": URL, "at": NOW, "created_on": NOW, "message": of or message()}
    return Told(**{**fields, **changes})


def form_of(request: CallbackRequest) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def made(of: FaceMessage | None = None, **changes: Any) -> dict[str, str]:
    return form_of(FORM.request(told(of, **changes), SECRETS))


@pytest.mark.parametrize(
    "changes",
    [
        {"state": MessageState.DELIVERED},
        {"state": MessageState.FAILED, "reason": Reason.SPAM},
        {"link": "https://shop.example.com/?a=ä&b=%20", "shortlink": "https://s.example.com/a"},
    ],
)
def test_the_vendors_validator_accepts_it(changes: dict[str, Any]) -> None:
    request = FORM.request(told(message(recipient="名+ &=%"), **changes), SECRETS)
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(SECRETS[0]).validate(URL, form_of(request), signature)
    assert not RequestValidator(SECRETS[1]).validate(URL, form_of(request), signature)
    assert not RequestValidator(SECRETS[0]).validate(URL + "x", form_of(request), signature)


def test_every_attempt_is_the_same() -> None:
    one = told(state=MessageState.SENT)
    assert FORM.request(one, SECRETS) == FORM.request(one, SECRETS)
    assert FORM.request(one, SECRETS).headers["I-Twilio-Idempotency-Token"] == "evt_1"


def test_a_failure_has_its_code() -> None:
    form = made(state=MessageState.FAILED, code="3", reason=Reason.ABSENT_PERMANENT)
    assert (form["MessageStatus"], form["SmsStatus"], form["ErrorCode"]) == ("undelivered", "undelivered", "30005")
    assert made(message(sent_on=None), state=MessageState.REJECTED)["MessageStatus"] == "failed"
    assert "ErrorCode" not in made(state=MessageState.DELIVERED)


def test_what_is_unknown_is_left_out() -> None:
    service = "MG" + "0a" * 16
    form = made(
        message(sender=service, recipient=None, fields={"messaging_service_sid": service}), state=MessageState.SENT
    )
    assert form["MessagingServiceSid"] == service
    assert not form.keys() & {"To", "From"}


def test_a_click_has_its_own_form() -> None:
    at = NOW + dt.timedelta(milliseconds=5)
    one = Told(
        event_id="e", url=URL, at=at, created_on=NOW, message=message(), link="https://a.example/", shortlink="s"
    )
    assert form_of(FORM.request(one, SECRETS)) == {
        "event_type": "click",
        "sms_sid": "SM" + "a" * 32,
        "account_sid": "AC" + "b" * 32,
        "to": "+15558675310",
        "from": "SHOP",
        "link": "https://a.example/",
        "shortened_link": "s",
        "click_time": "2026-11-22T09:00:00.005Z",
    }
    assert FORM.tells_clicks


def test_any_status_from_200_is_success() -> None:
    assert [status for status in (199, 200, 204, 299, 300, 404, 500) if FORM.accepts(status)] == [200, 204, 299]
