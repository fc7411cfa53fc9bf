"""The vendor's own Python client, as it comes from the package index, against a real server on loopback."""

import datetime as dt
from typing import Any

import pytest
from vonage import Auth, HttpClientOptions, Vonage
from vonage_http_client.errors import AuthenticationError, HttpRequestError
from vonage_sms import MessageResponse, SmsError, SmsMessage

from tests.support import database_faults
from tests.support.factories import TARGET, TEXT, Sender, disable_account, make_account
from tests.support.hooks import Hook
from tests.support.tls_front import TlsFront

NUMBER = "447700900001"
DIGESTS = ("md5", "sha1", "sha256", "sha512")


class Clients:
    """Makes clients of the server, with the credentials of an account."""

    def __init__(self, front: TlsFront) -> None:
        self._options = HttpClientOptions(rest_host=front.address, api_host=front.address)

    def of(self, sender: Sender, **credentials: Any) -> Vonage:
        given = {"api_key": sender.sid, "api_secret": sender.token, **credentials}
        return Vonage(Auth(**{name: value for name, value in given.items() if value is not None}), self._options)


@pytest.fixture
def clients(tls_server: TlsFront) -> Clients:
    return Clients(tls_server)


@pytest.fixture
def vonage(clients: Clients, sender: Sender) -> Vonage:
    return clients.of(sender)


def send(vonage: Vonage, **fields: Any) -> MessageResponse:
    """Send a message; the only entry of the answer."""
    sent = vonage.sms.send(SmsMessage(**{"to": NUMBER, "from_": "Acme", "text": TEXT, **fields}))
    assert sent.message_count == "1"
    [entry] = sent.messages
    return entry


def raw(vonage: Vonage) -> dict[str, Any]:
    """The only entry of the last answer as it came, with the fields that the client passes over."""
    [entry] = vonage.http_client.last_response.json()["messages"]
    assert isinstance(entry, dict)
    return entry


def test_a_message_is_sent_and_rewritten(vonage: Vonage) -> None:
    entry = send(vonage)
    assert entry == MessageResponse(
        **{"to": NUMBER, "message-id": entry.message_id, "status": "0", "network": "00000"},
        **{"remaining-balance": "0", "message-price": "0"},
    )
    assert raw(vonage)["text"] == TEXT.replace(TARGET, raw(vonage)["shortlink"])


def test_every_option_is_taken(vonage: Vonage, hook: Hook) -> None:
    entry = send(
        vonage,
        sig="0123456789abcdef",
        client_ref="campaign 7 & 8=15 é" + "x" * 81,
        type="unicode",
        ttl=20_000,
        status_report_req=True,
        callback=f"{hook.url}/dlr",
        message_class=1,
        protocol_id=127,
        account_ref="unit-1",
        entity_id="e",
        content_id="c",
        trusted_number=True,
    )
    assert (entry.client_ref, entry.account_ref) == ("campaign 7 & 8=15 é" + "x" * 81, "unit-1")
    assert hook.wait_for(2, "/dlr")[-1].json["client-ref"] == entry.client_ref


def test_a_text_in_japanese_comes_back_whole(vonage: Vonage) -> None:
    text = f"お荷物の状況は {TARGET} をご覧ください。🚚&=+%\n100 % オフ"
    send(vonage, text=text, type="unicode")
    assert raw(vonage)["text"] == text.replace(TARGET, raw(vonage)["shortlink"])


@pytest.mark.parametrize("digest", DIGESTS)
def test_a_signed_message_is_sent(clients: Clients, sender: Sender, hook: Hook, digest: str) -> None:
    vonage = clients.of(sender, api_secret=None, signature_secret=sender.signing_secret, signature_method=digest)
    text = f"a & b = c {TARGET} こんにちは"
    entry = send(vonage, text=text, client_ref="a&b", callback=f"{hook.url}/dlr", status_report_req=True, ttl=20_000)
    assert (entry.status, entry.client_ref) == ("0", "a&b")
    assert raw(vonage)["text"] == text.replace(TARGET, raw(vonage)["shortlink"])
    assert "Authorization" not in vonage.http_client.last_request.headers
    vonage.sms.submit_sms_conversion(entry.message_id)


def test_a_wrong_signature_is_14(clients: Clients, sender: Sender) -> None:
    vonage = clients.of(sender, api_secret=None, signature_secret="whsec_wrong", signature_method="sha256")
    with pytest.raises(SmsError, match="error code 14: "):
        send(vonage)
    with pytest.raises(AuthenticationError):
        vonage.sms.submit_sms_conversion("x")


def test_a_conversion_is_taken(vonage: Vonage) -> None:
    message_id = send(vonage).message_id
    vonage.sms.submit_sms_conversion(message_id)
    vonage.sms.submit_sms_conversion(message_id, False, dt.datetime(2026, 11, 28, 12, 10, 29, tzinfo=dt.UTC))
    assert vonage.http_client.last_response.status_code == 200


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"to": "+447700900001"}, 3),
        ({"text": ""}, 2),
        ({"type": "binary", "udh": "00"}, 3),
        ({"from_": "配送"}, 15),
        ({"callback": "http://10.0.0.1/dlr"}, 23),
        ({"text": "x" * 10_001}, 12),
    ],
)
def test_a_wrong_field_has_its_number(vonage: Vonage, fields: dict[str, Any], number: int) -> None:
    with pytest.raises(SmsError, match=f"error code {number}: "):
        send(vonage, **fields)


def test_accounts_that_may_not_send_have_numbers(clients: Clients, sender: Sender, other_sender: Sender) -> None:
    limited = make_account("limited", monthly_limit=1)
    send(clients.of(limited))
    disable_account(sender.name)
    for vonage, number in (
        (clients.of(other_sender, api_secret="wrong"), 4),
        (clients.of(sender), 8),
        (clients.of(limited), 9),
    ):
        with pytest.raises(SmsError, match=f"error code {number}: "):
            send(vonage)
    with pytest.raises(AuthenticationError):
        clients.of(sender).sms.submit_sms_conversion("x")


def test_an_outage_is_no_answer_of_the_vendors(vonage: Vonage, database_url: str) -> None:
    send(vonage)
    with database_faults.read_only(database_url), pytest.raises(HttpRequestError) as raised:
        send(vonage)
    assert raised.value.response.status_code == 503
    assert raised.value.response.json()["messages"][0]["status"] == "5"


# Receipts


def receipts_of(hook: Hook, count: int) -> list[dict[str, Any]]:
    """So many receipts, by the order of their states; callbacks may overtake each other."""
    found = [request.json for request in hook.wait_for(count)]
    return sorted(found, key=lambda receipt: ["buffered", "accepted"].count(receipt["status"]), reverse=True)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("447700900001", [("accepted", "0"), ("delivered", "0")]),
        ("447700909901", [("expired", "1")]),
        ("447700909902", [("failed", "3")]),
        ("447700909903", [("rejected", "6")]),
    ],
)
def test_receipts_are_verified_by_the_client(
    vonage: Vonage, clients: Clients, sender: Sender, hook: Hook, number: str, told: list[tuple[str, str]]
) -> None:
    entry = send(vonage, to=number, callback=f"{hook.url}/dlr", client_ref="campaign-7")
    found = receipts_of(hook, len(told))
    assert [(receipt["status"], receipt["err-code"]) for receipt in found] == told
    checker = clients.of(sender, signature_secret=sender.signing_secret, signature_method="sha256").http_client.auth
    for receipt in found:
        assert (receipt["messageId"], receipt["msisdn"], receipt["to"]) == (entry.message_id, number, "Acme")
        assert (receipt["api-key"], receipt["client-ref"]) == (sender.sid, "campaign-7")
        assert checker.check_signature(dict(receipt))
        assert not checker.check_signature({**receipt, "status": "expired ", "err-code": "99"})
