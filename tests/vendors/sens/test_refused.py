"""Why a message is not taken, in NAVER's codes."""

import datetime as dt

import pytest

from shortener.errors import (
    IdempotencyKeyReusedError,
    InvalidFieldsError,
    MonthlyLimitError,
    QuietHoursError,
    ShortenerError,
)
from shortener.vendors.sens.refused import Refused

NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (MonthlyLimitError(1, NOW, NOW), "L429", "This account may have 1 message in a month"),
        (QuietHoursError(NOW), "K303", "This account has quiet hours"),
        (InvalidFieldsError({"reserveTime": ["must be later"]}), "3001", "reserveTime must be later"),
        (IdempotencyKeyReusedError(), "3001", "This Idempotency-Key"),
    ],
)
def test_each_error_has_a_code_and_sentence(error: ShortenerError, code: str, said: str) -> None:
    refused = Refused.by(error)
    assert refused.code == code
    assert refused.sentence.startswith(said)
