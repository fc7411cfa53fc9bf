"""Send a message, look at it, take it back, erase it."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from shortener.errors import (
    MessageNotFoundError,
    MonthlyLimitError,
    NotCancelableError,
    NotErasableError,
    QuietHoursError,
)
from shortener.messages.analysis import analyze
from shortener.messages.from_face import FromFace
from shortener.messages.submission import Submission, digest
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.links.tracking import Track
from shortener.rules.wire.moments import rfc3339_or_none
from shortener.running.services import services
from shortener.vendors.twilio import answers, calls, link_shortening, names, new_message, refusals, statuses
from shortener.vendors.twilio.answers import TwilioMessage, TwilioSent
from shortener.vendors.twilio.new_message import NewMessage
from shortener.vendors.twilio.refusals import fault
from shortener.web import face_messages, incoming, message_reports
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import IDEMPOTENCY_KEY, Answer, described
from shortener.web.problems import RequestError
from shortener.web.vendor_requests import one, read

_UPDATE: Final[dict[str, Any]] = {
    "title": "TwilioUpdate",
    "type": "object",
    "properties": {
        "Body": {"type": "string", "maxLength": 0, "description": "Empty: the text is erased."},
        "Status": {"type": "string", "enum": ["canceled"], "description": "The message is taken back."},
    },
    "examples": [{"Body": ""}],
}


@calls.BLUEPRINT.post(calls.MESSAGES)
@described(
    calls.operation(
        "send",
        {201: Answer("The message, with the text to send.")},
        body=new_message.SCHEMA,
        parameters=(IDEMPOTENCY_KEY,),
        refusals=(MonthlyLimitError, QuietHoursError),
    )
)
@for_senders(Scope.SEND)
def send(account: Sender, account_sid: str) -> tuple[TwilioSent, int]:
    """Send a message, at once or at its time; all of its links are replaced."""
    calls.refuse_other(account, account_sid)
    given = new_message.read(read().fields, services().policy)
    site = services().site
    analysis = analyze(_submission(account, given), account, site, incoming.idempotency_key(), face=_face(given))
    # Not refused at once: what repeats an earlier request has the same answer after its time, too.
    refusal = new_message.wrong_time(given.send_at, message_reports.now()) or analysis.refusal
    analysis = analysis._replace(refusal=refusal)
    done = services().group_commit.preprocess(account, analysis, site)
    message = face_messages.stored(account, analysis, done)
    if face_messages.is_deleted(message):
        raise RequestError(404, refusals.NOT_FOUND, "The message that this Idempotency-Key sent is deleted")
    return answers.sent(message), 201


class _Message(Submission):
    """A message of which the request says all but the URL that is told of clicks."""

    def fingerprint(self) -> bytes:
        """The SHA-256 of what the request says: the account's settings may change before it is repeated."""
        return Submission.fingerprint(self.model_copy(update={"lt_callbackurl": None}))


def _submission(account: Sender, given: NewMessage) -> Submission:
    """Return the message in our own format."""
    wanted = {
        "message": given.body,
        "recipient": given.to,
        # A gateway that is this vendor sends it from the service; others need a `From`.
        "sender": given.sender or given.service,
        "track_link": given.shorten,
        "track": Track.ALL,
        "lt_callbackurl": link_shortening.callback_url(account) if given.shorten is not False else None,
        "receipts_url": given.status_callback,
        "validity_period": given.validity,
        "send_on": rfc3339_or_none(given.send_at),
    }
    return _Message.check(wanted, services().policy)


def _face(given: NewMessage) -> FromFace:
    fields = {"messaging_service_sid": given.from_service} if given.from_service else None
    request = digest(given.model_dump())
    return FromFace(name=names.NAME, fields=fields, extras=fields, told_states=statuses.TOLD, request=request)


@calls.BLUEPRINT.get(calls.MESSAGE)
@described(calls.operation("fetch", {200: Answer("The message.")}, refusals=(MessageNotFoundError,)))
@for_senders(Scope.READ)
def fetch(account: Sender, account_sid: str, message_sid: str) -> TwilioMessage:
    """Get one message."""
    return answers.one(_find(account, account_sid, message_sid))


def _find(account: Sender, account_sid: str, message_sid: str) -> FaceMessage:
    """Return a message that is not deleted; NotFound or MessageNotFoundError."""
    calls.refuse_other(account, account_sid)
    msgid = names.msgid(message_sid)
    found = face_messages.find(account, msgid)
    if found.msgid != msgid or face_messages.is_deleted(found):
        raise MessageNotFoundError
    return found


@calls.BLUEPRINT.post(calls.MESSAGE)
@described(
    calls.operation(
        "update",
        {200: Answer("The message.")},
        body=_UPDATE,
        refusals=(MessageNotFoundError, NotCancelableError, NotErasableError),
    )
)
@for_senders(Scope.MANAGE)
def update(account: Sender, account_sid: str, message_sid: str) -> TwilioMessage:
    """Take a message back before its hand-over, with `Status`, or erase its text, with an empty `Body`."""
    message = _find(account, account_sid, message_sid)
    given = {name: one(value) for name, value in read().fields.items()}
    _refuse_other_values(given)
    if given.get("Status"):
        message = face_messages.cancel(account, message.msgid)
    if given.get("Body") == "":
        message = face_messages.erase_text(account, message.msgid)
    return answers.one(message)


def _refuse_other_values(given: Mapping[str, Any]) -> None:
    if given.get("Status") not in (None, "", "canceled"):
        raise fault(refusals.INVALID, "Status must be canceled")
    if given.get("Body") not in (None, ""):
        raise fault(refusals.INVALID, "Body must be empty: a text can only be erased")


@calls.BLUEPRINT.delete(calls.MESSAGE)
@described(
    calls.operation(
        "delete",
        {204: Answer("The message is deleted.", media=())},
        refusals=(MessageNotFoundError, NotErasableError),
    )
)
@for_senders(Scope.MANAGE)
def delete(account: Sender, account_sid: str, message_sid: str) -> Response:
    """Delete a message: its text and its recipient are erased, its links live on."""
    face_messages.erase_message(account, _find(account, account_sid, message_sid).msgid)
    return Response(status=204)
