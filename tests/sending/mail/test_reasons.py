"""Reasons for the codes of mail."""

import pytest

from shortener.rules.delivery.reason import Reason
from shortener.sending.mail.reasons import reason_of


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("5.1.1", Reason.NO_SUCH_ADDRESS),
        ("5.1.10", Reason.NO_SUCH_ADDRESS),
        ("5.1.2", Reason.NO_ROUTE),
        ("5.2.2", Reason.MAILBOX_FULL),
        ("4.2.2", Reason.MAILBOX_FULL),
        ("5.2.0", Reason.MAIL_REFUSED),
        ("5.7.26", Reason.MAIL_REFUSED),
        ("4.4.7", Reason.ABSENT_TEMPORARY),
        ("4.4.1", Reason.NETWORK),
        ("5.0.0", Reason.GENERAL),
        ("550", Reason.NO_SUCH_ADDRESS),
        ("599", Reason.GENERAL),
    ],
)
def test_a_code_has_a_reason(code: str, reason: Reason) -> None:
    assert reason_of(code) is reason
