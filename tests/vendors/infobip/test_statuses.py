"""Our states and reasons in the vendor's status and error objects, which both generations of its client take."""

import datetime as dt

import pytest

from shortener import errors
from shortener.receipts.incoming import Given
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.infobip import error_codes, receipts, statuses

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
STATES = [None, *MessageState]


@pytest.mark.parametrize(
    ("state", "group", "number", "name"),
    [
        (None, "PENDING", 26, "PENDING_ACCEPTED"),
        (MessageState.SCHEDULED, "PENDING", 26, "PENDING_ACCEPTED"),
        (MessageState.SENT, "PENDING", 3, "PENDING_WAITING_DELIVERY"),
        (MessageState.ACCEPTED, "PENDING", 7, "PENDING_ENROUTE"),
        (MessageState.UNKNOWN, "EXPIRED", 29, "EXPIRED_DLR_UNKNOWN"),
        (MessageState.EXPIRED, "EXPIRED", 15, "EXPIRED_EXPIRED"),
        (MessageState.FAILED, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED"),
        (MessageState.REJECTED, "REJECTED", 6, "REJECTED_NETWORK"),
        (MessageState.DELIVERED, "DELIVERED", 5, "DELIVERED_TO_HANDSET"),
    ],
)
def test_a_state_is_a_status_of_the_vendor(state: MessageState | None, group: str, number: int, name: str) -> None:
    found = statuses.status(state)
    assert (found["groupName"], found["id"], found["name"]) == (group, number, name)
    assert statuses.GROUPS[found["groupId"]] == group


def test_the_reason_of_a_rejection_chooses_its_status() -> None:
    assert statuses.status(MessageState.REJECTED, Reason.OPTED_OUT)["id"] == 14
    assert statuses.status(MessageState.FAILED, Reason.OPTED_OUT)["id"] == 9


def test_the_groups_divide_all_states() -> None:
    grouped = [state for group in statuses.GROUPS for state in statuses.states(group)]
    assert len(grouped) == len(set(grouped)) == len(STATES)
    assert None in statuses.states("PENDING") and not statuses.states("ACCEPTED")


@pytest.mark.parametrize(
    ("error", "number", "words"),
    [
        (errors.ClientTagTakenError("m" * 32), 23, "earlier message"),
        (errors.MonthlyLimitError(3, NOW, NOW), 12, "next month"),
        (errors.QuietHoursError(NOW), 20, "quiet hours"),
        (errors.InvalidFieldsError({"recipient": ["must be a number"]}), 52, "The destination must be a number."),
        (errors.InvalidFieldsError({"sender": ["is required by the gateway"]}), 13, "is required"),
        (errors.InvalidFieldsError({"gateway": ["must be given"]}), 6, ""),
    ],
)
def test_a_refused_message_is_rejected_with_a_sentence(error: Exception, number: int, words: str) -> None:
    found = statuses.refused(error)
    assert (found["groupId"], found["groupName"], found["id"]) == (5, "REJECTED", number)
    assert words in found["description"]


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("is_mail", [False, True])
def test_every_reason_has_a_complete_error(reason: Reason, is_mail: bool) -> None:
    found = error_codes.error(MessageState.FAILED, reason, "", is_mail=is_mail)
    assert found["groupName"] == error_codes.GROUPS[found["groupId"]]
    assert found["name"] and found["description"]


def test_what_is_not_refused_has_no_error() -> None:
    found = error_codes.error(MessageState.DELIVERED, Reason.NONE, "0")
    assert (found["groupName"], found["name"], found["permanent"]) == ("OK", "NO_ERROR", False)
    assert error_codes.error(MessageState.DELIVERED, None, "", is_old=True)["groupName"] == "Ok"
    assert error_codes.error(None, None, "")["id"] == 0


def test_a_code_that_nobody_knows_is_told() -> None:
    found = error_codes.error(MessageState.FAILED, None, "X7")
    assert (found["id"], found["groupName"]) == (255, "HANDSET_ERRORS")
    assert "X7" in found["description"]


def test_an_expired_or_canceled_message_says_so() -> None:
    assert error_codes.error(MessageState.EXPIRED, None, "")["name"] == "EC_VALIDITYEXPIRED"
    assert error_codes.error(MessageState.CANCELED, None, "")["name"] == "EC_MESSAGE_CANCELED"


@pytest.mark.parametrize("state", [state for state in MessageState if state.rank >= MessageState.SENT.rank])
def test_our_reader_of_receipts_understands_our_reports(state: MessageState) -> None:
    """One instance can be the gateway of another."""
    result = {
        "messageId": "m",
        "status": statuses.status(state),
        "error": error_codes.error(state, None, ""),
    }
    [found] = receipts.read(Given({"results": [result]}))
    assert found.state is (MessageState.ACCEPTED if state is MessageState.BUFFERED else state)
