"""Send a message, and shorten a URL."""

import datetime as dt
from dataclasses import replace
from typing import Any, Final

from shortener.messages.analysis import Analysis, analyze
from shortener.messages.from_face import FromFace
from shortener.messages.submission import Submission
from shortener.rules import sms_parts
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.links.detection import Detection
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.vendors.aicross import calls, fields, times
from shortener.vendors.aicross.documents import AicrossSent, AicrossShortUrl
from shortener.vendors.aicross.faults import INVALID, CallError
from shortener.vendors.aicross.fields import Fields
from shortener.web import face_messages
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import described
from shortener.web.vendor_requests import read

LONGEST_MESSAGE: Final = 660  # characters, however wide
PARTS: Final = "parts"  # where the number of SMS parts is stored
LONGEST_URL: Final = 2_048
LONGEST_NAME: Final = 256
CARRIERS: Final = ("101", "103", "105", "106")  # AU, Docomo, SoftBank, Rakuten
# The push tells final states; who takes a message back knows it already.
TOLD: Final = frozenset(state for state in MessageState if state.is_final) - {MessageState.CANCELED}
# The vendor's texts differ: with a full stop in all other calls.
SUCCESS: Final = "Success"
_TAG: Final = {"type": "string", "minLength": 1, "maxLength": fields.LONGEST_TAG}
_MESSAGE: Final[dict[str, Any]] = {
    "smsCode": {"type": "string", "description": "The sender.", "pattern": "^[0-9]{5,6}$"},
    "message": {"type": "string", "minLength": 1, "maxLength": LONGEST_MESSAGE},
    "phoneNumber": {"type": "string", "pattern": r"^(\+81|0)(([26789]0[1-9][0-9]{7})|(20[1-9][0-9]{10}))$"},
    "carrierId": {"type": "string", "enum": [*CARRIERS], "description": "Kept; nothing depends on it."},
    "clientTag": _TAG | {"description": "Your own name for the message, unique in the account."},
    "scheduleTime": {"type": "string", "description": "`yyyy-MM-dd HH:mm` in Japan."},
    "groupTag": _TAG | {"description": "A name for several reservations."},
}
_EXAMPLE: Final = {
    "smsCode": "50123",
    "message": "Your parcel is on its way: https://example.com/track?id=1",
    "phoneNumber": "09012345678",
}
_URL: Final[dict[str, Any]] = {
    "longUrl": {"type": "string", "maxLength": LONGEST_URL},
    "name": {"type": "string", "maxLength": LONGEST_NAME},
    "domain": {"type": "string", "description": "Passed over: shortlinks have this installation's domain."},
}


@calls.BLUEPRINT.post("/p5/api/mt.json")
@described(calls.order("mt", "The message, with the text to send.", _MESSAGE, _EXAMPLE))
@for_senders(Scope.SEND)
def send(account: Sender) -> AicrossSent:
    """Send a message, at once or at its time."""
    given = read().fields
    number, submission, face = _read(given)
    message = _stored(account, _counted(analyze(submission, account, services().site, face=face)))
    return {
        "responseCode": 0,
        "responseMessage": SUCCESS,
        "phoneNumber": number,
        "smsMessage": message.text,
        "text": message.text,
        "shortlink": message.shortlink,
    }


def _read(given: Fields) -> tuple[str, Submission, FromFace]:
    """Return the number, the submission and what is kept with it; a CallError names the first field that is wrong."""
    kept = {"clientId": fields.client_id(given)}
    sender = fields.sms_code(given)
    text = fields.required(given, "message", LONGEST_MESSAGE)
    number = fields.phone_number(given)
    carrier = fields.optional(given, "carrierId")
    if carrier is not None and carrier not in CARRIERS:
        raise CallError(INVALID, "carrierId")
    client_tag, send_on = fields.tag(given, "clientTag"), fields.minute(given, "scheduleTime")
    group_tag = fields.tag(given, "groupTag")
    more = {"carrierId": carrier, "groupTag": group_tag}
    more["scheduleTime"] = None if send_on is None else times.written_minute(send_on)
    kept |= {name: value for name, value in more.items() if value is not None}
    wanted = {"message": text, "sender": sender, "recipient": number, "client_tag": client_tag}
    wanted["send_on"] = None if send_on is None else rfc3339(send_on)
    # The vendor pushes only what the sender can recognise.
    told = TOLD if client_tag is not None else frozenset[MessageState]()
    submission = Submission.check(wanted, services().policy)
    return number, submission, FromFace(name=calls.NAME, fields=kept, told_states=told)


def _counted(analysis: Analysis) -> Analysis:
    """Keep the number of SMS parts with a message, so that those of a month need not be counted anew."""
    kept = {**(analysis.face.fields or {}), PARTS: sms_parts.count(face_messages.as_sent(analysis)).parts}
    return analysis._replace(face=replace(analysis.face, fields=kept))


@calls.BLUEPRINT.post("/p1/api/shortenurl.json")
@described(calls.order("shortenurl", "The shortlink.", _URL, {"longUrl": "https://example.com/"}))
@for_senders(Scope.SEND)
def shorten(account: Sender) -> AicrossShortUrl:
    """Shorten a URL: one shortlink for everybody who gets it."""
    given = read().fields
    kept = {"clientId": fields.client_id(given)}
    name = fields.optional(given, "name", LONGEST_NAME)
    url = fields.required(given, "longUrl", LONGEST_URL)
    kept |= {} if name is None else {"name": name}
    face = FromFace(name=calls.NAME, fields=kept, told_states=frozenset())
    # A message that is its link, and that nobody sends.
    wanted = {"message": url, "track_link": True, "detection": Detection.STRICT, "gateway": "none"}
    submission = Submission.check(wanted, services().policy)
    analysis = analyze(submission, account, services().site, face=face)
    if [(link.start, link.end) for link in analysis.finding.links] != [(0, len(url))]:
        raise CallError(INVALID, "longUrl")
    message = _stored(account, analysis)
    return {
        "responseCode": 0,
        "responseMessage": SUCCESS,
        "shortUrl": message.shortlink or "",
        "name": name or _name(message.received_on),
    }


def _name(now: dt.datetime) -> str:
    """Return the name of a shortlink that was given none: `Shorturl-20261128211003120`."""
    return f"Shorturl-{times.written_milliseconds(now).replace(' ', '')}"


def _stored(account: Sender, analysis: Analysis) -> FaceMessage:
    """Store a message; MonthlyLimitError, QuietHoursError, InvalidFieldsError or ClientTagTakenError."""
    done = services().group_commit.preprocess(account, analysis, services().site)
    return face_messages.stored(account, analysis, done)
