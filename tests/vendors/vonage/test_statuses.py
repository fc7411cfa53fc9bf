"""The numbers of Vonage's answers."""

import pytest

from shortener.vendors.vonage.statuses import Status, of_faults, of_http


@pytest.mark.parametrize(
    ("faults", "number", "sentence"),
    [
        ({"to": ["is required"]}, "2", "to: is required"),
        ({"ttl": ["must be a whole number"]}, "3", "ttl: must be a whole number"),
        ({"ttl": ["must be a whole number"], "to": ["is required"]}, "2", "to: is required"),
        ({"text": ["must be at most 10000 characters"]}, "12", "text: must be at most 10000 characters"),
        ({"text": ["must not contain the character NUL"]}, "3", "text: must not contain the character NUL"),
        ({"client-ref": ["must be at most 100 characters"]}, "3", "client-ref: must be at most 100 characters"),
        ({"from": ["must be printable"]}, "15", "from: must be printable"),
        ({"callback": ["must have a valid host"]}, "23", "callback: must have a valid host"),
        ({"from": ["must be text"]}, "3", "from: must be text"),
        ({"gateway": ["must be given"]}, "5", "gateway: must be given"),
    ],
)
def test_the_most_important_fault_has_a_number(faults: dict[str, list[str]], number: str, sentence: str) -> None:
    assert of_faults(faults) == (number, sentence)


def test_errors_without_fields_have_a_number() -> None:
    assert {status: of_http(status).value for status in (400, 401, 404, 405, 413, 415, 429, 500, 503)} == {
        **{400: "3", 401: "4", 404: "3", 405: "3", 413: "12", 415: "3"},
        **{429: "1", 500: "5", 503: "5"},
    }


def test_there_are_twenty_numbers() -> None:
    assert len(Status) == 20
    assert Status.TAKEN == "0"
