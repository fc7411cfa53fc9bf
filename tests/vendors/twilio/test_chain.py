"""A client of Twilio sends through two instances, each with Twilio's format; statuses come back through both."""

from typing import Any

import pytest
import requests
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.support.factories import BROWSER, TARGET
from tests.support.hooks import Hook
from tests.vendors.chain import Chain, Chaining, Instance

TEXT = f"お荷物 & more: {TARGET} 🚚"
SERVICE = "MG" + "0a" * 16


def api_of(second: Instance) -> str:
    return f"http://AC{second.sender.sid}:{second.sender.token}@{second.address}"


@pytest.fixture
def chain(chaining: Chaining) -> Chain:
    return chaining("twilio", api_of)


@pytest.fixture
def vendor(chain: Chain) -> Client:
    client = Client(f"AC{chain.first.sender.sid}", chain.first.sender.token)
    client.api.base_url = client.messaging.base_url = chain.first.url
    return client


def send(vendor: Client, to: str, hook: Hook, **more: Any) -> Any:
    return vendor.messages.create(to=to, body=TEXT, shorten_urls=True, status_callback=f"{hook.url}/status", **more)


def statuses(chain: Chain, hook: Hook, count: int) -> set[tuple[str, str | None]]:
    """The statuses that were told, with their codes, all signed."""
    told = hook.wait_for(count, "/status")
    validator = RequestValidator(chain.first.sender.signing_secret)
    for one in told:
        assert validator.validate(hook.url + one.target, one.form, one.headers["x-twilio-signature"])
    return {(one.form["MessageStatus"], one.form.get("ErrorCode")) for one in told}


def test_a_text_is_rewritten_once_and_delivered(chain: Chain, vendor: Client, hook: Hook) -> None:
    sent = send(vendor, "+447700900001", hook, from_="Acme", messaging_service_sid=SERVICE)
    chain.wait_for("delivered")
    [second] = chain.second.messages()
    assert chain.second.report(second.msgid)["message"] == sent.body != TEXT
    assert (second.recipient, second.sender) == ("+447700900001", "Acme")
    assert second.vendor_fields == {"messaging_service_sid": SERVICE}
    assert statuses(chain, hook, 2) == {("sent", None), ("delivered", None)}
    [shortlink] = [word for word in sent.body.split() if word.startswith("http")]
    clicked = requests.get(shortlink, headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=10)
    assert clicked.headers["Location"] == TARGET


@pytest.mark.parametrize(
    ("to", "state", "status", "code"),
    [
        ("+447700909902", "failed", "undelivered", 30005),
        ("+447700909903", "rejected", "undelivered", 30007),
        ("+447700909907", "rejected", "undelivered", 30008),
    ],
)
def test_a_reason_comes_back_through_both(
    chain: Chain, vendor: Client, hook: Hook, to: str, state: str, status: str, code: int
) -> None:
    sent = send(vendor, to, hook, from_="Acme")
    chain.wait_for(state)
    found = vendor.messages(sent.sid).fetch()
    assert (found.status, found.error_code) == (status, code)
    assert statuses(chain, hook, 2) == {("sent", None), (status, str(code))}


def test_a_service_can_send_alone(chain: Chain, vendor: Client, hook: Hook) -> None:
    service_alone = send(vendor, "+447700900001", hook, messaging_service_sid=SERVICE)
    chain.wait_for("delivered")
    assert chain.second.messages()[0].sender == SERVICE
    assert vendor.messages(service_alone.sid).fetch().from_ is None
