"""Kannel takes messages, refuses them, or leaves us unsure: a real one, and servers that behave badly."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shortener.outbound.client import Answer
from shortener.rules.delivery import server_address
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken, Unsure
from shortener.sending.kannel.gateway import Kannel, judge
from tests.support import kannel
from tests.support.servers import SHORT, Behaviour, Call, parsed, patience, receiving
from tests.support.waiting import until

TEXT = "荷物をお届けします https://s.example.com/Ab3dEf9hIj"
OUTGOING = Outgoing(
    msgid="Zq3" * 10 + "ab",
    sender="Acme",
    recipient="+818012345678",
    text=TEXT,
    receipt_url="http://127.0.0.1:8000/receipts/kannel/Zq3/NOGLjZJ0qpoF-Eau",
    seconds_left=3600,
)
TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 24\r\n\r\n0: Accepted for delivery"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kannel.Kannel]:
    with kannel.running(tmp_path_factory.mktemp("kannel"), limits='white-list-regex = "^[+]81"') as made:
        yield made


def gateway(url: str, **given: Any) -> Kannel:
    return Kannel(server_address.parse(url, HTTP_PORTS), **given)


def handed(behaviour: Behaviour | bytes, **given: Any) -> HandOver:
    """What becomes of a message at a server that behaves so."""
    with receiving(behaviour, **given) as server:
        return gateway(f"http://tester:foobar@127.0.0.1:{server.port}", timeout=patience(behaviour)).hand_over(OUTGOING)


def answer(status: str, body: str = "", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "Your parcel: https://s.example.com/Ab3dEf9hIj?x=1&y=%20#z",
        "é€[ok]@$_ {braces} ~ ^ \\ |",
        "二行の\n本文 ",
        "emoji \N{PACKAGE} and 한국어 + 100%",
        "x" * 160,
    ],
)
def test_a_text_arrives_as_it_is(house: kannel.Kannel, text: str) -> None:
    before = len(house.phones())
    taken = gateway(house.url()).hand_over(replace(OUTGOING, text=text))
    assert isinstance(taken, Taken) and (taken.status, taken.answer) == (202, b"0: Accepted for delivery")
    until(lambda: len(house.phones()) > before)
    assert house.phones()[before:] == [("Acme", "+818012345678", text)]


@pytest.mark.parametrize("text", ["long " * 200, "長い" * 500])
def test_a_long_text_arrives_in_parts(house: kannel.Kannel, text: str) -> None:
    before = len(house.phones())
    assert isinstance(gateway(house.url()).hand_over(replace(OUTGOING, text=text)), Taken)
    until(lambda: "".join(part for _, _, part in house.phones()[before:]) == text)


def test_a_refused_number_is_refused_for_good(house: kannel.Kannel) -> None:
    refused = gateway(house.url()).hand_over(replace(OUTGOING, recipient="+4915112345678"))
    assert isinstance(refused, Refused)
    assert (refused.status, refused.code, refused.reason) == (400, "400", Reason.PROVIDER_BLOCK)


def test_a_wrong_password_lets_messages_wait(house: kannel.Kannel) -> None:
    """The operator will correct it; until then no message is lost."""
    waits = gateway(house.url(password="wrong")).hand_over(OUTGOING)
    assert isinstance(waits, NotNow) and waits.status == 403
    assert "wrong" not in repr(waits)


def test_a_wrong_path_lets_messages_wait(house: kannel.Kannel) -> None:
    url = house.url().replace("/cgi-bin/sendsms", "/cgi-bin/other")
    assert isinstance(gateway(url).hand_over(OUTGOING), NotNow)


def test_all_is_said_in_headers() -> None:
    with receiving(TAKEN) as server:
        gateway(f"http://te%40ster:p%3Aw@127.0.0.1:{server.port}", smsc="carrier a").hand_over(OUTGOING)
    headers, body = parsed(server.requests[0])
    assert server.requests[0].startswith(b"POST /cgi-bin/sendsms HTTP/1.1\r\n")
    assert body.decode() == TEXT
    assert {name.removeprefix("x-kannel-"): value for name, value in headers.items() if "kannel" in name} == {
        "username": "te@ster",
        "password": "p:w",
        "from": "Acme",
        "to": "+818012345678",
        "coding": "2",
        "validity": "60",
        "smsc": "carrier a",
        "dlr-mask": "31",
        "dlr-url": f"{OUTGOING.receipt_url}?type=%d&answer=%A&ref=%F&at=%T",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"sender": "Acme\r\nX-Kannel-To: 1"},
        {"sender": "Acme\n"},
        {"sender": "アクメ"},
        {"sender": ""},
        {"recipient": "+818012345678 +818012345679"},
        {"recipient": "+81\r\nX: y"},
        {"recipient": "anna@example.com"},
        {"recipient": "+８１"},
        {"text": None},
        {"text": ""},
    ],
)
def test_nothing_can_end_a_header(changed: dict[str, Any]) -> None:
    with receiving(TAKEN) as server:
        refused = gateway(f"http://tester:foobar@127.0.0.1:{server.port}").hand_over(replace(OUTGOING, **changed))
    assert isinstance(refused, Refused) and refused.reason is Reason.BAD_MESSAGE
    assert server.calls == 0


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (TAKEN, Taken),
        (answer("202 Accepted", "3: Queued for later delivery"), Taken),
        (answer("400 Bad Request", "Missing receiver(s) number(s), rejected"), Refused),
        (answer("422 Unprocessable", "no"), Refused),
        (answer("403 Forbidden", "This sender is not allowed"), Refused),
        (answer("403 Forbidden", "Authorization failed for sendsms"), NotNow),
        (answer("404 Not Found", "Unknown request."), NotNow),
        (answer("429 Too Many Requests"), NotNow),
        (answer("503 Service Unavailable", "Temporal failure, try again later."), NotNow),
        (answer("500 Internal Server Error"), NotNow),
        (answer("502 Bad Gateway", "upstream prematurely closed connection"), Unsure),
        (answer("504 Gateway Time-out"), Unsure),
        (answer("302 Found", "", "Location: http://127.0.0.1/"), NotNow),
        (answer("200 OK", "<h1>It works!</h1>"), Unsure),
        (answer("204 No Content"), Unsure),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Unsure),
        (b"\0\xff" * 100_000, Unsure),
        (b"", Unsure),
    ],
)
def test_an_answer_decides_what_follows(said: bytes, kind: type[HandOver]) -> None:
    assert isinstance(handed(said), kind)


def test_a_busy_gateway_may_say_how_long() -> None:
    busy = handed(answer("503 Service Unavailable", "", "Retry-After: 40"))
    assert isinstance(busy, NotNow) and busy.retry_after == 40


def hang(call: Call) -> None:
    call.hang()


def drip(call: Call) -> None:
    call.drip(TAKEN)


def reset(call: Call) -> None:
    call.reset()


@pytest.mark.parametrize("behaviour", [hang, drip, reset])
def test_a_missing_answer_leaves_us_unsure(behaviour: Behaviour) -> None:
    assert isinstance(handed(behaviour), Unsure)


def test_a_taken_message_stays_taken() -> None:
    """The status line came; that the rest of the answer did not come changes nothing."""
    assert isinstance(handed(lambda call: (call.say(TAKEN[:40]), call.hang())[0]), Taken)


def test_a_stopped_gateway_did_not_get_it() -> None:
    with receiving() as server:
        port = server.port
    waits = gateway(f"http://tester:foobar@127.0.0.1:{port}").hand_over(OUTGOING)
    assert isinstance(waits, NotNow) and waits.status is None


def test_a_gateway_without_a_handshake_did_not_get_it() -> None:
    """It speaks no TLS, so nothing of the message was written."""
    with receiving(b"") as server:
        waits = gateway(f"https://tester:foobar@127.0.0.1:{server.port}", timeout=SHORT).hand_over(OUTGOING)
    assert isinstance(waits, NotNow)


def test_an_unknown_host_did_not_get_it() -> None:
    unresolved = Answer(AttemptOutcome.UNRESOLVED, None, "the name has no address")
    assert judge(unresolved) == NotNow(sentence="Kannel: the name has no address")


def test_no_password_or_number_is_told() -> None:
    for outcome in (handed(TAKEN), handed(b""), handed(answer("500 Oops", "+818012345678 is broken"))):
        assert "foobar" not in repr(outcome) and "818012345678" not in repr(outcome)
    assert "foobar" not in repr(gateway("http://tester:foobar@127.0.0.1"))
