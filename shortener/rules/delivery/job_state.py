"""The states of a job, such as a callback or a sending."""

import enum


class JobState(enum.StrEnum):
    """The state of a job: `pending` or `attempting`, then `delivered`, or `exhausted` after the last attempt.

    A sending can also be `held` or `canceled`; a callback is never.
    """

    PENDING = "pending"  # waits for its next attempt
    ATTEMPTING = "attempting"  # a worker holds its lease
    DELIVERED = "delivered"  # settled: an attempt succeeded
    EXHAUSTED = "exhausted"  # settled: no attempt is left
    HELD = "held"  # settled: an attempt may have succeeded, and somebody decides what happens
    CANCELED = "canceled"  # settled: taken back before an attempt began
