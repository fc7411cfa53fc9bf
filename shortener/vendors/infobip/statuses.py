"""Infobip's status object, by our states, and the groups that its lists filter by."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from typing_extensions import TypedDict

from shortener import errors
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason

Group = Literal["ACCEPTED", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED"]
GROUPS: Final[tuple[Group, ...]] = ("ACCEPTED", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED")


class StatusDocument(TypedDict):
    """The status of a message."""

    groupId: int
    groupName: Group
    id: int
    name: str
    description: str


class Status(NamedTuple):
    """A status in the vendor's tables."""

    group: Group
    id: int
    name: str
    description: str

    def document(self, description: str | None = None) -> StatusDocument:
        """Return the vendor's object, with another sentence if one is given."""
        return {
            "groupId": GROUPS.index(self.group),
            "groupName": self.group,
            "id": self.id,
            "name": self.name,
            "description": description or self.description,
        }


ACCEPTED: Final = Status("PENDING", 26, "PENDING_ACCEPTED", "Message accepted, pending for delivery")
WAITING: Final = Status("PENDING", 3, "PENDING_WAITING_DELIVERY", "Message sent, waiting for delivery report")
ENROUTE: Final = Status("PENDING", 7, "PENDING_ENROUTE", "Message sent to next instance")
REJECTED: Final = Status("REJECTED", 6, "REJECTED_NETWORK", "Network is forbidden")
NOT_ENOUGH_CREDITS: Final = Status("REJECTED", 12, "REJECTED_NOT_ENOUGH_CREDITS", "Not enough credits")
SENDER: Final = Status("REJECTED", 13, "REJECTED_SENDER", "Sender is not allowed")
BLOCKED: Final = Status("REJECTED", 14, "REJECTED_DESTINATION", "Destination is blocked")
NO_ROUTE: Final = Status("REJECTED", 19, "REJECTED_ROUTE_NOT_AVAILABLE", "There is no route to the destination")
FLOODING: Final = Status("REJECTED", 20, "REJECTED_FLOODING_FILTER", "Too many messages")
SYSTEM_ERROR: Final = Status("REJECTED", 21, "REJECTED_SYSTEM_ERROR", "The message was not stored; send it again")
DUPLICATE: Final = Status("REJECTED", 23, "REJECTED_DUPLICATE_MESSAGE_ID", "An earlier message has this message id")
DESTINATION: Final = Status("REJECTED", 52, "REJECTED_DESTINATION", "Destination is not valid")
BY_STATE: Final[Mapping[MessageState, Status]] = {
    MessageState.SCHEDULED: ACCEPTED,
    MessageState.QUEUED: ACCEPTED,
    MessageState.SENT: WAITING,
    MessageState.BUFFERED: ENROUTE,
    MessageState.ACCEPTED: ENROUTE,
    MessageState.UNKNOWN: Status("EXPIRED", 29, "EXPIRED_DLR_UNKNOWN", "No delivery report has come"),
    MessageState.EXPIRED: Status("EXPIRED", 15, "EXPIRED_EXPIRED", "Message expired"),
    MessageState.FAILED: Status("UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED", "Message sent, not delivered"),
    MessageState.REJECTED: REJECTED,
    MessageState.DELIVERED: Status("DELIVERED", 5, "DELIVERED_TO_HANDSET", "Message delivered to handset"),
    MessageState.CANCELED: REJECTED._replace(description="Message canceled"),
}
# Rejected messages whose reason has a status of its own.
BY_REASON: Final[Mapping[Reason, Status]] = {
    Reason.MONTHLY_LIMIT: NOT_ENOUGH_CREDITS,
    Reason.REGULATION_HEADER: SENDER,
    Reason.BAD_SENDER_US: SENDER,
    Reason.OPTED_OUT: BLOCKED,
    Reason.BARRED_BY_USER: BLOCKED,
    Reason.NO_ROUTE: NO_ROUTE,
    Reason.RATE: FLOODING,
    Reason.FRAUD_BURST: FLOODING,
    Reason.DUPLICATE: DUPLICATE,
    Reason.NO_SUCH_ADDRESS: DESTINATION,
    Reason.ABSENT_PERMANENT: DESTINATION,
    Reason.UNREACHABLE: DESTINATION,
}


def status(state: MessageState | None, reason: Reason | None = None) -> StatusDocument:
    """Return the status of a message in this state, None if nobody sends it for you."""
    if state is None:
        return ACCEPTED.document()
    found = BY_STATE[state]
    if state is MessageState.REJECTED and reason is not None:
        found = BY_REASON.get(reason, found)
    return found.document()


def states(group: Group) -> frozenset[MessageState | None]:
    """Return the states of the messages that are in this group; None is that of a message that nobody sends for you."""
    found: set[MessageState | None] = {state for state, one in BY_STATE.items() if one.group == group}
    return frozenset(found | {None} if group == ACCEPTED.group else found)


def refused(error: Exception) -> StatusDocument:
    """Return the status of a message that was not stored: its destination gets this, with HTTP status 200."""
    match error:
        case errors.ClientTagTakenError():
            return DUPLICATE.document()
        case errors.MonthlyLimitError():
            return NOT_ENOUGH_CREDITS.document(str(error))
        case errors.QuietHoursError():
            return FLOODING.document(str(error))
        case errors.InvalidFieldsError(fields=fields) if "recipient" in fields:
            return DESTINATION.document(f"The destination {fields['recipient'][0]}.")
        case errors.InvalidFieldsError(fields=fields) if "sender" in fields:
            return SENDER.document(f"The sender {fields['sender'][0]}.")
    return REJECTED.document(str(error))
