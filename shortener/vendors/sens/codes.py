"""What NAVER calls the states of a message, and the codes of its reasons."""

from typing import Annotated, Final, Literal

from pydantic import Field

from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason, explanation

Status = Literal["READY", "PROCESSING", "COMPLETED"]
Outcome = Literal["success", "processing", "fail"]
OwnState = Annotated[MessageState | None, Field(description="Our own word; the vendor has no such field.")]

READY: Final = frozenset({None, MessageState.SCHEDULED, MessageState.QUEUED})
# Not `unknown`: clients that wait for the end would wait for ever.
ON_ITS_WAY: Final = frozenset({MessageState.SENT, MessageState.BUFFERED, MessageState.ACCEPTED})
STATES: Final[dict[Outcome, frozenset[MessageState | None]]] = {
    "success": frozenset({MessageState.DELIVERED}),
    "processing": READY | ON_ITS_WAY,
    "fail": frozenset(MessageState) - READY - ON_ITS_WAY - {MessageState.DELIVERED},
}
SMS_DELIVERED: Final = "0"
TALK_DELIVERED: Final = "0000"
REQUESTED: Final = "A000"  # a FriendTalk message that was taken
FAILED: Final = "3001"  # whatever has no code of its own
# Codes of messages that did not arrive; those with a letter are of the request.
REASONS: Final[dict[str, Reason]] = {
    FAILED: Reason.UNKNOWN,
    "3008": Reason.UNREACHABLE,
    "3018": Reason.OPTED_OUT,  # not a friend, or blocked
    "3019": Reason.OPTED_OUT,
    "3020": Reason.OPTED_OUT,
    "3022": Reason.QUIET_HOURS,
    "K208": Reason.BAD_LINK,
    "K220": Reason.UNREACHABLE,
    "K301": Reason.OPTED_OUT,
    "K303": Reason.QUIET_HOURS,
    "L429": Reason.MONTHLY_LIMIT,  # ours: the vendor publishes none
}
_TALK_CODES: Final = {
    Reason.UNREACHABLE: "3008",
    Reason.ABSENT_PERMANENT: "3008",
    Reason.OPTED_OUT: "3020",
    Reason.BARRED_BY_USER: "3020",
    Reason.QUIET_HOURS: "3022",
}


def status(message: FaceMessage) -> Status:
    """Return how far an SMS is."""
    if message.state in READY:
        return "READY"
    return "PROCESSING" if message.state in ON_ITS_WAY else "COMPLETED"


def outcome(message: FaceMessage) -> Outcome:
    """Return what became of a message."""
    return next(name for name, states in STATES.items() if message.state in states)


def sms_code(message: FaceMessage) -> str | None:
    """Return the code of an SMS that is completed."""
    return {"success": SMS_DELIVERED, "processing": None, "fail": FAILED}[outcome(message)]


def talk_code(message: FaceMessage) -> str | None:
    """Return the code of a FriendTalk message that is completed: the gateway's own if it is one of these."""
    if outcome(message) != "fail":
        return TALK_DELIVERED if outcome(message) == "success" else None
    if message.reason is not None and REASONS.get(message.code) is message.reason:
        return message.code
    return FAILED if message.reason is None else _TALK_CODES.get(message.reason, FAILED)


def sentence(message: FaceMessage) -> str | None:
    """Return our explanation of how a message ended; None before."""
    if outcome(message) != "fail":
        return "success" if outcome(message) == "success" else None
    said = explanation(message.reason, message.code, state=message.state)
    return said or f"The message is {message.state}."
