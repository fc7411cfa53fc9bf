"""Infobip's delivery reports, of SMS and e-mail, in the old and the new form: several in each request, JSON."""

from collections.abc import Sequence
from typing import Final

from shortener.receipts.fields import ReceiptFields, each
from shortener.receipts.incoming import UNWANTED, Given, IncomingReceipt, reason_for
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason

GROUPS: Final = {
    "accepted": MessageState.SENT,
    "pending": MessageState.SENT,
    "undeliverable": MessageState.FAILED,
    "delivered": MessageState.DELIVERED,
    "expired": MessageState.EXPIRED,
    "rejected": MessageState.REJECTED,
}
GROUP_IDS: Final = dict(zip("012345", GROUPS.values(), strict=True))
# Statuses that say more than their group.
STATUSES: Final = {
    "2": MessageState.ACCEPTED,  # DELIVERED_TO_OPERATOR
    "4": MessageState.REJECTED,  # UNDELIVERABLE_REJECTED_OPERATOR
    "7": MessageState.ACCEPTED,  # PENDING_ENROUTE
    "29": MessageState.UNKNOWN,  # EXPIRED_DLR_UNKNOWN
}
CANCELED: Final = "4100"
REASONS: Final = {
    "0": Reason.NONE,
    "1": Reason.ABSENT_PERMANENT,
    "11": Reason.BLOCKED_BY_CARRIER,
    "13": Reason.BARRED_BY_USER,
    "27": Reason.ABSENT_TEMPORARY,
    "31": Reason.BUSY,
    "34": Reason.NETWORK,
    "36": Reason.BAD_MESSAGE,
    "255": Reason.UNKNOWN,
    "500": Reason.GENERAL,
    "502": Reason.NETWORK,
    "2051": Reason.SPAM,
    "2052": Reason.OPTED_OUT,
    "2053": Reason.REGULATION_HEADER,
    CANCELED: Reason.CANCELED,
    "4101": Reason.UNKNOWN,  # EC_VALIDITYEXPIRED
    # E-mail
    "6001": Reason.OPTED_OUT,
    "6002": Reason.MAIL_REFUSED,
    "6003": Reason.OPTED_OUT,
    "6004": Reason.NO_SUCH_ADDRESS,
    "6005": Reason.PROVIDER_BLOCK,
    "6006": Reason.NO_SUCH_ADDRESS,
    "6007": Reason.GENERAL,
    "6008": Reason.MAILBOX_FULL,
    "6009": Reason.NO_SUCH_ADDRESS,
    "6010": Reason.MAILBOX_FULL,
    "6012": Reason.NO_SUCH_ADDRESS,
    "6013": Reason.GENERAL,
    "6014": Reason.GENERAL,
    "6015": Reason.GENERAL,
    "6016": Reason.MAIL_REFUSED,
    "6017": Reason.MAIL_REFUSED,
}


def read(given: Given) -> Sequence[IncomingReceipt]:
    """The receipts of a push: `status` is the state, `error` the reason."""
    return each(given.fields, "results", _receipt)


def _receipt(fields: ReceiptFields) -> IncomingReceipt:
    gateway_ref = fields.required("messageId")
    callback_data = fields.text("callbackData", longest=4000)
    at = fields.moment("doneAt") or fields.moment("sentAt")
    status, error_id = fields.within("status"), fields.within("error").cut("id")
    found = _state(status)
    code = error_id if error_id not in ("", "0") else ""
    state = fields.checked(found)
    if code == CANCELED:
        state = MessageState.CANCELED
    if not code and state in UNWANTED:
        code = status.text("name")
    return IncomingReceipt(
        gateway="infobip",
        state=state,
        gateway_ref=gateway_ref,
        references=(gateway_ref, callback_data) if callback_data else (gateway_ref,),
        code=code or error_id,
        reason=reason_for(state, code, REASONS),
        at=at,
        raw=fields.raw(),
    )


def _state(status: ReceiptFields) -> MessageState | None:
    """The state by the status's id where it says more than its group, else by the group's name or id."""
    by_name = "groupName" if status.text("groupName") else "groupId"
    group = status.one_of(by_name, GROUPS if by_name == "groupName" else GROUP_IDS)
    return group and STATUSES.get(status.text("id"), group)
