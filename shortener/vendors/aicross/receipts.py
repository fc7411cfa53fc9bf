"""AI CROSS's delivery receipts: several in each request, JSON in the field `json` of a form."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shortener.errors import InvalidFieldsError
from shortener.receipts.fields import ReceiptFields, each
from shortener.receipts.incoming import Given, IncomingReceipt, reason_for
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.wire.strict_json import DECODER
from shortener.vendors.aicross.times import JAPAN

STATES: Final = {
    "0": MessageState.UNKNOWN,
    "1": MessageState.SENT,
    "2": MessageState.DELIVERED,
    "3": MessageState.FAILED,
}
# By the last three digits of `detailedStatusId`; the two before them are the carrier.
REASONS: Final = {
    "000": Reason.NONE,
    "721": Reason.NETWORK,
    "732": Reason.ABSENT_PERMANENT,
    "821": Reason.NETWORK,
    "823": Reason.NETWORK,
    "824": Reason.ABSENT_TEMPORARY,
    "833": Reason.BUSY,
    "834": Reason.BARRED_BY_USER,
}


def read(given: Given) -> Sequence[IncomingReceipt]:
    """The receipts of a push; notifications of another type are passed over."""
    return each(_document(given.fields), "eventNotifications", _receipt)


def _document(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if "json" not in fields:
        return fields
    try:
        document = DECODER.decode(str(fields["json"]))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidFieldsError({"json": ["must be a JSON object"]})
    return document


def _receipt(fields: ReceiptFields) -> IncomingReceipt | None:
    """One receipt: `statusId` is the state, `detailedStatusId` the reason. None if it is of another type."""
    if fields.text("type").upper() not in ("", "DLR"):
        return None
    client_tag = fields.text("clientTag")
    gateway_ref = fields.text("messageId") if client_tag else fields.required("messageId")
    code = fields.cut("detailedStatusId")
    at = fields.moment("dateTime", "%Y/%m/%d %H:%M:%S", "%Y%m%d %H%M%S%f", zone=JAPAN)
    state = fields.checked(fields.one_of("statusId", STATES))
    return IncomingReceipt(
        gateway="aicross",
        state=state,
        gateway_ref=gateway_ref,
        references=(client_tag,) if client_tag else (),
        code=code,
        reason=reason_for(state, code and code[-3:].zfill(3), REASONS),
        at=at,
        raw=fields.raw(),
    )
