"""The API for what somebody decides about a message that is sent: cancel, repeat, give up."""

from flask import Blueprint

from shortener.accounts import audit
from shortener.accounts.senders import Sender
from shortener.errors import MessageNotFoundError, NotCancelableError, NotHeldError
from shortener.messages import lookup
from shortener.reporting import documents, message_report
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.sending import decisions
from shortener.storage import db
from shortener.web import credentials
from shortener.web.access import Scope, for_senders
from shortener.web.description.operation import Answer, Operation, described

blueprint = Blueprint("sendings", __name__, url_prefix="/v1/messages/<msgid>")


@blueprint.post("/cancel")
@described(
    Operation(
        "Messages",
        {200: Answer("The message is canceled.")},
        refusals=(MessageNotFoundError, NotCancelableError),
    )
)
@for_senders(Scope.MANAGE)
def cancel_message(account: Sender, msgid: str) -> documents.MessageReport:
    """Take a message back before its hand-over begins, and return the report."""
    with db.write() as session:
        message = lookup.find(session, account, msgid)
        decisions.cancel(session, message, now=(now := db.now(session)))
        audit.record(session, Deed.CANCELED, credentials.actor(), now=now, account_id=account.id, about=msgid)
        return message_report.full(session, message, services().site)


@blueprint.post("/repeat")
@described(
    Operation(
        "Messages",
        {202: Answer("The message is due now.")},
        refusals=(MessageNotFoundError, NotHeldError),
    )
)
@for_senders(Scope.MANAGE)
def repeat_message(account: Sender, msgid: str) -> tuple[documents.MessageReport, int]:
    """Hand a held message over again, which may reach its recipient twice: 202 with the report."""
    with db.write() as session:
        message = lookup.find(session, account, msgid)
        decisions.repeat(session, message, now=(now := db.now(session)))
        audit.record(session, Deed.REPEATED, credentials.actor(), now=now, account_id=account.id, about=msgid)
        document = message_report.full(session, message, services().site)
    services().wake_sendings()
    return document, 202


@blueprint.post("/give-up")
@described(
    Operation(
        "Messages",
        {200: Answer("The message is not handed over again.")},
        refusals=(MessageNotFoundError, NotHeldError),
    )
)
@for_senders(Scope.MANAGE)
def give_up_message(account: Sender, msgid: str) -> documents.MessageReport:
    """Leave a held message as it is, and return the report."""
    with db.write() as session:
        message = lookup.find(session, account, msgid)
        decisions.give_up(session, message, asked_by=f"account {account.name}", now=(now := db.now(session)))
        audit.record(session, Deed.GIVEN_UP, credentials.actor(), now=now, account_id=account.id, about=msgid)
        return message_report.full(session, message, services().site)
