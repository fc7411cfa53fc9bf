"""Karaden's wire format, so that its clients work unchanged: send, look at, list and take back messages.

It follows the vendor's support pages and its client libraries, and calls the same use cases as our own API. Without a
gateway a message is rewritten and not sent: its `status` stays `waiting`.
"""

import datetime as dt
from typing import Final

from flask import Blueprint, Request, request

from shortener.errors import (
    CredentialsError,
    IdempotencyKeyReusedError,
    MessageNotFoundError,
    MonthlyLimitError,
    NotCancelableError,
    QuietHoursError,
)
from shortener.messages.analysis import analyze
from shortener.reporting.face_filter import FaceFilter
from shortener.rules.delivery.message_state import MessageState
from shortener.running.services import services
from shortener.vendors import Face
from shortener.vendors.karaden import documents, requests, states
from shortener.vendors.karaden.documents import KaradenMessage, KaradenMessages
from shortener.vendors.karaden.faults import STATUSES, KaradenError, refuse
from shortener.vendors.karaden.requests import Listed, NewMessage
from shortener.web import credentials, face_messages, incoming, message_reports, path_groups
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import (
    BEARER,
    IDEMPOTENCY_KEY,
    Answer,
    Credentials,
    Operation,
    Parameter,
    described,
)
from shortener.web.vendor_requests import read

NAME: Final = "karaden"  # of the folder
ASKED: Final = "Send `Authorization: Bearer TOKEN`, and the account's sid in the path."
SECOND: Final = dt.timedelta(seconds=1)


def authenticate(request: Request) -> Sender:
    """Return the account that the path and `Bearer` name; CredentialsError, or RequestError for a wrong version."""
    try:
        sid, token = credentials.given(request)
    except CredentialsError:
        raise CredentialsError(ASKED) from None
    if sid is not None:
        raise CredentialsError(ASKED)
    account = credentials.with_token(str((request.view_args or {}).get("sid", "")), token)
    requests.version(request)
    return account


FACE: Final = Face(
    tag="Karaden",
    description="Karaden's wire format: its clients work here unchanged. Without a gateway, the text is not sent.",
    prefixes=("/api/",),
    blueprint=Blueprint(NAME, __name__, url_prefix="/api/<sid>/messages"),
    authenticate=authenticate,
    schemes=(path_groups.BEARER,),
    credentials=Credentials(
        schemes=BEARER,
        sentence="Credentials are `Authorization: Bearer TOKEN`, and the account's SID in the path.",
        curl=("-H", "Authorization: Bearer TOKEN"),
    ),
    refuse=refuse,
)
VERSION: Final[Parameter] = {
    "name": requests.VERSION,
    "in": "header",
    "required": True,
    "description": "The version of the vendor's API: any date.",
    "example": "2024-03-01",
    "schema": {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"},
}


@FACE.blueprint.post("")
@described(
    Operation(
        FACE.tag,
        {200: Answer("The message, with the text to send.")},
        body=NewMessage,
        parameters=(VERSION, IDEMPOTENCY_KEY),
        refusals=(IdempotencyKeyReusedError, MonthlyLimitError, QuietHoursError),
        codes={400: ("bad_request",)},
        name="karaden_send",
        refusal=KaradenError,
        statuses=STATUSES,
    )
)
@for_senders(Scope.SEND)
def send(account: Sender, sid: str) -> KaradenMessage:
    """Send a message, at once or at its time."""
    new, site = NewMessage.read(read().fields), services().site
    face, key = new.face(requests.version(request)), incoming.idempotency_key()
    analysis = analyze(new.submission(message_reports.now()), account, site, key, face=face)
    done = services().group_commit.preprocess(account, analysis, site)
    return documents.sent(face_messages.stored(account, analysis, done))


@FACE.blueprint.get("")
@described(
    Operation(
        FACE.tag,
        {200: Answer("The messages.")},
        query=Listed,
        parameters=(VERSION,),
        codes={400: ("bad_request",)},
        name="karaden_list",
        refusal=KaradenError,
        statuses=STATUSES,
    )
)
@for_senders(Scope.READ)
def listed(account: Sender, sid: str) -> KaradenMessages:
    """List messages, the newest first."""
    found, cursor = face_messages.page(account, _filter(Listed.read(read().fields)))
    return {
        "object": "list",
        "has_more": cursor is not None,
        "data": [documents.message(message) for message in found],
    }


def _filter(asked: Listed) -> FaceFilter:
    words = asked.result, asked.status, asked.sent_result
    return FaceFilter(
        face=NAME,
        senders=None if asked.service_id is None else [str(asked.service_id)],
        recipients=None if asked.to is None else [asked.to],
        states=states.states(*words),
        reasons={MessageState.FAILED: states.reasons(*words)} if any(words) else {},
        tag=asked.tag,
        received_from=asked.start_at,
        received_to=asked.end_at and asked.end_at + SECOND,
        limit=asked.per_page,
        offset=asked.skipped,
    )


# `bulks` is another call of the vendor's, which does not exist here.
@FACE.blueprint.get("/<name(bulks):msgid>")
@described(
    Operation(
        FACE.tag,
        {200: Answer("The message.")},
        parameters=(VERSION,),
        refusals=(MessageNotFoundError,),
        codes={400: ("bad_request",)},
        name="karaden_message",
        refusal=KaradenError,
        statuses=STATUSES,
    )
)
@for_senders(Scope.READ)
def detail(account: Sender, sid: str, msgid: str) -> KaradenMessage:
    """Get one message."""
    return documents.message(face_messages.find(account, msgid, face=NAME))


@FACE.blueprint.post("/<name(bulks):msgid>/cancel")
@described(
    Operation(
        FACE.tag,
        {200: Answer("The message.")},
        parameters=(VERSION,),
        refusals=(MessageNotFoundError, NotCancelableError),
        codes={400: ("bad_request",)},
        name="karaden_cancel",
        refusal=KaradenError,
        statuses=STATUSES,
    )
)
@for_senders(Scope.MANAGE)
def cancel(account: Sender, sid: str, msgid: str) -> KaradenMessage:
    """Take a message back that was not handed over yet."""
    found = face_messages.find(account, msgid, face=NAME)
    return documents.message(face_messages.cancel(account, found.msgid))
