"""The vendor's own client library, as it comes from the package index, against a real server on loopback."""

import datetime as dt

import pytest
import requests
from xoxzo.cloudpy import XoxzoClient

from tests.support.factories import BROWSER, PREVIEW, TARGET, TEXT, Sender, make_account
from tests.support.hooks import Hook

RECIPIENT, SENDER_ID = "+818012345678", "814512345678"


@pytest.fixture
def vendor(server: str, sender: Sender) -> XoxzoClient:
    return XoxzoClient(sid=sender.sid, auth_token=sender.token, api_host=server)


def click(shortlink: str, agent: str) -> requests.Response:
    """Request a shortlink without following the redirect."""
    return requests.get(shortlink, headers={"User-Agent": agent}, allow_redirects=False, timeout=10)


def test_a_sent_message_has_a_status(vendor: XoxzoClient, server: str) -> None:
    sent = vendor.send_sms(TEXT, RECIPIENT, SENDER_ID, callbackurl="https://crm.example.com/receipts")
    assert sent.errors is None
    msgid, shortlink = sent.messages[0]["msgid"], sent.messages[0]["shortlink"]
    assert sent.messages[0]["message"] == TEXT.replace(TARGET, shortlink)

    found = vendor.get_sms_delivery_status(msgid)
    assert found.errors is None
    assert dt.datetime.strptime(found.message.pop("sent_time"), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - it is UTC
    assert found.message == {
        "status": "QUEUED",
        "sender": SENDER_ID,
        "url": f"{server}/sms/messages/{msgid}/",
        "cost": 0,
        "msgid": msgid,
        "tags": [],
        "recipient": RECIPIENT,
        "parts": 1,
        "link_tracking": {"link": TARGET, "shortlink": shortlink, "accessed": False, "accessed_on": None},
    }


def test_a_message_s_states_are_told(vendor: XoxzoClient, hook: Hook) -> None:
    [sent] = vendor.send_sms(TEXT, RECIPIENT, SENDER_ID, callbackurl=f"{hook.url}/states").messages
    told = hook.wait_for(2, "/states")  # sent and accepted are one word of the vendor
    assert {request.headers["content-type"] for request in told} == {"application/x-www-form-urlencoded"}
    assert sorted(request.form["status"] for request in told) == ["DELIVERED", "DELIVERING"]
    found = vendor.get_sms_delivery_status(sent["msgid"]).message
    assert [{**request.form, "status": found["status"]} for request in told] == 2 * [
        {name: found[name] for name in ("msgid", "status", "recipient", "sent_time")}
    ]
    assert found["status"] == "DELIVERED"


def test_a_person_s_click_shows_in_status_and_list(vendor: XoxzoClient) -> None:
    """This version cannot ask for tracking, so the account's default does."""
    [sent] = vendor.send_sms(TEXT, RECIPIENT, SENDER_ID).messages
    assert click(sent["shortlink"], PREVIEW).headers["Location"] == TARGET
    assert vendor.get_sms_delivery_status(sent["msgid"]).message["link_tracking"]["accessed"] is False

    opened = click(sent["shortlink"], BROWSER)
    assert (opened.status_code, opened.headers["Location"]) == (302, TARGET)
    tracking = vendor.get_sms_delivery_status(sent["msgid"]).message["link_tracking"]
    assert tracking["accessed"] is True
    assert dt.datetime.strptime(tracking["accessed_on"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - it is UTC
    assert vendor.get_sent_sms_list().messages[0]["link_tracking"] == tracking


def test_without_tracking_the_text_is_unchanged(server: str) -> None:
    quiet = make_account("quiet", track_link=False)
    vendor = XoxzoClient(quiet.sid, quiet.token, server)
    [sent] = vendor.send_sms(TEXT, RECIPIENT, SENDER_ID).messages
    assert (sent["message"], sent["shortlink"]) == (TEXT, None)
    assert vendor.get_sms_delivery_status(sent["msgid"]).message["link_tracking"] is None


def test_a_text_in_japanese_comes_back_whole(server: str) -> None:
    unsent = make_account("unsent", gateway="none")  # gateways take no such sender
    vendor = XoxzoClient(unsent.sid, unsent.token, server)
    text = f"お荷物の状況は {TARGET} をご覧ください。🚚&=+%\n100 % オフ"
    [sent] = vendor.send_sms(text, RECIPIENT, "ヤマト").messages
    assert sent["message"] == text.replace(TARGET, sent["shortlink"])
    assert vendor.get_sms_delivery_status(sent["msgid"]).message["sender"] == "ヤマト"


def test_the_list_accepts_the_clients_comparisons(vendor: XoxzoClient) -> None:
    assert vendor.get_sent_sms_list().messages == []
    msgids = [vendor.send_sms(TEXT, RECIPIENT, SENDER_ID).messages[0]["msgid"] for _ in range(2)]
    day = vendor.get_sms_delivery_status(msgids[0]).message["sent_time"][:10]
    before = (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()
    for everything in (None, f">={day}", f">{before}", f">={before}"):
        found = vendor.get_sent_sms_list(everything)
        assert found.errors is None
        assert [entry["msgid"] for entry in found.messages] == msgids[::-1]
    for nothing in (f"<{day}", f"<={before}", f"={before}"):
        found = vendor.get_sent_sms_list(nothing)
        assert (found.errors, found.messages) == (None, [])
    assert msgids[0] in [entry["msgid"] for entry in vendor.get_sent_sms_list(f"={day}").messages]


def test_a_day_out_of_range_is_refused(vendor: XoxzoClient) -> None:
    today = dt.datetime.now(dt.UTC).date()
    assert vendor.get_sent_sms_list(f">={today - dt.timedelta(days=89)}").errors is None
    for fault in (f">={today - dt.timedelta(days=92)}", f"={today - dt.timedelta(days=92)}", ">=2026-13-01", "x"):
        found = vendor.get_sent_sms_list(fault)
        assert (found.errors, found.message) == (400, {"sent_date": ["Invalid sent_date"]})


def test_a_wrong_token_opens_nothing(server: str, sender: Sender) -> None:
    stranger = XoxzoClient(sid=sender.sid, auth_token="456", api_host=server)
    for answer in (
        stranger.send_sms(TEXT, RECIPIENT, SENDER_ID),
        stranger.get_sms_delivery_status("a" * 32),
        stranger.get_sent_sms_list(),
    ):
        assert (answer.errors, list(answer.message), answer.messages) == (401, ["detail"], [])


@pytest.mark.parametrize("msgid", ["a" * 32, "dabd8e76-390f-421c-87b5-57f31339d0c5"])
def test_an_unknown_msgid_is_not_found(vendor: XoxzoClient, msgid: str) -> None:
    found = vendor.get_sms_delivery_status(msgid)
    assert (found.errors, found.message) == (404, {"detail": "Not found."})


def test_another_accounts_message_is_not_found(vendor: XoxzoClient, server: str, other_sender: Sender) -> None:
    [sent] = vendor.send_sms(TEXT, RECIPIENT, SENDER_ID).messages
    stranger = XoxzoClient(other_sender.sid, other_sender.token, server)
    assert stranger.get_sms_delivery_status(sent["msgid"]).errors == 404
    assert stranger.get_sent_sms_list().messages == []


def test_what_is_missing_or_wrong_is_named_by_field(vendor: XoxzoClient) -> None:
    required = ["This field is required."]
    nothing = vendor.send_sms(None, None, None)
    assert (nothing.errors, nothing.message) == (400, {"message": required, "recipient": required, "sender": required})
    refused = vendor.send_sms("Hello", "+8108012345678", SENDER_ID)
    assert (refused.errors, list(refused.message)) == (400, ["recipient"])
    assert vendor.get_sent_sms_list().messages == []
