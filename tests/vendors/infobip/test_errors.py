"""The two forms of errors, by path."""

from typing import Any

import pytest
from flask import Flask

from shortener import errors as ours
from shortener.vendors.infobip import errors
from tests.support.factories import NOW

FAULTS = ours.InvalidFieldsError({"messages[0].content.text": ["is required", "Say something."]})
OLD_PATHS = ["/sms/1/reports", "/sms/2/text/advanced", "/email/1/logs", "/email/3/send"]
NEW_PATHS = ["/sms/3/messages", "/email/4/messages"]


def refused(app: Flask, path: str, error: Exception) -> tuple[int, Any]:
    with app.test_request_context(path):
        answer = errors.refuse(error)
    return answer.status_code, answer.json


@pytest.mark.parametrize("path", OLD_PATHS)
def test_an_old_path_has_the_old_form(app: Flask, path: str) -> None:
    status, document = refused(app, path, FAULTS)
    fault = document["requestError"]["serviceException"]
    assert (status, fault["messageId"]) == (400, "BAD_REQUEST")
    assert fault["validationErrors"] == {"messages[0].content.text": ["This field is required.", "Say something."]}


@pytest.mark.parametrize("path", NEW_PATHS)
def test_a_new_path_has_the_new_form(app: Flask, path: str) -> None:
    status, document = refused(app, path, FAULTS)
    assert (status, document["errorCode"], document["resources"]) == (400, "E400", [])
    assert document["violations"][0] == {"property": "messages[0].content.text", "violation": "This field is required."}
    assert document["description"] and document["action"]


@pytest.mark.parametrize("path", [*OLD_PATHS, *NEW_PATHS])
def test_wrong_credentials_are_401_in_both_forms(app: Flask, path: str) -> None:
    status, document = refused(app, path, ours.CredentialsError("Send credentials."))
    assert status == 401
    assert "UNAUTHORIZED" in str(document) or document["errorCode"] == "E401"


@pytest.mark.parametrize("error", [ours.QuietHoursError, ours.MonthlyLimitError, ZeroDivisionError])
def test_other_errors_have_the_vendors_names(app: Flask, error: Any) -> None:
    made = {ours.QuietHoursError: (NOW,), ours.MonthlyLimitError: (1, NOW, NOW)}.get(error, ())
    status, document = refused(app, "/sms/2/text/advanced", error(*made))
    expected = {ours.QuietHoursError: (400, "BAD_REQUEST"), ours.MonthlyLimitError: (429, "TOO_MANY_REQUESTS")}
    name = document["requestError"]["serviceException"]["messageId"]
    assert (status, name) == expected.get(error, (500, "GENERAL_ERROR"))
