"""Lines of the log: one line each, with the fields of the request that a thread works on."""

import json
import logging
import sys

from shortener.telemetry import log_lines
from shortener.telemetry.log_lines import JsonFormatter, TextFormatter


def record(message: str = "m", **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("shortener.x", logging.WARNING, "", 0, message, (), None)
    made.__dict__.update(extra)
    return made


def test_text_has_the_fields_behind_the_message() -> None:
    line = TextFormatter().format(record("attempted", msgid="a1", account="AC", unknown="x"))
    assert line.endswith(" WARNING shortener.x: attempted account=AC msgid=a1")


def test_json_is_one_object_on_one_line() -> None:
    line = JsonFormatter().format(record("two\nlines", outcome="refused"))
    document = json.loads(line)
    assert "\n" not in line
    assert document["message"] == "two\nlines"
    assert (document["level"], document["logger"], document["outcome"]) == ("warning", "shortener.x", "refused")


def test_a_message_cannot_begin_a_second_line() -> None:
    assert "\n" not in TextFormatter().format(record("x\n2026-01-01 ERROR forged"))


def test_errors_are_part_of_the_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        failed = record()
        failed.exc_info = sys.exc_info()
    assert "ValueError: broken" in json.loads(JsonFormatter().format(failed))["error"]
    assert "ValueError: broken" in TextFormatter().format(failed)


def test_fields_of_a_request_are_on_its_lines_alone() -> None:
    with log_lines.about({"request_id": "r1"}):
        log_lines.note(account="AC")
        assert TextFormatter().format(record()).endswith("m request_id=r1 account=AC")
    log_lines.note(account="AC")
    assert TextFormatter().format(record()).endswith(": m")


def test_ids_of_proxies_must_be_well_formed() -> None:
    for given, expected in (("a1b2c3d4-e5", True), ("short", False), ("a" * 129, False), ("with space 1", False)):
        assert bool(log_lines.REQUEST_ID.fullmatch(given)) is expected
