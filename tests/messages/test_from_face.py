"""What vendors' wire formats add to a submission: what may be stored, and what tells repeats from other requests."""

import dataclasses
from typing import Any

import pytest

from shortener.errors import InvalidFieldsError
from shortener.messages.from_face import NO_FACE, FromFace
from shortener.messages.submission import Submission
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.receiver import Policy
from shortener.running.services import Services
from tests.messages.test_analysis import analysis
from tests.support.factories import Sender

SUBMISSION = Submission.check({"message": "Hello"}, Policy())
FACE = FromFace(name="acme", fields={"ref": "a"}, extras={"buttons": [{"name": "b"}]})


@pytest.mark.parametrize("odd", ["a\0b", "\ud800", ["a", {"b": "\0"}], {"\0": 1}, {"a": [["\udfff"]]}])
def test_what_databases_refuse_is_named(odd: Any) -> None:
    for given in ({"fields": {"ref": odd}}, {"extras": {"ok": "a", "ref": odd}}):
        with pytest.raises(InvalidFieldsError) as caught:
            FromFace(name="acme", **given).check()
        assert list(caught.value.fields) == ["ref"]


def test_names_and_ids_are_checked_too() -> None:
    for face in (FromFace(bulk_id="a\0"), FromFace(fields={"a\0": 1})):
        with pytest.raises(InvalidFieldsError):
            face.check()
    deep: Any = "ü😀\\u0000"
    for _ in range(10_000):
        deep = [deep]
    FromFace(fields={"ref": deep, "number": 1, "nothing": None}).check()


def test_no_such_message_is_analysed(sender: Sender, services: Services) -> None:
    with pytest.raises(InvalidFieldsError):
        analysis(sender, services, face=FromFace(name="acme", fields={"ref": "\0"}))


@pytest.mark.parametrize(
    "changes",
    [{"name": "other"}, {"fields": {"ref": "b"}}, {"extras": None}, {"request": b"r"}],
)
def test_a_fingerprint_covers_what_is_added(changes: dict[str, Any]) -> None:
    other = dataclasses.replace(FACE, **changes)
    assert other.fingerprint(SUBMISSION) != FACE.fingerprint(SUBMISSION)


def test_our_own_fingerprints_stay() -> None:
    assert NO_FACE.fingerprint(SUBMISSION) == SUBMISSION.fingerprint()


def test_a_whole_request_has_one_fingerprint() -> None:
    one, other = (FromFace(name="acme", fields={"index": index}, request=b"r") for index in (1, 2))
    assert one.fingerprint(SUBMISSION) == other.fingerprint(Submission.check({"message": "Bye"}, Policy()))


def test_told_states_are_stored_as_json() -> None:
    sent, accepted = MessageState.SENT, MessageState.ACCEPTED
    assert FromFace(told_states={sent: sent, accepted: sent}).told_column() == {"sent": "sent", "accepted": "sent"}
    assert FromFace(told_states=frozenset({sent, accepted})).told_column() == ["accepted", "sent"]
    assert FromFace().told_column() is None
