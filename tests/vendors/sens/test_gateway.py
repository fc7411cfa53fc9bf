"""NAVER SENS as a gateway: the requests that go out, and what its answers mean."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from shortener.rules.delivery import server_address
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked, Call
from shortener.vendors.sens.gateway import GATEWAY
from shortener.vendors.sens.signature import ACCESS_KEY, SIGNATURE, TIMESTAMP, sign

SECRET = "whsec_a+b/c="
SMS, TALK = "ncp:sms:kr:1:shop", "ncp:kkobizmsg:kr:1:shop"
SENT_ON = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def address(path: str = f"/{SMS}/{TALK}") -> ServerAddress:
    text = f"https://access:{quote(SECRET, safe='')}@sens.example.com{path}"
    return server_address.parse(text, {"http": 80, "https": 443})


def call(text: str = "Hello", **fields: Any) -> Call:
    given = {"sender": "0215441234", "recipient": "+821012345678", **fields}
    return GATEWAY.call(address(), Outgoing(msgid="m1", text=text, **given))


def document(text: str = "Hello", **fields: Any) -> Any:
    return json.loads(call(text, **fields).body)


def read(status: int, answer: Any) -> HandOver | None:
    return GATEWAY.read(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())


def asked(reference: str) -> Asked:
    return Asked(msgid="m1", reference=reference, recipient=None, sent_on=SENT_ON)


def answered(entry: Any, reference: str = "r1", status: int = 200, others: Sequence[Any] = ()) -> Any:
    assert GATEWAY.answered is not None
    body = json.dumps({"messages": [*others, entry]}).encode()
    return GATEWAY.answered(status, body, asked(reference))


def is_signed(made: Call) -> bool:
    parts = urlsplit(made.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    signature = sign(SECRET, made.method, target, made.headers[TIMESTAMP], "access")
    return (made.headers[ACCESS_KEY], made.headers[SIGNATURE]) == ("access", signature)


def test_an_sms_goes_to_the_first_service() -> None:
    made = call("Héllo 안녕")
    assert (made.method, made.url) == ("POST", f"https://sens.example.com:443/sms/v2/services/{SMS}/messages")
    assert is_signed(made)
    assert json.loads(made.body) == {
        "type": "SMS",
        "countryCode": "82",
        "from": "0215441234",
        "content": "Héllo 안녕",
        "messages": [{"to": "01012345678"}],
    }


def test_friendtalk_goes_to_the_second_service() -> None:
    buttons = [{"type": "WL", "name": "Shop", "linkMobile": "https://shop.example.com"}]
    extras = {"plusFriendId": "@shop", "buttons": buttons, "countryCode": "82", "isAd": True, "other": 1}
    made = call(extras=extras, sender="@shop")
    assert made.url.endswith(f"/friendtalk/v2/services/{TALK}/messages")
    assert is_signed(made)
    message = {"buttons": buttons, "isAd": True, "countryCode": "82", "to": "01012345678", "content": "Hello"}
    assert json.loads(made.body) == {"plusFriendId": "@shop", "messages": [message]}


@pytest.mark.parametrize("path", ["/a%3Ab", "/a:b/", "/a:b"])
def test_one_service_may_do_for_both(path: str) -> None:
    outgoing = Outgoing(msgid="m1", text="x", sender="0215441234", recipient="+821012345678")
    assert GATEWAY.call(address(path), outgoing).url.endswith("/sms/v2/services/a:b/messages")


@pytest.mark.parametrize(
    ("text", "kind"), [("a" * 90, "SMS"), ("a" * 91, "LMS"), ("안" * 46, "LMS"), ("a" * 2000, "LMS")]
)
def test_a_long_text_is_an_lms(text: str, kind: str) -> None:
    assert document(text)["type"] == kind


def test_what_the_face_gave_is_kept() -> None:
    extras = {"type": "MMS", "contentType": "AD", "countryCode": "82", "subject": "Hi", "files": [{"fileId": "1"}]}
    found = document(extras=extras)
    assert {name: found[name] for name in extras} == extras


@pytest.mark.parametrize(("sender", "number"), [("+82215441234", "0215441234"), ("16881234", "16881234")])
def test_the_sender_is_dialled_in_korea(sender: str, number: str) -> None:
    assert document(sender=sender)["from"] == number


def test_other_countries_have_their_code() -> None:
    found = document(recipient="+819012345678")
    assert (found["countryCode"], found["messages"]) == ("81", [{"to": "9012345678"}])


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"sender": "SHOP"}, "Korean number"), ({"sender": "+14155550100"}, "Korean number"),
     ({"text": "a" * 2001}, "at most 2000"), ({"text": "a" * 91, "extras": {"type": "SMS"}}, "at most 90")],
)  # fmt: skip
def test_what_it_cannot_be_given_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(**fields)


def test_202_means_that_it_was_taken() -> None:
    assert read(202, {"requestId": "r1", "statusName": "success"}) == Taken(reference="r1")
    assert read(202, {"requestId": 5, "statusName": "success"}) == Taken(reference="5")
    taken = {"requestStatusCode": "A000", "requestStatusName": "success"}
    assert read(202, {"requestId": "r1", "messages": [taken]}) == Taken(reference="F:r1")


def test_a_refused_friend_has_its_reason() -> None:
    refused = {"requestStatusCode": "K208", "requestStatusName": "fail", "requestStatusDesc": "bad link"}
    found = read(202, {"requestId": "r1", "messages": [refused]})
    assert found == Refused(sentence="bad link", code="K208", reason=Reason.BAD_LINK)
    other = read(202, {"requestId": "r1", "messages": [{**refused, "requestStatusCode": "K999"}]})
    assert other == Refused(sentence="bad link", code="K999", reason=Reason.UNKNOWN)


def test_a_failed_request_is_refused() -> None:
    failed = {"requestId": "r1", "statusCode": "400", "statusName": "fail"}
    assert read(202, failed) == Refused(code="400")


@pytest.mark.parametrize("code", ["L429", "K303"])
def test_limits_and_quiet_hours_are_waited_for(code: str) -> None:
    said = {"requestStatusCode": code, "requestStatusName": "fail", "requestStatusDesc": "later"}
    assert read(202, {"requestId": "r1", "messages": [said]}) == NotNow(sentence="later")


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b"\xff", b"[" * 9999, {"requestId": None}, {"requestId": True}, {"requestId": ""}, {}],
)
def test_other_answers_are_judged_by_status(answer: Any) -> None:
    for status in (202, 200, 400, 401, 403, 429, 500):
        assert read(status, answer) is None


@pytest.mark.parametrize(
    ("reference", "target"),
    [("r 1", f"/sms/v2/services/{SMS}/messages?requestId=r+1"),
     ("F:r1", f"/friendtalk/v2/services/{TALK}/messages?requestId=r1")],
)  # fmt: skip
def test_it_is_asked_by_the_request(reference: str, target: str) -> None:
    assert GATEWAY.ask is not None
    made = GATEWAY.ask(address(), asked(reference))
    assert (made.method, made.url) == ("GET", f"https://sens.example.com:443{target}")
    assert is_signed(made)


def test_an_sms_that_arrived_is_delivered() -> None:
    entry = {"status": "COMPLETED", "statusCode": "0", "statusName": "success", "completeTime": "2026-11-28 21:10:00"}
    [receipt] = answered(entry)
    assert (receipt.state, receipt.msgid, receipt.gateway_ref) == (MessageState.DELIVERED, "m1", "r1")
    assert receipt.at == dt.datetime(2026, 11, 28, 12, 10, tzinfo=dt.UTC)
    assert (receipt.code, receipt.reason) == ("", Reason.NONE)


@pytest.mark.parametrize(
    ("code", "reason"), [("3001", Reason.UNKNOWN), ("4711", None), (None, Reason.UNKNOWN), ("x" * 999, None)]
)
def test_an_sms_that_failed_has_its_code(code: str | None, reason: Reason | None) -> None:
    [receipt] = answered({"status": "COMPLETED", "statusCode": code, "statusName": "fail", "completeTime": None})
    assert (receipt.state, receipt.code, receipt.reason, receipt.at) == (
        MessageState.FAILED,
        (code or "")[:200],
        reason,
        None,
    )


def test_what_another_installation_does_not_know_is_open() -> None:
    failed = {"status": "COMPLETED", "statusCode": "3001", "statusName": "fail", "completeTime": None}
    assert answered({**failed, "state": "unknown"}) == []
    assert len(answered({**failed, "state": "failed"})) == 1


def test_other_requests_in_the_answer_are_passed_over() -> None:
    other = {"requestId": "r2", "status": "COMPLETED", "statusCode": "3001", "statusName": "fail"}
    own = {"requestId": "r1", "status": "COMPLETED", "statusCode": "0", "statusName": "success"}
    [receipt] = answered(own, others=[other])
    assert receipt.state is MessageState.DELIVERED


@pytest.mark.parametrize(
    ("name", "code", "state", "reason"),
    [
        ("success", "0000", MessageState.DELIVERED, Reason.NONE),
        ("fail", "3018", MessageState.FAILED, Reason.OPTED_OUT),
        ("fail", "3008", MessageState.FAILED, Reason.UNREACHABLE),
    ],
)
def test_a_friends_message_has_its_second_stage(name: str, code: str, state: MessageState, reason: Reason) -> None:
    entry = {"messageStatusName": name, "messageStatusCode": code, "requestStatusName": "success"}
    [receipt] = answered(entry, "F:r1")
    assert (receipt.state, receipt.reason) == (state, reason)


@pytest.mark.parametrize(
    "entry",
    [{}, {"status": "READY", "statusName": None}, {"status": "PROCESSING", "statusName": "success"}, "x",
     {"messageStatusName": "processing"}],
)  # fmt: skip
def test_before_the_end_there_is_no_receipt(entry: Any) -> None:
    assert answered(entry) == answered(entry, "F:r1") == []
    finished = {"status": "COMPLETED", "statusName": "success", "messageStatusName": "success"}
    assert answered(finished, status=404) == []
