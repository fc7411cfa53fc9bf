"""Vonage's SMS API, so that its clients work unchanged: send a message, and say whether it was a success.

It follows https://developer.vonage.com/en/api/sms and the client libraries vonage and @vonage/server-sdk, and calls the
same use cases as our own API. Receipts go to `callback`, in the vendor's form: see `callbacks`.
"""

from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from shortener.errors import MonthlyLimitError, QuietHoursError
from shortener.messages.analysis import analyze
from shortener.messages.from_face import FromFace
from shortener.reporting import message_report
from shortener.rules.delivery.message_state import MessageState
from shortener.running.services import services
from shortener.vendors import Face
from shortener.vendors.vonage import answers, credentials, requests
from shortener.vendors.vonage.receipts import CLIENT_REF, STATES
from shortener.vendors.vonage.requests import VonageConversion, VonageMessage
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import OURS, Answer, Credentials, Operation, described

NAME: Final = "vonage"
FACE: Final = Face(
    tag="Vonage",
    description="Vonage's SMS API: its clients work here unchanged. Without a gateway, the text is not sent.",
    prefixes=("/sms/json", "/conversions/"),
    blueprint=Blueprint(NAME, __name__),
    refuse=answers.refuse,
    authenticate=credentials.authenticate,
    references=(CLIENT_REF, requests.ACCOUNT_REF),
    credentials=Credentials(
        schemes=OURS.schemes,
        sentence="Credentials are HTTP Basic `SID:TOKEN`; or the fields `api_key` and `api_secret`, which are SID and "
        "token; or `api_key`, `timestamp` and `sig`, made with the signing secret.",
    ),
)
TOLD: Final = frozenset(STATES.values())  # the states that the vendor has a word for
TAKEN: Final = Answer("The message, or a number that says what is wrong.", answers.VonageAnswer)


@FACE.blueprint.post("/sms/json")
@described(
    Operation(
        FACE.tag,
        {200: TAKEN},
        body=VonageMessage,
        refusals=(MonthlyLimitError, QuietHoursError),
        name="vonage_send",
        refusal=answers.VonageAnswer,
        statuses=answers.STATUSES,
    )
)
@for_senders(Scope.SEND)
def send(account: Sender) -> answers.VonageResult:
    """Send a message.

    Every answer has HTTP status 200, unless the database cannot be used; `status` says whether the message was taken.
    """
    return _send(account)


@FACE.blueprint.get("/sms/json")
@described(
    Operation(
        FACE.tag,
        {200: TAKEN},
        query=VonageMessage,
        refusals=(MonthlyLimitError, QuietHoursError),
        name="vonage_send_by_query",
        refusal=answers.VonageAnswer,
        statuses=answers.STATUSES,
    )
)
@for_senders(Scope.SEND)
def send_by_query(account: Sender) -> answers.VonageResult:
    """Send a message whose fields are the parameters of the URL."""
    if request.method == "HEAD":  # which must change nothing
        raise MethodNotAllowed(["GET", "POST"])
    return _send(account)


def _send(account: Sender) -> answers.VonageResult:
    message = requests.message()
    told = frozenset[MessageState]() if message.status_report_req is False else TOLD
    from_face = FromFace(name=NAME, fields=message.references or None, told_states=told)
    site = services().site
    analysis = analyze(message.submission(), account, site, face=from_face)
    done = services().group_commit.preprocess(account, analysis, site)
    return answers.taken(message, message_report.preprocessed(done.message, done.links, site))


@FACE.blueprint.post("/conversions/sms")
@described(
    Operation(
        FACE.tag,
        {
            200: Answer("Taken, and not kept."),
            401: Answer("The credentials are wrong."),
            403: Answer("The token must not be used for sending."),
            420: Answer("A field is wrong, or the request cannot be read."),
            500: Answer("An error on our side."),
            503: Answer("The database cannot be used at the moment."),
        },
        body=VonageConversion,
        name="vonage_conversion",
        statuses=answers.CONVERSION_STATUSES,
    )
)
@for_senders(Scope.SEND)
def conversion(_account: Sender) -> Response:
    """Say whether a message was a success.

    Nothing is kept of it: clicks say more.
    """
    requests.conversion()
    return Response()
