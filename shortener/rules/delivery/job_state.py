"""The states of a job, such as a callback."""

import enum


class JobState(enum.StrEnum):
    """The state of a callback: `pending` or `attempting`, then `delivered`, or `exhausted` after the last attempt."""

    PENDING = "pending"  # waits for its next attempt
    ATTEMPTING = "attempting"  # a worker holds its lease
    DELIVERED = "delivered"  # settled: an attempt succeeded
    EXHAUSTED = "exhausted"  # settled: no attempt is left
