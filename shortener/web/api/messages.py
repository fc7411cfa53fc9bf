"""The API for messages: preprocess, list, report, switch off and on, check."""

from typing import Final

from flask import Blueprint, request

from shortener.accounts import audit
from shortener.accounts.senders import Sender
from shortener.errors import (
    ClientTagTakenError,
    IdempotencyKeyReusedError,
    InvalidFieldsError,
    MessageNotFoundError,
    MessageRateError,
    MonthlyLimitError,
    QuietHoursError,
)
from shortener.messages import dry_run, lookup
from shortener.messages.analysis import analyze
from shortener.messages.submission import DryRunRequest, Submission
from shortener.reporting import click_documents, documents, message_lists, message_report
from shortener.reporting.click_lists import Position
from shortener.reporting.message_filter import PARAMETERS, Filter
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.storage import db
from shortener.web import credentials, incoming, large_bodies
from shortener.web.access import Scope, for_senders
from shortener.web.description.operation import IDEMPOTENCY_KEY, Answer, Operation, described

blueprint = Blueprint("api", __name__, url_prefix="/v1")
LONGEST: Final = 32 * 1024 * 1024  # bytes of a body: 20 MiB of attachments in base64, with text and HTML
WHERE = {"Location": "The message's report."}
REPLAYED = {"Idempotency-Replayed": "`true` if this repeats the first response to the key."}


@blueprint.post("/messages")
@described(
    Operation(
        "Messages",
        {
            201: Answer(
                "The message is stored; `message` is the text to send.",
                headers=WHERE,
                sometimes=REPLAYED,
            )
        },
        body=Submission,
        parameters=(IDEMPOTENCY_KEY,),
        codes={429: ("too_many_large_messages",)},
        refusals=(ClientTagTakenError, IdempotencyKeyReusedError, MonthlyLimitError, MessageRateError, QuietHoursError),
    )
)
@for_senders(Scope.SEND)
def preprocess_message(account: Sender) -> tuple[documents.PreprocessedMessage, int, dict[str, str]]:
    """Preprocess a message: 201 with the text to send."""
    key = incoming.idempotency_key()
    site = services().site
    services().message_rates.admit(account, 0)  # before its body is read
    with large_bodies.room(account):
        submission = Submission.check(incoming.fields(LONGEST), services().policy)
        done = services().group_commit.preprocess(account, analyze(submission, account, site, key), site)
    document = message_report.preprocessed(done.message, done.links, site)
    headers = {"Location": document["url"]} | ({"Idempotency-Replayed": "true"} if done.replayed else {})
    return document, 201, headers


@blueprint.get("/messages")
@described(Operation("Messages", {200: Answer("A page of messages.")}, query=Filter))
@for_senders(Scope.READ)
def list_messages(account: Sender) -> documents.MessagePage:
    """List the messages that the filters select, the newest first."""
    wanted = Filter.check(request.args.to_dict(), faults=incoming.faults(*PARAMETERS))
    with db.read() as session:
        return message_lists.document(session, account, wanted, services().site)


@blueprint.get("/messages/<name('batch'):msgid>")
@described(
    Operation(
        "Messages",
        {200: Answer("The report of the message.")},
        refusals=(MessageNotFoundError, InvalidFieldsError),
    )
)
@for_senders(Scope.READ)
def report_message(account: Sender, msgid: str) -> documents.MessageReport:
    """Get the report of a message."""
    incoming.no_parameters()
    with db.read() as session:
        return message_report.full(session, lookup.find(session, account, msgid), services().site)


@blueprint.get("/messages/<msgid>/clicks")
@described(
    Operation(
        "Messages",
        {200: Answer("A page of clicks.")},
        query=Position,
        refusals=(MessageNotFoundError,),
    )
)
@for_senders(Scope.READ)
def list_clicks(account: Sender, msgid: str) -> click_documents.Clicks:
    """List a message's clicks, the newest first."""
    wanted = Position.check(request.args.to_dict(), faults=incoming.faults(*Position.names()))
    with db.read() as session:
        message = lookup.find(session, account, msgid)
        links = lookup.links_of(session, [message])[message.id]
        return message_report.clicks(session, message, links, services().site, place=wanted.cursor)


@blueprint.post("/messages/<msgid>/off")
@described(
    Operation(
        "Messages",
        {200: Answer("The links are switched off.")},
        refusals=(MessageNotFoundError,),
    )
)
@for_senders(Scope.MANAGE)
def switch_off_link(account: Sender, msgid: str) -> documents.MessageReport:
    """Switch a message's links off and return the report."""
    with db.write() as session:
        message = lookup.find(session, account, msgid)
        lookup.switch_off(session, message, now=(now := db.now(session)))
        audit.record(session, Deed.SWITCHED_OFF, credentials.actor(), now=now, account_id=account.id, about=msgid)
        session.flush()  # so that the report below sees the change
        return message_report.full(session, message, services().site)


@blueprint.post("/messages/<msgid>/on")
@described(
    Operation(
        "Messages",
        {200: Answer("The links are switched on. They expire when they would have expired without this.")},
        refusals=(MessageNotFoundError,),
    )
)
@for_senders(Scope.MANAGE)
def switch_on_link(account: Sender, msgid: str) -> documents.MessageReport:
    """Switch a message's links on again and return the report."""
    with db.write() as session:
        message = lookup.find(session, account, msgid)
        lookup.switch_on(session, message)
        now = db.now(session)
        audit.record(session, Deed.SWITCHED_ON, credentials.actor(), now=now, account_id=account.id, about=msgid)
        session.flush()  # so that the report below sees the change
        return message_report.full(session, message, services().site)


@blueprint.post("/links/check")
@described(
    Operation(
        "Messages",
        {200: Answer("The result of the check.")},
        body=DryRunRequest,
    )
)
@for_senders(Scope.SEND)
def check_link(account: Sender) -> dry_run.CheckedUrl | dry_run.CheckedMessage:
    """Check whether and how a URL or a message would be shortened. Nothing is stored."""
    question = DryRunRequest.check(incoming.fields())
    if question.url is not None:
        return dry_run.of_url(question.url, account, question, services().site)
    site = services().site
    with db.read() as session:
        return dry_run.of_message(session, question.message or "", account, question, site, now=db.now(session))
