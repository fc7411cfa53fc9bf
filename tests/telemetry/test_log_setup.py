"""The set-up of the log: our lines from a level on, of libraries only warnings."""

import io
import logging
from collections.abc import Iterator

import pytest

from shortener.telemetry import log_setup


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger(log_setup.OURS)
    levels, handlers = (root.level, ours.level), list(root.handlers)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def test_libraries_write_only_warnings() -> None:
    stream = io.StringIO()
    log_setup.use("debug", "text", stream)
    for name in ("sqlalchemy.pool", "shortener.x"):
        logging.getLogger(name).debug("of %s", name)
    logging.getLogger("sqlalchemy.pool").warning("a warning")
    assert "of shortener.x" in stream.getvalue() and "a warning" in stream.getvalue()
    assert "of sqlalchemy" not in stream.getvalue()


def test_a_further_call_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    log_setup.use("info", "text", first)
    log_setup.use("error", "json", second)
    logging.getLogger("shortener.x").info("quiet")
    logging.getLogger("shortener.x").error("loud")
    assert first.getvalue() == "" and '"loud"' in second.getvalue() and "quiet" not in second.getvalue()


def test_unknown_words_count_as_the_defaults() -> None:
    assert log_setup.level("loud") == logging.INFO
    assert isinstance(log_setup.formatter("xml"), type(log_setup.formatter("text")))
