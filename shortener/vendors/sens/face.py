"""NAVER SENS's wire format, so that its clients work unchanged: send SMS and FriendTalk messages, and look them up.

It follows https://api.ncloud-docs.com/docs/ai-application-service-sens and calls the same use cases as our own API.
Each recipient's message has a link of its own. Of one that is refused nothing is stored; only the answer says so.
"""

from typing import Final

from flask import Blueprint

from shortener.errors import MessageNotFoundError, MonthlyLimitError, QuietHoursError
from shortener.reporting.face_filter import FaceFilter
from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors import Face
from shortener.vendors.sens import credentials, search, sms_answers, sms_request, talk_answers, talk_request
from shortener.vendors.sens.errors import SensRefusal, refuse
from shortener.vendors.sens.fields import checked_service
from shortener.vendors.sens.order import NAME, place
from shortener.web import face_messages, large_bodies, message_reports, vendor_requests
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import JSON, Answer, Operation, described

FACE: Final = Face(
    tag="NAVER SENS",
    description="NAVER SENS's wire format: its clients work here unchanged. Without a gateway, the text is not sent.",
    prefixes=("/sms/v2/", "/friendtalk/v2/"),
    blueprint=Blueprint(NAME, __name__),
    authenticate=credentials.authenticate,
    schemes=('NCP-Signature-V2 realm="shortener"',),  # HTTP wants one, and the vendor's is none of HTTP
    refuse=refuse,
    credentials=credentials.DESCRIBED,
    references=("service",),
    bulk="requestId",
)
LONGEST: Final = 2 * 1024 * 1024  # bytes of a body: a hundred long texts, escaped
BUSY: Final = {429: ("too_many_large_messages",)}
SMS: Final = "/sms/v2/services/<service>/messages"
TALK: Final = "/friendtalk/v2/services/<service>/messages"


@FACE.blueprint.post(SMS)
@described(
    Operation(
        FACE.tag,
        {202: Answer("The request was taken.")},
        body=sms_request.SmsRequest,
        media=JSON,
        refusals=(MonthlyLimitError,),
        codes={403: (QuietHoursError.code,), **BUSY},
        name="sens_send_sms",
        refusal=SensRefusal,
    )
)
@for_senders(Scope.SEND)
def send_sms(account: Sender, service: str) -> tuple[sms_answers.SensSmsRequested, int]:
    """Preprocess SMS for up to a hundred recipients: 202, with the texts to send.

    An account that may not send now, or no more this month, gets an error if none of the messages is taken.
    """
    with large_bodies.room(account):
        placed = place(account, sms_request.orders(vendor_requests.read(LONGEST).fields, checked_service(service)))
    if len(placed.errors) == len(placed.each):
        raise placed.errors[0]
    return sms_answers.requested(placed), 202


@FACE.blueprint.get(SMS)
@described(
    Operation(
        FACE.tag,
        {200: Answer("The messages.")},
        query=search.SmsSearch,
        name="sens_list_sms",
        refusal=SensRefusal,
    )
)
@for_senders(Scope.READ)
def list_sms(account: Sender, service: str) -> sms_answers.SensSmsList:
    """List SMS of the last 90 days, the newest first, of one request or one period.

    A period of requests has at most 30 days, one of completed messages at most 24 hours.
    """
    wanted = search.sms(vendor_requests.read().fields, service, message_reports.now())
    messages, next_token = _page(account, wanted)
    return sms_answers.listed(messages, next(iter(wanted.bulk_ids or ()), None), next_token)


@FACE.blueprint.get(f"{SMS}/<msgid>")
@described(
    Operation(
        FACE.tag,
        {200: Answer("The message.")},
        refusals=(MessageNotFoundError,),
        name="sens_get_sms",
        refusal=SensRefusal,
    )
)
@for_senders(Scope.READ)
def get_sms(account: Sender, service: str, msgid: str) -> sms_answers.SensSmsFound:
    """Get one SMS."""
    return sms_answers.found(_found(account, service, "sms", msgid))


@FACE.blueprint.post(TALK)
@described(
    Operation(
        FACE.tag,
        {202: Answer("The request, with what became of each of its messages.")},
        body=talk_request.TalkRequest,
        media=JSON,
        codes=BUSY,
        name="sens_send_friendtalk",
        refusal=SensRefusal,
    )
)
@for_senders(Scope.SEND)
def send_talk(account: Sender, service: str) -> tuple[talk_answers.SensTalkRequested, int]:
    """Preprocess FriendTalk messages for up to a hundred recipients: 202, with the texts to send.

    Each message is taken or refused by itself: `requestStatusName` says so.
    """
    with large_bodies.room(account):
        fields, name = vendor_requests.read(LONGEST).fields, checked_service(service)
        return talk_answers.requested(place(account, talk_request.orders(fields, name, account.bare_domains))), 202


@FACE.blueprint.get(TALK)
@described(
    Operation(
        FACE.tag,
        {200: Answer("The messages.")},
        query=search.TalkSearch,
        name="sens_list_friendtalk",
        refusal=SensRefusal,
    )
)
@for_senders(Scope.READ)
def list_talk(account: Sender, service: str) -> talk_answers.SensTalkList:
    """List FriendTalk messages of the last 30 days, the newest first, of one request or one period.

    A period of requests has at most 31 days, one of completed messages at most 24 hours; only one of them may be given.
    """
    wanted = search.talk(vendor_requests.read().fields, service, message_reports.now())
    return talk_answers.listed(*_page(account, wanted))


@FACE.blueprint.get(f"{TALK}/<msgid>")
@described(
    Operation(
        FACE.tag,
        {200: Answer("The message.")},
        refusals=(MessageNotFoundError,),
        name="sens_get_friendtalk",
        refusal=SensRefusal,
    )
)
@for_senders(Scope.READ)
def get_talk(account: Sender, service: str, msgid: str) -> talk_answers.SensTalkStatus:
    """Get one FriendTalk message."""
    return talk_answers.found(_found(account, service, "friendtalk", msgid))


def _page(account: Sender, wanted: FaceFilter) -> tuple[list[FaceMessage], str | None]:
    """Return a page of messages; those of one request as it has them, if they are all on the page."""
    with search.naming_cursor():
        messages, next_token = face_messages.page(account, wanted)
    if wanted.bulk_ids and not (wanted.cursor or next_token):
        messages.sort(key=lambda message: message.id)
    return messages, next_token


def _found(account: Sender, service: str, channel: str, msgid: str) -> FaceMessage:
    """Return a message of this service and channel; MessageNotFoundError if there is none."""
    message = face_messages.find(account, msgid, face=NAME)
    if (message.fields.get("service"), message.fields.get("channel")) != (service, channel):
        raise MessageNotFoundError
    return message
