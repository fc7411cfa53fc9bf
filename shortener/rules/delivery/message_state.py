"""What became of a message: the states of its sending and of the gateway's receipts."""

import enum


class MessageState(enum.StrEnum):
    """The state of a message that is sent, in the order of their ranks."""

    SCHEDULED = "scheduled"  # waits for its time
    QUEUED = "queued"  # stored, and not yet handed over
    SENT = "sent"  # the gateway took it
    BUFFERED = "buffered"  # the gateway or the carrier keeps it and tries again later
    ACCEPTED = "accepted"  # the carrier or the next hop took it
    UNKNOWN = "unknown"  # nothing more is expected, but a later final state replaces it
    EXPIRED = "expired"  # tried until its period ended
    FAILED = "failed"  # tried, and it will not arrive
    REJECTED = "rejected"  # refused by us, by the gateway or by the carrier
    DELIVERED = "delivered"  # arrived
    CANCELED = "canceled"  # taken back before it was sent

    @property
    def rank(self) -> int:
        """The place in the order above, from 0."""
        return _RANKS[self]

    @property
    def is_final(self) -> bool:
        """Whether no other state replaces it."""
        return self.rank >= _RANKS[MessageState.EXPIRED]

    @property
    def replaceable(self) -> tuple["MessageState", ...]:
        """The states that this one replaces: those of a lower rank that are not final."""
        return tuple(state for state in MessageState if state.rank < self.rank and not state.is_final)


_RANKS = {state: rank for rank, state in enumerate(MessageState)}
