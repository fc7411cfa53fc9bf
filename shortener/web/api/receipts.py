"""The API for receipts: gateways report here what became of messages, with credentials or with a key in the path."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Request, Response, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from shortener.accounts.senders import Sender
from shortener.errors import MessageNotFoundError
from shortener.receipts import keys, take_in
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.reporting import receipt_lists
from shortener.reporting.receipt_documents import ReceiptPage
from shortener.reporting.receipt_lists import ReceiptFilter
from shortener.running.services import services
from shortener.storage import db
from shortener.web import credentials, incoming, problems
from shortener.web.access import Scope, for_senders
from shortener.web.description.operation import Answer, Operation, described
from shortener.web.path_groups import PathGroup
from shortener.web.problems import RequestError

LONGEST: Final = 1024 * 1024  # bytes of a body
MAIL: Final = "message/rfc822"
OURS: Final = ("msgid", "client_tag")  # parameters that a sender may add to the URL that it gives its vendor
blueprint = Blueprint("receipts", __name__)


def authenticate(request: Request) -> Sender:
    """Return the account whose key is in the path, which allows receipts; CredentialsError if it is not one of ours."""
    given: dict[str, str] = request.view_args or {}
    secret_keys = services().settings.secret_keys
    credentials.allow(frozenset({Scope.RECEIPTS}))
    with credentials.counted(None), db.read() as session:
        if "mac" in given:
            return keys.account_of_message(session, given["gateway"], given["msgid"], given["mac"], secret_keys)
        return keys.account_of(session, given["gateway"], given["key"], secret_keys)


WITH_KEYS: Final = PathGroup(prefixes=("/receipts/",), refuse=problems.refuse, authenticate=authenticate)
BODY: Final[dict[str, Any]] = {
    "title": "GatewayReceipt",
    "description": "One receipt or several, with the fields that the gateway has.",
    "type": "object",
    "additionalProperties": True,
    "examples": [{"messageId": "0A0000001234567B", "status": "failed", "err-code": "2", "client-ref": "order-1"}],
}


def _taken(name: str, *, by_body: bool, keyed: bool) -> Operation:
    """The description of a route that takes receipts."""
    return Operation(
        "Receipts",
        {200: Answer("The receipts are stored, now or earlier; the body is empty.")},
        body=BODY if by_body else None,
        refusals=(MessageNotFoundError,),
        codes={404: ("not_found",), 422: ("invalid_fields",)},
        name=name,
        key="The last part of the path is a key that stands for credentials." if keyed else "",
    )


@blueprint.post("/v1/receipts/<gateway>")
@described(_taken("take_receipts", by_body=True, keyed=False))
@for_senders(Scope.RECEIPTS)
def take_receipts(account: Sender, gateway: str) -> Response:
    """Report what became of messages, in a gateway's own form: JSON or a form, or for `dsn` a mail.

    A receipt is stored once, however often it is sent.
    """
    return _take(account, gateway)


@blueprint.get("/v1/receipts/<gateway>")
@described(_taken("take_receipt_of_query", by_body=False, keyed=False))
@for_senders(Scope.RECEIPTS)
def take_receipt_of_query(account: Sender, gateway: str) -> Response:
    """Report what became of a message, with the fields of a gateway as parameters."""
    return _take(account, gateway)


@blueprint.post("/receipts/<gateway>/<key>")
@described(_taken("take_receipts_with_key", by_body=True, keyed=True))
@for_senders(Scope.RECEIPTS)
def take_receipts_with_key(account: Sender, gateway: str, key: str) -> Response:
    """Report what became of an account's messages, for gateways that can send no credentials.

    The operator gets the path with `account receipts-url`.
    """
    return _take(account, gateway)


@blueprint.get("/receipts/<gateway>/<key>")
@described(_taken("take_receipt_of_query_with_key", by_body=False, keyed=True))
@for_senders(Scope.RECEIPTS)
def take_receipt_of_query_with_key(account: Sender, gateway: str, key: str) -> Response:
    """Report what became of an account's message, with the fields of a gateway as parameters."""
    return _take(account, gateway)


@blueprint.post("/receipts/<gateway>/<msgid>/<mac>")
@described(_taken("take_receipts_of_message", by_body=True, keyed=True))
@for_senders(Scope.RECEIPTS)
def take_receipts_of_message(account: Sender, gateway: str, msgid: str, mac: str) -> Response:
    """Report what became of one message, at the URL that its gateway got with it."""
    return _take(account, gateway, msgid)


@blueprint.get("/receipts/<gateway>/<msgid>/<mac>")
@described(_taken("take_receipt_of_query_of_message", by_body=False, keyed=True))
@for_senders(Scope.RECEIPTS)
def take_receipt_of_query_of_message(account: Sender, gateway: str, msgid: str, mac: str) -> Response:
    """Report what became of one message, with the fields of its gateway as parameters."""
    return _take(account, gateway, msgid)


@blueprint.get("/v1/receipts")
@described(
    Operation(
        "Receipts",
        {200: Answer("A page of receipts.")},
        query=ReceiptFilter,
        refusals=(MessageNotFoundError,),
    )
)
@for_senders(Scope.READ)
def list_receipts(account: Sender) -> ReceiptPage:
    """List the receipts that came in, the newest first."""
    wanted = ReceiptFilter.check(request.args.to_dict(), faults=incoming.faults(*ReceiptFilter.names()))
    with db.read() as session:
        return receipt_lists.document(session, account, wanted, services().settings.base_url)


def _take(account: Sender, gateway: str, msgid: str | None = None) -> Response:
    """Store the receipts of this request; MessageNotFoundError if it has some, and none is about our messages."""
    read = services().receipt_readers.get(gateway)
    if read is None:
        raise NotFound
    if request.method == "HEAD":  # a look at the URL, by a person or a proxy, reports nothing
        return Response(mimetype="text/plain")
    receipts, known = _named(read(_given())), 0
    for start in range(0, len(receipts), take_in.AT_ONCE):
        some = receipts[start : start + take_in.AT_ONCE]
        with db.write() as session:
            known += take_in.take_all(session, account, some, msgid=msgid, now=db.now(session))
    if receipts and not known:
        raise MessageNotFoundError
    services().deliverer.wake()
    return Response(mimetype="text/plain")


def _named(receipts: Sequence[IncomingReceipt]) -> Sequence[IncomingReceipt]:
    """Return the receipts, which are about the message that the URL names, if it names one."""
    msgid, client_tag = request.args.get("msgid"), request.args.get("client_tag")
    if msgid is not None:
        return [replace(one, msgid=msgid) for one in receipts]
    return [replace(one, references=(client_tag,)) for one in receipts] if client_tag else receipts


def _given() -> Given:
    """Return what the request gives: its parameters, and the fields or the mail in its body."""
    parameters = {name: value for name, value in incoming.parameters().items() if name not in OURS}
    if request.method == "GET":
        return Given(parameters)
    request.max_content_length = LONGEST
    try:
        if request.mimetype == MAIL:
            return Given(parameters, incoming.body())
        if not request.mimetype and not incoming.body():
            return Given(parameters)
        return Given(parameters | incoming.fields())
    except RequestEntityTooLarge:
        sentence = "The body is larger than 1 MiB; report in several requests."
        raise RequestError(413, "body_too_large", sentence) from None
