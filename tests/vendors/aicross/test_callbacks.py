"""The push of receipts as we send it."""

import datetime as dt
import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from shortener.callbacks.forms import Told
from shortener.receipts.incoming import Given
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.aicross import receipts
from shortener.vendors.aicross.callbacks import FORM

AT = dt.datetime(2026, 11, 28, 12, 10, 3, 120_000, tzinfo=dt.UTC)
MSGID = "k3" * 16


def told(state: MessageState = MessageState.DELIVERED, **changes: Any) -> Told:
    about = {"sender": "50123", "recipient": "+819012345678", "fields": {"clientId": "12345"}, "client_tag": "order-1"}
    about |= {"text": "こんにちは"} | changes.pop("about", {})
    message = FaceMessage(id=1, msgid=MSGID, sid="a1" * 16, received_on=AT, **about)
    given = {"event_id": "evt_1", "url": "https://crm.example.com/dlr", "at": AT, "created_on": AT}
    return Told(message=message, state=state, **{**given, **changes})


def notification(state: MessageState = MessageState.DELIVERED, **changes: Any) -> dict[str, Any]:
    form = parse_qs(FORM.request(told(state, **changes), ()).body.decode(), strict_parsing=True)
    assert list(form) == ["json"]
    [found] = json.loads(form["json"][0])["eventNotifications"]
    assert isinstance(found, dict)
    return found


def test_a_notification_has_the_vendors_fields_and_types() -> None:
    assert notification() == {
        "type": "DLR",
        "dateTime": "2026/11/28 21:10:03",
        "messageId": MSGID,
        "phoneNumber": "+819012345678",
        "smsCode": "50123",
        "carrierId": None,
        "carrierName": "",
        "messageText": "こんにちは",
        "clientId": "12345",
        "clientTag": "order-1",
        "statusId": "2",
        "statusDescription": "Message delivered",
        "detailedStatusId": 0,
        "separatedSuccessCount": 1,
    }


def test_a_failure_has_its_class_as_a_number() -> None:
    found = notification(MessageState.FAILED, reason=Reason.ABSENT_TEMPORARY)
    assert (found["statusId"], found["statusDescription"]) == ("3", "Message delivery failed")
    assert (found["detailedStatusId"], found["separatedSuccessCount"]) == (824, 0)
    assert notification(MessageState.FAILED, code="11824")["detailedStatusId"] == 11824


def test_a_push_is_a_form() -> None:
    made = FORM.request(told(), ["whsec_x"])
    assert (made.method, made.headers) == ("POST", {"Content-Type": "application/x-www-form-urlencoded"})
    assert made == FORM.request(told(), ["whsec_x"])


def test_what_is_not_stored_is_empty() -> None:
    found = notification(about={"recipient": None, "sender": None, "fields": {}, "client_tag": None})
    assert {found[name] for name in ("phoneNumber", "smsCode", "clientId", "clientTag")} == {""}


@pytest.mark.parametrize(("status", "is_accepted"), [(200, True), (204, True), (299, True), (302, False), (500, False)])
def test_any_2xx_is_a_success(status: int, is_accepted: bool) -> None:
    assert FORM.accepts(status) is is_accepted


@pytest.mark.parametrize("state", [state for state in MessageState if state.is_final])
@pytest.mark.parametrize("reason", Reason)
def test_our_push_can_be_read_again(state: MessageState, reason: Reason) -> None:
    text = json.dumps({"eventNotifications": [notification(state, reason=reason)]})
    [found] = receipts.read(Given({"json": text}))
    is_delivered = state is MessageState.DELIVERED
    assert found.state is (MessageState.DELIVERED if is_delivered else MessageState.FAILED)
    assert (found.gateway_ref, found.references, found.at) == (MSGID, ("order-1",), AT.replace(microsecond=0))
    assert (found.reason is Reason.NONE) is is_delivered
