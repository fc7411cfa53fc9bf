"""A client of Vonage sends through two instances, each with Vonage's format; receipts come back through both."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vonage import Auth, HttpClientOptions, Vonage
from vonage_sms import MessageResponse, SmsMessage

from tests.support.factories import TARGET
from tests.support.hooks import Hook
from tests.support.tls_front import tls_front
from tests.support.waiting import until
from tests.vendors.chain import Chain, Chaining, Instance

Send = Callable[[str], MessageResponse]  # to this number
TEXT = f"お荷物 & more: {TARGET} 🚚"


def api_of(second: Instance) -> str:
    return f"http://{second.sender.sid}:{second.sender.token}@{second.address}"


@pytest.fixture
def chain(chaining: Chaining) -> Chain:
    return chaining("vonage", api_of)


@pytest.fixture
def send(chain: Chain, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Send]:
    """Sends a message with the vendor's Python client."""
    sender = chain.first.sender
    with tls_front(chain.first.url, tmp_path) as front:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(front.authority))
        options = HttpClientOptions(rest_host=front.address, api_host=front.address)
        vonage = Vonage(Auth(api_key=sender.sid, api_secret=sender.token), options)

        def send(number: str) -> MessageResponse:
            fields = {"to": number, "from_": "Acme", "text": TEXT, "callback": f"{hook.url}/dlr"}
            [entry] = vonage.sms.send(SmsMessage(client_ref="campaign-7", ttl=3_600_000, **fields)).messages
            return entry

        yield send


def receipts_of(hook: Hook) -> list[dict[str, str]]:
    return [request.json for request in list(hook.requests)]


def checker(chain: Chain) -> Auth:
    return Auth(
        api_key=chain.first.sender.sid, signature_secret=chain.first.sender.signing_secret, signature_method="sha256"
    )


def test_a_text_is_rewritten_once_and_delivered(chain: Chain, send: Send, hook: Hook) -> None:
    entry = send("447700900001")
    chain.wait_for("delivered")
    [first], [second] = chain.first.messages(), chain.second.messages()
    report = chain.first.report(entry.message_id)
    assert report["message"] == TEXT.replace(TARGET, report["link_tracking"]["shortlink"])
    assert chain.second.report(second.msgid)["message"] == report["message"]
    assert (first.msgid, second.recipient, second.sender) == (entry.message_id, "+447700900001", "Acme")
    assert second.vendor_fields == {"client-ref": first.msgid}
    until(lambda: "delivered" in [receipt["status"] for receipt in receipts_of(hook)])
    for receipt in receipts_of(hook):  # also `accepted`, unless the second instance's receipts overtook each other
        assert (receipt["messageId"], receipt["client-ref"]) == (first.msgid, "campaign-7")
        assert checker(chain).check_signature(receipt)


@pytest.mark.parametrize(
    ("number", "state", "code"),
    [("447700909902", "failed", "3"), ("447700909903", "rejected", "6"), ("447700909901", "expired", "1")],
)
def test_a_reason_comes_back_through_both(
    chain: Chain, send: Send, hook: Hook, number: str, state: str, code: str
) -> None:
    send(number)
    chain.wait_for(state)
    hook.wait_for(1, "/dlr")
    [receipt] = receipts_of(hook)
    assert (receipt["status"], receipt["err-code"], receipt["msisdn"]) == (state, code, number)
    assert checker(chain).check_signature(receipt)
