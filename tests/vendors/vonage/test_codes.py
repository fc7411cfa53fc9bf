"""The codes of Vonage's receipts."""

import pytest

from shortener.receipts.incoming import UNWANTED
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import CODES, Reason
from shortener.vendors.vonage.codes import err_code


def test_there_are_thirty_codes() -> None:
    assert len(CODES) == 30


@pytest.mark.parametrize("code", [code for code in CODES if code != "0"])
def test_every_code_comes_back(code: str) -> None:
    assert err_code(MessageState.FAILED, CODES[code]) == code


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code(reason: Reason) -> None:
    for state in MessageState:
        assert err_code(state, reason) in CODES


@pytest.mark.parametrize("state", set(MessageState) - UNWANTED)
def test_without_a_failure_there_is_no_error(state: MessageState) -> None:
    assert err_code(state, None) == err_code(state, Reason.SPAM) == "0"


@pytest.mark.parametrize("state", sorted(UNWANTED))
def test_a_failure_always_has_an_error(state: MessageState) -> None:
    assert err_code(state, None) == err_code(state, Reason.NONE) == "1"
