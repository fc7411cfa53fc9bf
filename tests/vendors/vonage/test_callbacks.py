"""Vonage's receipts as we send them, judged by the vendor's own Python client."""

import datetime as dt
import json
from typing import Any

import pytest
from vonage import Auth

from shortener.callbacks.forms import Told
from shortener.receipts.incoming import Given
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import CODES, Reason
from shortener.vendors.vonage import receipts
from shortener.vendors.vonage.callbacks import FORM

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLYeV"
AT = dt.datetime(2026, 11, 28, 21, 10, 29, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=9)))
MSGID, SID = "k3" * 16, "a1" * 16


def told(state: MessageState | None = MessageState.DELIVERED, **changes: Any) -> Told:
    about = {"sender": "Acme", "recipient": "+447700900001", "fields": {"client-ref": "campaign-7"}}
    message = FaceMessage(id=1, msgid=MSGID, sid=SID, text="a", received_on=AT, **{**about, **changes.pop("about", {})})
    created_on = dt.datetime(2026, 11, 28, 12, 10, 30, tzinfo=dt.UTC)
    given = {"event_id": "evt_1", "url": "https://crm.example.com/dlr", "at": AT, "created_on": created_on}
    return Told(message=message, state=state, **{**given, **changes})


def receipt(state: MessageState | None = MessageState.DELIVERED, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FORM.request(told(state, **changes), [SECRET, "whsec_older"]).body)
    return found


def test_a_receipt_has_the_vendors_fields() -> None:
    found = receipt()
    assert len(found.pop("sig")) == 64 and len(found.pop("nonce")) == 36
    assert found == {
        "api-key": SID,
        "err-code": "0",
        "message-timestamp": "2026-11-28 12:10:29",
        "messageId": MSGID,
        "msisdn": "447700900001",
        "network-code": "00000",
        "price": "0",
        "scts": "2611281210",
        "status": "delivered",
        "to": "Acme",
        "client-ref": "campaign-7",
        "timestamp": "1795867830",
    }


def test_a_receipt_is_posted_as_json() -> None:
    made = FORM.request(told(), [SECRET])
    assert (made.method, made.headers, made.url) == ("POST", {"Content-Type": "application/json"}, None)


def test_the_clients_checker_verifies_a_receipt() -> None:
    client = Auth(api_key=SID, signature_secret=SECRET, signature_method="sha256")
    assert client.check_signature(receipt(about={"sender": "A & B=日本"}))
    assert not client.check_signature(receipt() | {"status": "failed"})


def test_every_attempt_sends_the_same_bytes() -> None:
    assert FORM.request(told(), [SECRET]) == FORM.request(told(), [SECRET])
    assert receipt(event_id="evt_2")["nonce"] != receipt()["nonce"]


def test_without_a_reference_there_is_none() -> None:
    assert "client-ref" not in receipt(about={"fields": {}})


def test_a_recipient_that_is_not_stored_is_empty() -> None:
    found = receipt(about={"recipient": None, "sender": None})
    assert (found["msisdn"], found["to"]) == ("", "")


@pytest.mark.parametrize("state", receipts.STATES.values())
@pytest.mark.parametrize("code", CODES)
def test_our_receipts_can_be_read_again(state: MessageState, code: str) -> None:
    sent = receipt(state, reason=CODES[code])
    [read] = receipts.read(Given(sent))
    is_told = state in {MessageState.UNKNOWN, MessageState.EXPIRED, MessageState.FAILED, MessageState.REJECTED}
    expected = (CODES[code] if code != "0" else Reason.UNKNOWN) if is_told else Reason.NONE
    assert (read.state, read.reason, read.gateway_ref) == (state, expected, MSGID)


@pytest.mark.parametrize("state", [None, MessageState.SENT, MessageState.QUEUED, MessageState.CANCELED])
def test_other_states_have_no_receipt(state: MessageState | None) -> None:
    with pytest.raises(ValueError, match="no receipt"):
        receipt(state)


def test_nothing_is_sent_without_a_secret() -> None:
    assert FORM.is_signed


def test_six_statuses_count_as_received() -> None:
    assert [status for status in range(100, 600) if FORM.accepts(status)] == [200, 201, 202, 203, 204, 205]
    assert not FORM.tells_clicks
