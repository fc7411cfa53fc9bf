"""Xoxzo's receipts: the form that its `callbackurl` gets."""

import pytest

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.xoxzo.receipts import read

FORM = {"msgid": "A1", "status": "DELIVERED", "recipient": "+818012345678", "sent_time": "2026-11-16 23:59:58"}


@pytest.mark.parametrize(
    ("word", "state", "reason"),
    [
        ("QUEUED", MessageState.SENT, Reason.NONE),
        ("DELIVERING", MessageState.SENT, Reason.NONE),
        ("delivered", MessageState.DELIVERED, Reason.NONE),
        ("FAIL", MessageState.FAILED, Reason.UNKNOWN),
    ],
)
def test_each_word_is_a_state(word: str, state: MessageState, reason: Reason) -> None:
    [found] = read(Given({**FORM, "status": word}))
    assert found.raw is not None and word in found.raw
    assert found == IncomingReceipt(gateway="xoxzo", state=state, gateway_ref="A1", reason=reason, raw=found.raw)


@pytest.mark.parametrize(
    ("changed", "named"), [({"status": "LOST"}, ["status"]), ({"msgid": ""}, ["msgid"]), ({"status": ""}, ["status"])]
)
def test_what_is_no_receipt_is_refused(changed: dict[str, str], named: list[str]) -> None:
    with pytest.raises(InvalidFieldsError) as caught:
        read(Given(FORM | changed))
    assert list(caught.value.fields) == named
