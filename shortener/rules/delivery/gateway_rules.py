"""The choices of an account about sending."""

import enum


class Channel(enum.StrEnum):
    """The way by which a message reaches its recipient."""

    SMS = "sms"
    EMAIL = "email"


class OnUnsure(enum.StrEnum):
    """What happens to a message that the gateway may or may not have taken."""

    HOLD = "hold"  # it waits until somebody decides
    REPEAT = "repeat"  # it is handed over again, and may arrive twice


class QuietMode(enum.StrEnum):
    """What happens to a message in the account's quiet hours."""

    REFUSE = "refuse"  # it is not stored
    HOLD = "hold"  # it is sent when they end
