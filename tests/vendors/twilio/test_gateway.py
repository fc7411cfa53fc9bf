"""The requests to Twilio's API, and what its answers mean."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl

import pytest

from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending.gateway import NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Call
from shortener.vendors.twilio.gateway import call, read

ADDRESS = ServerAddress("https", "api.twilio.example", 443, user="AC1", password="to:ken")
SERVICE = "MG" + "0a" * 16


def called(**changes: Any) -> Call:
    fields = {"msgid": "a" * 32, "sender": "SHOP", "recipient": "+15558675310", "text": "こんにちは", **changes}
    return call(ADDRESS, Outgoing(**fields))


def form_of(request: Call) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def test_a_message_becomes_a_form() -> None:
    request = called(receipt_url="https://s.example.com/receipts/twilio/a/b", seconds_left=60.9)
    assert (request.method, request.url) == (
        "POST",
        "https://api.twilio.example:443/2010-04-01/Accounts/AC1/Messages.json",
    )
    assert request.headers["Authorization"] == "Basic " + b64encode(b"AC1:to:ken").decode()
    assert form_of(request) == {
        "To": "+15558675310",
        "From": "SHOP",
        "Body": "こんにちは",
        "StatusCallback": "https://s.example.com/receipts/twilio/a/b",
        "ValidityPeriod": "60",
        "ShortenUrls": "false",
    }


@pytest.mark.parametrize(("left", "period"), [(0.1, "1"), (-5, "1"), (1e9, "36000")])
def test_the_period_fits_the_vendors_limits(left: float, period: str) -> None:
    assert form_of(called(seconds_left=left))["ValidityPeriod"] == period


def test_a_service_can_be_the_sender() -> None:
    assert form_of(called(sender=SERVICE))["MessagingServiceSid"] == SERVICE
    assert "From" not in form_of(called(sender=SERVICE))
    both = form_of(called(extras={"messaging_service_sid": SERVICE}))
    assert (both["From"], both["MessagingServiceSid"]) == ("SHOP", SERVICE)


def test_a_long_text_is_refused() -> None:
    with pytest.raises(ValueError, match="1600"):
        called(text="x" * 1_601)


def test_a_created_message_is_taken() -> None:
    assert read(201, b'{"sid": "SM1", "status": "queued"}') == Taken(reference="SM1")
    assert read(201, b'{"sid": null}') is None


def test_a_code_may_be_a_text() -> None:
    found = read(400, b'{"code": "21610"}')
    assert isinstance(found, Refused) and (found.code, found.reason) == ("21610", Reason.OPTED_OUT)


@pytest.mark.parametrize(
    ("code", "reason"), [(21610, Reason.OPTED_OUT), (21211, Reason.UNREACHABLE), (21617, Reason.BAD_MESSAGE)]
)
def test_a_refusal_has_its_reason(code: int, reason: Reason) -> None:
    found = read(400, json.dumps({"code": code, "message": "No.", "status": 400}).encode())
    assert found == Refused(sentence="twilio: No.", code=str(code), reason=reason)


def test_a_wrong_receipt_url_is_our_fault() -> None:
    assert read(400, b'{"code": 21609, "message": "No."}') == NotNow(sentence="twilio: No.")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_other_statuses_decide_by_themselves(status: int) -> None:
    assert read(status, b'{"code": 20003}') is None
