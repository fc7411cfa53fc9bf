"""Which errors of a database are temporary."""

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from shortener.storage import outages


def failed(error: Exception) -> OperationalError:
    return OperationalError("INSERT", None, error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.errors.ProgramLimitExceeded(), False),
        (psycopg.errors.StatementTooComplex(), False),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.DiskFull(), True),
        (psycopg.OperationalError("connection refused"), True),
    ],
)
def test_what_can_never_succeed_is_no_outage(error: Exception, expected: bool) -> None:
    assert outages.is_outage(failed(error)) is expected
