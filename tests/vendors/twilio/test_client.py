"""The vendor's own client library, as it comes from the package index, against a real server on loopback."""

import datetime as dt
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.support.factories import BROWSER, TARGET, TEXT, Sender, make_account
from tests.support.hooks import Hook, HookRequest
from tests.support.waiting import until

TO, FROM, SERVICE = "+818012345678", "+15017122661", "MG" + "0a" * 16
REFUSED, FILTERED, SILENT, ABSENT = "+818012349907", "+818012349903", "+818012349908", "+818012349902"
OTHER = "https://shop.example.com/terms"


def client_of(sender: Sender, server: str) -> Client:
    client = Client(f"AC{sender.sid}", sender.token)
    client.api.base_url = client.messaging.base_url = server
    return client


@pytest.fixture
def vendor(server: str, sender: Sender) -> Client:
    return client_of(sender, server)


def send(vendor: Client, **changes: Any) -> Any:
    return vendor.messages.create(**{"to": TO, "from_": FROM, "body": TEXT, **changes})


def refused(call: Any) -> tuple[int, int, str]:
    with pytest.raises(TwilioRestException) as raised:
        call()
    return raised.value.status, raised.value.code, raised.value.msg


def click(text: str) -> str:
    """Open the first link of a text as a person; where it leads."""
    [shortlink, *_] = [word for word in text.split() if word.startswith("http")]
    return requests.get(shortlink, headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=10).headers[
        "Location"
    ]


# Send and look


def test_a_sent_message_is_delivered(vendor: Client, sender: Sender) -> None:
    sent = send(vendor, messaging_service_sid=SERVICE, provide_feedback=True, smart_encoded=True)
    assert (sent.sid[:2], len(sent.sid), sent.account_sid) == ("SM", 34, f"AC{sender.sid}")
    assert (sent.status, sent.to, sent.from_, sent.messaging_service_sid) == ("accepted", TO, FROM, SERVICE)
    assert (sent.num_segments, sent.num_media, sent.price, sent.error_code) == ("1", "0", None, None)
    assert (sent.direction, sent.api_version, sent.date_sent) == ("outbound-api", "2010-04-01", None)
    until(lambda: vendor.messages(sent.sid).fetch().status == "delivered")
    found = vendor.messages(sent.sid).fetch()
    assert found.date_created <= found.date_sent <= found.date_updated
    assert dt.datetime.now(dt.UTC) - found.date_created < dt.timedelta(minutes=2)


def test_every_link_is_replaced(vendor: Client) -> None:
    sent = send(vendor, body=f"{TARGET} and {OTHER}", shorten_urls=True)
    first, second = sent.body.split(" and ")
    assert (click(first), click(second)) == (TARGET, OTHER)
    assert vendor.messages(sent.sid).fetch().body == sent.body


def test_no_link_is_replaced_unasked(vendor: Client, server: str) -> None:
    assert send(vendor, shorten_urls=False).body == TEXT
    quiet = client_of(make_account("quiet", track_link=False), server)
    assert send(quiet).body == TEXT
    assert send(quiet, shorten_urls=True).body != TEXT


def test_a_service_sends_without_a_number(vendor: Client) -> None:
    for given in ({"messaging_service_sid": SERVICE, "from_": None}, {"from_": SERVICE}):
        sent = vendor.messages.create(**{"to": TO, "body": "Hello! こんにちは", **given})
        assert (sent.from_, sent.messaging_service_sid, sent.body) == (None, SERVICE, "Hello! こんにちは")


@pytest.mark.parametrize(
    ("to", "status", "code"),
    [(ABSENT, "undelivered", 30005), (FILTERED, "undelivered", 30007), (REFUSED, "failed", 30008)],
)
def test_a_failure_has_the_vendors_code(vendor: Client, to: str, status: str, code: int) -> None:
    sent = send(vendor, to=to)
    until(lambda: vendor.messages(sent.sid).fetch().status == status)
    found = vendor.messages(sent.sid).fetch()
    assert found.error_code == code and found.error_message


def test_a_scheduled_message_can_be_canceled(vendor: Client) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    sent = send(vendor, messaging_service_sid=SERVICE, send_at=later, schedule_type="fixed", validity_period=600)
    assert sent.status == "scheduled"
    assert vendor.messages(sent.sid).update(status="canceled").status == "canceled"
    assert vendor.messages(sent.sid).fetch().status == "canceled"
    delivered = send(vendor)
    until(lambda: vendor.messages(delivered.sid).fetch().status == "delivered")
    assert refused(lambda: vendor.messages(delivered.sid).update(status="canceled"))[:2] == (409, 30409)


# Erase


def test_a_text_can_be_erased(vendor: Client) -> None:
    sent = send(vendor)
    until(lambda: vendor.messages(sent.sid).fetch().status == "delivered")
    assert vendor.messages(sent.sid).update(body="").body == ""
    assert vendor.messages(sent.sid).fetch().body == ""
    assert click(sent.body) == TARGET


def test_a_deleted_message_is_unknown(vendor: Client) -> None:
    sent = send(vendor)
    until(lambda: vendor.messages(sent.sid).fetch().status == "delivered")
    assert vendor.messages(sent.sid).delete() is True
    assert refused(lambda: vendor.messages(sent.sid).fetch())[:2] == (404, 20404)
    assert refused(lambda: vendor.messages(sent.sid).delete())[:2] == (404, 20404)
    assert vendor.messages.list() == []
    assert click(sent.body) == TARGET


def test_an_open_message_cannot_be_erased(vendor: Client) -> None:
    sent = send(vendor, send_at=dt.datetime.now(dt.UTC) + dt.timedelta(days=3), schedule_type="fixed")
    assert refused(lambda: vendor.messages(sent.sid).delete())[:2] == (409, 20009)
    assert refused(lambda: vendor.messages(sent.sid).update(body=""))[:2] == (409, 20009)


# List


def test_a_list_has_every_page(vendor: Client) -> None:
    sids = [send(vendor, body=f"{number}").sid for number in range(5)]
    assert [found.sid for found in vendor.messages.list(page_size=2)] == sids[::-1]
    assert [found.sid for found in vendor.messages.list(limit=3)] == sids[:1:-1]
    page = vendor.messages.page(page_size=4)
    assert [found.sid for found in page.next_page()] == sids[:1]
    assert page.previous_page() is None
    assert [found.sid for found in vendor.messages.page(page_size=2, page_number=1)] == sids[2:0:-1]


def test_a_list_can_be_filtered(vendor: Client) -> None:
    sent, other = send(vendor), send(vendor, to="+818012340000", from_="SHOP")
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    for everything in ({}, {"date_sent_after": now - day}, {"date_sent_before": now + day}, {"date_sent": now}):
        assert len(vendor.messages.list(**everything)) == 2
    for nothing in ({"date_sent_after": now + day}, {"date_sent_before": now - day}, {"date_sent": now - 2 * day}):
        assert vendor.messages.list(**nothing) == []
    assert [found.sid for found in vendor.messages.list(to=TO)] == [sent.sid]
    assert [found.sid for found in vendor.messages.list(from_="SHOP", date_sent_after=now - day)] == [other.sid]
    assert vendor.messages.list(to="nobody") == []


# Callbacks


def is_signed(request: HookRequest, sender: Sender, hook: Hook) -> bool:
    validator = RequestValidator(sender.signing_secret)
    signature = request.headers["x-twilio-signature"]
    assert not RequestValidator(sender.token).validate(hook.url + request.target, request.form, signature)
    assert not validator.validate(hook.url + request.target, {**request.form, "more": "1"}, signature)
    return bool(validator.validate(hook.url + request.target, request.form, signature))


def test_each_status_is_called_back(vendor: Client, sender: Sender, hook: Hook) -> None:
    sent = send(vendor, status_callback=f"{hook.url}/status?order=1&name=a%20b", messaging_service_sid=SERVICE)
    first, second = sorted(hook.wait_for(2, "/status"), key=lambda one: one.form["MessageStatus"], reverse=True)
    assert (first.form["MessageStatus"], second.form["MessageStatus"]) == ("sent", "delivered")
    assert first.form == {
        "MessageSid": sent.sid,
        "SmsSid": sent.sid,
        "MessageStatus": "sent",
        "SmsStatus": "sent",
        "AccountSid": f"AC{sender.sid}",
        "MessagingServiceSid": SERVICE,
        "To": TO,
        "From": FROM,
        "ApiVersion": "2010-04-01",
    }
    assert is_signed(first, sender, hook) and is_signed(second, sender, hook)
    assert first.headers["content-type"].startswith("application/x-www-form-urlencoded")


def test_a_failure_is_called_back(vendor: Client, sender: Sender, hook: Hook) -> None:
    send(vendor, to=REFUSED, status_callback=f"{hook.url}/status")
    [told] = hook.wait_for(1)
    assert (told.form["MessageStatus"], told.form["ErrorCode"]) == ("failed", "30008")
    assert is_signed(told, sender, hook)


def test_the_first_click_is_called_back(vendor: Client, sender: Sender, hook: Hook) -> None:
    config = vendor.messaging.v1.domain_config("DN" + "1" * 32)
    config.update(callback_url=f"{hook.url}/clicked", fallback_url="https://shop.example.com/")
    sent = send(vendor, body=f"{OTHER} {TARGET}", shorten_urls=True)
    for _ in range(2):
        assert click(sent.body) == OTHER
    [told] = hook.wait_for(1)
    form = told.form
    at = dt.datetime.fromisoformat(form.pop("click_time"))
    assert dt.datetime.now(dt.UTC) - at < dt.timedelta(minutes=2)
    [shortlink, _] = sent.body.split()
    assert form == {
        "event_type": "click",
        "sms_sid": sent.sid,
        "account_sid": f"AC{sender.sid}",
        "to": TO,
        "from": FROM,
        "link": OTHER,
        "shortened_link": shortlink,
    }
    assert is_signed(told, sender, hook)


def test_settings_are_given_back(vendor: Client, server: str) -> None:
    config = vendor.messaging.v1.domain_config("DN" + "1" * 32)
    fresh = config.fetch()
    assert (fresh.callback_url, fresh.fallback_url, fresh.continue_on_failure) == (None, None, False)
    made = config.update(callback_url="https://crm.example.com/a", continue_on_failure=True, disable_https=False)
    assert (made.callback_url, made.continue_on_failure) == ("https://crm.example.com/a", True)
    assert (made.config_sid[:2], len(made.config_sid)) == ("ZK", 34)
    assert isinstance(made.date_created, dt.datetime)
    assert made.url == f"{server}/v1/LinkShortening/Domains/{made.domain_sid}/Config"
    changed = config.update(fallback_url="https://shop.example.com/", callback_url="")
    assert (changed.callback_url, changed.fallback_url) == (None, "https://shop.example.com/")
    assert changed.date_created == made.date_created
    assert config.fetch().fallback_url == "https://shop.example.com/"
    assert refused(lambda: config.update(callback_url="http://169.254.169.254/"))[:2] == (400, 20422)


# Refusals


def test_a_wrong_field_has_the_vendors_code(vendor: Client) -> None:
    assert refused(lambda: send(vendor, to=None)) == (
        400,
        21604,
        "Unable to create record: A 'To' phone number is required.",
    )
    assert refused(lambda: send(vendor, body="x" * 1_601))[:2] == (400, 21617)
    assert refused(lambda: send(vendor, send_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), schedule_type="fixed"))[:2] == (
        400,
        35114,
    )


def test_wrong_credentials_open_nothing(server: str, sender: Sender, other_sender: Sender) -> None:
    wrong = Client(f"AC{sender.sid}", other_sender.token)
    wrong.api.base_url = wrong.messaging.base_url = server
    for call in (lambda: send(wrong), lambda: wrong.messages("SM" + "a" * 32).fetch(), lambda: wrong.messages.page()):
        with pytest.raises(Exception, match=r"401|fetch page"):
            call()
    assert refused(lambda: send(wrong))[:2] == (401, 20003)


def test_another_accounts_message_is_unknown(vendor: Client, server: str, other_sender: Sender) -> None:
    sent, stranger = send(vendor), client_of(other_sender, server)
    messages = stranger.messages
    for call in (
        lambda: messages(sent.sid).fetch(),
        lambda: messages(sent.sid).update(body=""),
        lambda: messages(sent.sid).update(status="canceled"),
        lambda: messages(sent.sid).delete(),
        lambda: stranger.api.v2010.accounts(sent.account_sid).messages(sent.sid).fetch(),
    ):
        assert refused(call)[:2] == (404, 20404)
    assert messages.list() == []


def test_an_sid_needs_no_prefix(server: str, sender: Sender) -> None:
    vendor = Client(sender.sid, sender.token)
    vendor.api.base_url = server
    assert vendor.messages(send(vendor).sid).fetch().account_sid == f"AC{sender.sid}"
