"""Karaden's callbacks as we send them."""

import datetime as dt
import json
from typing import Any

import pytest

from shortener.callbacks.forms import Told
from shortener.receipts.incoming import Given
from shortener.rules.delivery.face_message import FaceLink, FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.karaden import receipts
from shortener.vendors.karaden.callbacks import FORM
from shortener.vendors.karaden.states import TOLD

AT = dt.datetime(2026, 11, 28, 12, 10, 3, 120_000, tzinfo=dt.UTC)
MSGID = "k3" * 16
LINK = FaceLink("https://shop.example.com/", "https://s.example.com/0123456789")


def told(state: MessageState = MessageState.DELIVERED, **changes: Any) -> Told:
    about = {"sender": "1", "recipient": "+819012345678", "fields": {"service_id": 1, "version": "2023-12-01"}}
    about |= {"text": "see https://s.example.com/0123456789", "links": (LINK,), "tags": ("spring",)}
    about |= {"received_on": AT, "sent_on": AT, "state": MessageState.CANCELED} | changes.pop("about", {})
    message = FaceMessage(id=1, msgid=MSGID, sid="a1" * 16, **about)
    given = {"event_id": "evt_1", "url": "https://crm.example.com/dlr", "at": AT, "created_on": AT}
    return Told(message=message, state=state, **{**given, **changes})


def callback(state: MessageState = MessageState.DELIVERED, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FORM.request(told(state, **changes), ()).body)
    return found


def test_a_callback_is_the_message_without_its_text() -> None:
    at = "2026-11-28T21:10:03+09:00"
    assert callback() == {
        "id": MSGID,
        "object": "message",
        "project_id": 1,
        "service_id": 1,
        "billing_address_id": 1,
        "tags": ["spring"],
        "is_shorten": True,
        "is_shorten_clicked": False,
        "result": "done",
        "status": "done",
        "sent_result": "received",
        "carrier": None,
        "charged_count_per_sent": 1,
        "scheduled_at": None,
        "limited_at": None,
        "sent_at": at,
        "received_at": at,
        "charged_at": None,
        "created_at": at,
        "updated_at": at,
    }


def test_a_callback_has_the_version_of_its_message() -> None:
    made = FORM.request(told(), ["whsec_x"])
    assert made.headers == {"Content-Type": "application/json", "Karaden-Version": "2023-12-01"}
    assert FORM.request(told(about={"fields": {}}), ()).headers["Karaden-Version"] == "2024-03-01"
    assert made == FORM.request(told(), ["whsec_x"])


@pytest.mark.parametrize(("status", "is_accepted"), [(200, True), (201, False), (204, False), (302, False)])
def test_only_200_is_a_success(status: int, is_accepted: bool) -> None:
    assert FORM.accepts(status) is is_accepted


@pytest.mark.parametrize("state", TOLD)
@pytest.mark.parametrize("reason", [Reason.UNKNOWN, Reason.BUSY, Reason.SPAM])
def test_our_callback_can_be_read_again(state: MessageState, reason: Reason) -> None:
    [found] = receipts.read(Given(callback(state, reason=reason)))
    is_unreached = state is MessageState.FAILED and reason is Reason.BUSY  # the vendor has one word for both
    assert found.state is (MessageState.EXPIRED if is_unreached else state)
    assert (found.gateway_ref, found.at) == (MSGID, AT.replace(microsecond=0))
