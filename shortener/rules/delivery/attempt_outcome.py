"""The outcomes of an attempt: every value that is stored, reported and shown."""

import enum


class AttemptOutcome(enum.StrEnum):
    """The outcome of an attempt; `detail` explains it in one sentence."""

    RUNNING = "running"  # it has not ended; stored as NULL
    DELIVERED = "delivered"  # the answer was 200
    ANSWERED = "answered"  # a status line other than 200 was received, whatever followed
    TIMEOUT = "timeout"
    BLOCKED = "blocked"  # an address, port or URL that is not allowed
    UNRESOLVED = "unresolved"  # the host name was not resolved
    REFUSED = "refused"  # no connection
    TLS = "tls"  # no handshake, or not with the right certificate
    BROKEN = "broken"  # connected, but no HTTP answer
    UNSIGNED = "unsigned"  # nothing was sent, because no signing secret of the account could be decrypted
    INTERRUPTED = "interrupted"  # our own process ended before the attempt did
    TAKEN = "taken"  # the gateway took the message
    DECLINED = "declined"  # the gateway refused the message for good
    BUSY = "busy"  # the gateway asked to try again later
    UNSURE = "unsure"  # the gateway may have taken the message
    UNWRITTEN = "unwritten"  # a file could not be written
