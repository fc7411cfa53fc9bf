"""Calls about what only the vendor itself knows."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from shortener.vendors.aicross import times

Call = Callable[..., dict[str, Any]]


def test_there_are_no_templates(ask: Call) -> None:
    assert ask("template") == {"responseCode": 0, "responseMessage": "Success.", "count": 0, "templates": []}


@pytest.mark.parametrize("days", [0, 1, 730])
def test_the_owner_of_a_number_is_unknown(ask: Call, days: int) -> None:
    day = times.written_day(dt.datetime.now(dt.UTC) - dt.timedelta(days=days))
    assert ask("numbercleaning", phoneNumber="09012345678", referenceDate=day) == {
        "responseCode": 0,
        "responseMessage": "Success.",
        "phoneNumber": "+819012345678",
        "referenceDate": day,
        "status": "ERROR",
    }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"referenceDate": "20261101"}, "Required phoneNumber."),
        ({"phoneNumber": "0312345678", "referenceDate": "20261101"}, "Invalid phoneNumber."),
        ({"phoneNumber": "09012345678"}, "Required referenceDate."),
        ({"phoneNumber": "09012345678", "referenceDate": "20200101"}, "Invalid referenceDate."),
        ({"phoneNumber": "09012345678", "referenceDate": "20991231"}, "Invalid referenceDate."),
    ],
)
def test_a_wrong_question_is_refused(ask: Call, parameters: dict[str, str], expected: str) -> None:
    assert ask("numbercleaning", **parameters)["responseMessage"] == expected
