"""The requests of Xoxzo's clients: the fields of a message and the filters of a list."""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from flask import request

from shortener.messages.submission import EXAMPLE, Submission
from shortener.running.services import services
from shortener.validation.models import Faults
from shortener.vendors.xoxzo import sent_date
from shortener.web import incoming

REQUIRED: Final = ("message", "recipient", "sender")
FIELDS: Final = frozenset({*REQUIRED, "track_link", "lt_callbackurl", "callbackurl", "tags"})
# Meant for the vendor's carriers, so ignored: we only rewrite the text. `jp_kddi_sender` is an older name.
CARRIER_OPTIONS: Final = frozenset({"jp_kp", "jp_kpl", "jp_kp_sender", "jp_kddi_sender"})
# E.164 drops the national 0; in Japan, the vendor's market, no number has one after the country code.
PHONE_NUMBER: Final = re.compile(r"\+(?!810)[1-9][0-9]{6,14}")
SEPARATORS: Final = re.compile(r"[ ().-]")

_OURS: Final = Submission.model_json_schema()["properties"]
_RECIPIENT: Final = {
    "type": "string",
    "description": "A number in E.164, without the national 0.",
    "pattern": r"^\+[1-9]([ ().-]*[0-9]){6,14}$",
    "examples": ["+818012345678"],
}
SCHEMA: Final[dict[str, Any]] = {
    "title": "XoxzoMessage",
    "type": "object",
    "properties": {name: _OURS[name] for name in _OURS if name in FIELDS}
    | {"recipient": _RECIPIENT, "callbackurl": _OURS["callbackurl"] | {"description": "Called for each new state."}}
    | {name: {"description": "Accepted and ignored."} for name in sorted(CARRIER_OPTIONS)},
    "required": list(REQUIRED),
    "additionalProperties": False,
    "examples": [
        {"message": EXAMPLE["message"], "recipient": "+818012345678", "sender": "SHOP", "track_link": True},
    ],
}


def submission() -> Submission:
    """Return the message that the request submits; InvalidFieldsError names everything that is wrong with it.

    Unknown fields are refused: a misspelt `lt_callbackurl` would be a callback that never comes.
    """
    fields = _fields()
    faults = {name: ["is not known here"] for name in fields.keys() - FIELDS - CARRIER_OPTIONS}
    recipient = fields.get("recipient")
    if isinstance(recipient, str) and not PHONE_NUMBER.fullmatch(SEPARATORS.sub("", recipient)):
        faults["recipient"] = ["must be a number in E.164, like +818012345678, without the national 0"]
        if recipient.startswith(" "):
            faults["recipient"].append("In a form, + is written %2B.")
    faults |= {name: ["is required"] for name in REQUIRED if fields.get(name) in (None, "")}
    known = {name: fields[name] for name in FIELDS & fields.keys()}
    submission = Submission.check(known, services().policy, faults=faults)
    return submission.model_copy(update={"receipts_url": submission.callbackurl})


def _fields() -> dict[str, Any]:
    """Return the fields of the body. A form without fields has no content type either."""
    if not request.mimetype and not request.get_data():
        return {}
    return incoming.fields()


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The query of a list: each filter by `sent_date` as one text, the cursor, and what is wrong with the rest."""

    filters: list[str]
    cursor: str | None
    faults: Faults


def list_query() -> ListQuery:
    """Read the query. Unknown parameters are faults: a misspelt filter would list everything."""
    texts = [unquote_plus(text) for text in request.query_string.decode("latin-1").split("&") if text]
    names = {text: text.partition("=")[0] for text in texts}
    unknown = {name for name in names.values() if not name.startswith(sent_date.NAME) and name != "cursor"}
    faults = {name: ["is not a parameter of this call"] for name in sorted(unknown)}
    if len(request.args.getlist("cursor")) > 1:
        faults["cursor"] = ["must be given once"]
    filters = [text for text in texts if names[text].startswith(sent_date.NAME)]
    return ListQuery(filters, request.args.get("cursor"), faults)
