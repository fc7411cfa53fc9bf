"""A vendor's API takes messages, refuses them or leaves us unsure, and answers questions about them."""

import contextlib
import datetime as dt
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery import server_address
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken, Unsure
from shortener.sending.large import AT_ONCE, LARGE
from shortener.sending.vendor_api import ASK_AFTER, KEEP, Asked, Call, VendorApi, VendorGateway
from tests.support.servers import LONG, SHORT, Behaviour, parsed, patience, receiving
from tests.support.vendors.acme.gateway import GATEWAY

NUMBER = "+818012345678"
OUTGOING = Outgoing(
    msgid="Zq3" * 10 + "ab",
    sender="Acme",
    recipient=NUMBER,
    text="荷物 https://s.example.com/Ab3dEf9hIj",
    extras={"buttons": ["open"]},
    receipt_url="https://s.example.com/receipts/acme/Zq3/NOGLjZJ0qpoF-Eau",
)
ASKED = Asked(msgid=OUTGOING.msgid, reference="A 1", recipient=NUMBER, sent_on=dt.datetime(2026, 11, 29, tzinfo=dt.UTC))


def gateway(port: int, api: VendorApi = GATEWAY, scheme: str = "http", timeout: float = LONG) -> VendorGateway:
    address = server_address.parse(f"{scheme}://shop:hunter2@127.0.0.1:{port}/v1", HTTP_PORTS)
    return VendorGateway("acme", api, address, timeout=timeout)


def answer(status: str, body: str = "", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", *headers, "", body]
    return "\r\n".join(lines).encode()


def handed(behaviour: Behaviour | bytes, **changed: Any) -> HandOver:
    with receiving(behaviour) as server:
        made = gateway(server.port, timeout=patience(behaviour))
        return made.hand_over(replace(OUTGOING, **changed))


def asked(said: Behaviour | bytes) -> Any:
    with receiving(said) as server:
        return gateway(server.port, timeout=patience(said)).ask(ASKED)


TAKEN = answer("200 OK", '{"result": "taken", "id": "A 1"}')


def test_a_message_goes_out_as_the_vendor_wants_it() -> None:
    with receiving(TAKEN) as server:
        taken = gateway(server.port).hand_over(OUTGOING)
    assert isinstance(taken, Taken)
    assert (taken.reference, taken.status, taken.ask_after) == ("A 1", 200, ASK_AFTER)
    headers, body = parsed(server.requests[0])
    assert server.requests[0].startswith(b"POST /v1/messages HTTP/1.1\r\n")
    assert headers["authorization"] == "Basic c2hvcDpodW50ZXIy"
    assert json.loads(body) == {
        "reference": OUTGOING.msgid,
        "to": NUMBER,
        "from": "Acme",
        "text": OUTGOING.text,
        "callback": OUTGOING.receipt_url,
        "buttons": ["open"],
    }


def test_a_vendor_that_reports_itself_is_not_asked() -> None:
    api = replace(GATEWAY, ask=None, answered=None)
    with receiving(TAKEN) as server:
        made = gateway(server.port, api)
        assert (made.is_asked, made.ask(ASKED)) == (False, ())
        taken = made.hand_over(OUTGOING)
    assert isinstance(taken, Taken) and taken.ask_after is None
    assert server.calls == 1


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (TAKEN, Taken),
        (answer("200 OK", '{"result": "busy"}'), NotNow),
        (answer("403 Forbidden", "{}"), Refused),
        (answer("403 Forbidden", "no"), NotNow),
        (answer("400 Bad Request", "{}"), Refused),
        (answer("422 Unprocessable", "no"), Refused),
        (answer("401 Unauthorized", "{}"), NotNow),
        (answer("402 Payment Required"), NotNow),
        (answer("404 Not Found"), NotNow),
        (answer("405 Method Not Allowed"), NotNow),
        (answer("408 Request Timeout"), NotNow),
        (answer("425 Too Early"), NotNow),
        (answer("429 Too Many Requests"), NotNow),
        (answer("500 Internal Server Error"), NotNow),
        (answer("503 Service Unavailable", "{}"), NotNow),
        (answer("302 Found", "", "Location: http://127.0.0.1/"), NotNow),
        (answer("502 Bad Gateway"), Unsure),
        (answer("520 Unknown Error"), Unsure),
        (answer("524 A Timeout Occurred"), Unsure),
        (answer("504 Gateway Time-out"), Unsure),
        (answer("200 OK", '{"result": "taken"}'), Unsure),
        (answer("200 OK", "[" * 50_000), Unsure),
        (answer("200 OK", "<h1>It works!</h1>"), Unsure),
        (answer("204 No Content"), Unsure),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Unsure),
        (b"\0\xff" * 100_000, Unsure),
        (b"", Unsure),
    ],
)
def test_an_answer_decides_what_follows(said: bytes, kind: type[HandOver]) -> None:
    assert isinstance(handed(said), kind)


@pytest.mark.parametrize(
    "behaviour", [lambda call: call.hang(), lambda call: call.drip(TAKEN), lambda call: call.reset()]
)
def test_a_missing_answer_leaves_us_unsure(behaviour: Behaviour) -> None:
    assert isinstance(handed(behaviour), Unsure)


def test_a_long_answer_is_read_as_a_whole() -> None:
    text = "長" * 20_000
    taken = handed(answer("200 OK", json.dumps({"text": text, "result": "taken", "id": "A1"}, ensure_ascii=False)))
    assert isinstance(taken, Taken) and taken.reference == "A1"


def test_the_answer_of_a_taken_message_goes() -> None:
    taken = handed(answer("200 OK", json.dumps({"text": "Your parcel", "result": "taken", "id": "A1"})))
    assert isinstance(taken, Taken) and (taken.sentence, taken.answer) == ("acme answered 200", None)


def test_what_cannot_be_stored_is_replaced() -> None:
    for said, kept in (("x " * 20_000, "x " * 100), ("a\0b", "a\ufffdb"), ("\ud800", "\ufffd"), (7, "7")):
        taken = handed(answer("200 OK", json.dumps({"result": "taken", "id": said})))
        assert isinstance(taken, Taken) and taken.reference == kept
    api = replace(GATEWAY, read=lambda *_: Refused(code="\0" * 40_000))
    with receiving(TAKEN) as server:
        refused = gateway(server.port, api).hand_over(OUTGOING)
    assert isinstance(refused, Refused) and refused.code == "\ufffd" * 200


@pytest.mark.parametrize(("over", "kind"), [(0, Taken), (1, Unsure)])
def test_an_answer_is_read_up_to_a_limit(over: int, kind: type[HandOver]) -> None:
    """What is cut off is no JSON any more."""
    start = '{"result": "taken", "id": "A1", "text": "'
    body = (start + "x " * KEEP)[: KEEP + over - 2] + '"}'
    assert len(body) == KEEP + over
    assert isinstance(handed(answer("200 OK", body)), kind)


def test_a_conflict_is_waited_for() -> None:
    """So another installation answers in its quiet hours."""
    assert isinstance(handed(answer("409 Conflict", "{}")), NotNow)


def test_a_busy_vendor_may_say_how_long() -> None:
    busy = handed(answer("503 Service Unavailable", "", "Retry-After: 40"))
    assert isinstance(busy, NotNow) and busy.retry_after == 40
    busy = handed(answer("200 OK", '{"result": "busy"}'))
    assert isinstance(busy, NotNow) and busy.retry_after == 7


def test_a_stopped_vendor_did_not_get_it() -> None:
    with receiving() as server:
        port = server.port
    waits = gateway(port).hand_over(OUTGOING)
    assert isinstance(waits, NotNow) and waits.status is None


def test_a_vendor_without_a_handshake_did_not_get_it() -> None:
    with receiving(b"") as server:
        assert isinstance(gateway(server.port, scheme="https", timeout=SHORT).hand_over(OUTGOING), NotNow)


def test_what_the_vendor_cannot_have_is_refused() -> None:
    with receiving(TAKEN) as server:
        refused = gateway(server.port).hand_over(replace(OUTGOING, sender="Acme Shop"))
    assert refused == Refused(sentence="the sender of ... must have no space", reason=Reason.BAD_MESSAGE)
    assert server.calls == 0


def unwritable(address: Any, given: Any) -> Call:
    return Call(method="POST", url=address.url, headers={"X-To": f"{NUMBER}\r\n"})


def broken(address: Any, given: Any) -> Call:
    raise ZeroDivisionError(NUMBER)


@pytest.mark.parametrize("call", [unwritable, broken])
def test_a_request_that_cannot_be_made_waits(call: Callable[..., Call], caplog: pytest.LogCaptureFixture) -> None:
    with receiving(TAKEN) as server:
        waits = gateway(server.port, replace(GATEWAY, call=call)).hand_over(OUTGOING)
        assert not gateway(server.port, replace(GATEWAY, ask=call)).ask(ASKED)
    assert isinstance(waits, NotNow) and server.calls == 0
    assert OUTGOING.msgid in caplog.text and "cannot be" in caplog.text


def test_no_password_or_number_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = '{"result": "busy", "why": "hunter2 and 8012345678"}'
    for said in (answer("200 OK", body), answer("400 no", body), answer("200 OK", body.replace("busy", "?")), b""):
        outcome = handed(said)
        assert "hunter2" not in repr(outcome) and "12345678" not in repr(outcome)
    with receiving(TAKEN) as server:
        made = gateway(server.port)
        assert "hunter2" not in repr(made) + repr(GATEWAY.call(made._address, OUTGOING))
        assert "hunter2" not in repr(Call(method="GET", url="https://api.example?token=hunter2", headers={}))
        assert "12345678" not in repr(GATEWAY.call(made._address, OUTGOING)) + repr(OUTGOING) + repr(ASKED)
    assert "12345678" not in caplog.text


@pytest.mark.parametrize("behaviour", [lambda call: call.hang(), lambda call: call.reset(), b"", b"\0\r\n\r\n", TAKEN])
def test_a_password_in_a_query_is_not_logged(behaviour: Behaviour | bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A vendor may want its token there."""
    caplog.set_level(logging.DEBUG)

    def ask(address: Any, given: Any) -> Call:
        return Call(method="GET", url=f"{address.url}?token={address.password}", headers={})

    with receiving(behaviour) as server:
        gateway(server.port, replace(GATEWAY, ask=ask), timeout=patience(behaviour)).ask(ASKED)
        gateway(server.port, replace(GATEWAY, call=ask), timeout=patience(behaviour)).hand_over(OUTGOING)
        assert b"hunter2" in server.requests[0]
    stopped = gateway(server.port, replace(GATEWAY, call=ask)).hand_over(OUTGOING)
    assert "hunter2" not in caplog.text + repr(stopped)


def test_the_time_of_writing_counts() -> None:
    """An attempt that began long ago has no time left."""
    with receiving(TAKEN) as server:
        waits = gateway(server.port).hand_over(replace(OUTGOING, begun=time.monotonic() - LONG))
    assert isinstance(waits, NotNow) and server.calls == 0


def test_large_messages_wait_for_each_other() -> None:
    large = replace(OUTGOING, attached_bytes=LARGE + 1)
    with receiving(TAKEN) as server, contextlib.ExitStack() as stack:
        made = gateway(server.port)
        for _ in range(AT_ONCE):
            stack.enter_context(made._large._free)
        begun = time.monotonic()
        waits = made.hand_over(replace(large, begun=begun - LONG / 2 + SHORT))
        assert isinstance(waits, NotNow) and time.monotonic() - begun < LONG / 2
        assert isinstance(made.hand_over(OUTGOING), Taken)
        stack.close()
        assert isinstance(made.hand_over(large), Taken)


# Questions


def test_the_answer_to_a_question_has_receipts() -> None:
    with receiving(answer("200 OK", '{"states": ["accepted", "delivered"]}')) as server:
        found = gateway(server.port).ask(ASKED)
    assert server.requests[0].startswith(b"GET /v1/messages/A%201 HTTP/1.1\r\n")
    assert found == [
        IncomingReceipt(gateway="acme", state=state, gateway_ref="A 1")
        for state in (MessageState.ACCEPTED, MessageState.DELIVERED)
    ]


def test_a_receipt_of_an_answer_can_be_stored() -> None:
    odd = IncomingReceipt(
        gateway="acme",
        state=MessageState.FAILED,
        gateway_ref="r" * 40_000,
        references=("a\0",),
        code="\0" * 300,
        raw="\ud800",
    )
    with receiving(TAKEN) as server:
        found = gateway(server.port, replace(GATEWAY, answered=lambda *_: [odd])).ask(ASKED)
    assert found == [replace(odd, gateway_ref="r" * 200, references=("a\ufffd",), code="\ufffd" * 200, raw="\ufffd")]


@pytest.mark.parametrize("said", [b"", answer("429 Too Many Requests"), answer("503 Service Unavailable"), b"\0"])
def test_a_vendor_that_cannot_answer_now_is_left(said: bytes) -> None:
    assert asked(said) is None


@pytest.mark.parametrize(
    "said", [answer("404 Not Found"), answer("200 OK", "no"), answer("200 OK", '{"states": ["lost"]}')]
)
def test_an_odd_answer_has_no_receipts(said: bytes) -> None:
    assert list(asked(said)) == []


def test_a_question_has_a_deadline_of_its_own() -> None:
    made = VendorGateway("acme", GATEWAY, server_address.parse("https://api.example", HTTP_PORTS))
    assert (made.timeout, made._client._timeout, made._asking_client._timeout) == (15, 15, 5)
    mail = VendorGateway("acme", replace(GATEWAY, channels=frozenset(Channel)), made._address)
    assert (mail.timeout, mail._client._timeout, mail._asking_client._timeout) == (60, 60, 5)
    made.close_idle(0)
