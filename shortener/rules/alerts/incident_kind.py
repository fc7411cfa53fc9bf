"""The kinds of incidents that somebody is told about."""

import enum
from typing import Final


class IncidentKind(enum.StrEnum):
    """What has happened. A value that is stored does not change its meaning."""

    CALLBACKS_EXHAUSTED = "callbacks_exhausted"  # of an account
    RECEIVER_FAILING = "receiver_failing"  # of an account; the subject is `scheme://host:port`
    CLICKS_SPOOLED = "clicks_spooled"  # on a node, which is the subject
    CLICKS_LOST = "clicks_lost"  # on a node
    LIMIT_NEAR = "limit_near"  # of an account; the subject is the month
    LIMIT_REACHED = "limit_reached"


INSTALLATION: Final = 0  # stands for an account's id where an incident belongs to none
