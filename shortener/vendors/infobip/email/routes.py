"""The calls of Infobip's API for e-mail."""

from typing import Final

from flask import Blueprint

from shortener.running.services import services
from shortener.vendors.infobip import errors, outcome, sending
from shortener.vendors.infobip.blueprint import BUSY, TAG, refuse_head
from shortener.vendors.infobip.email import documents, new_reports, new_request, old_reports, submissions
from shortener.vendors.infobip.email.mails import File, Mail
from shortener.vendors.infobip.email.new_request import InfobipMails
from shortener.vendors.infobip.email.old_request import SCHEMA, InfobipOldMail
from shortener.vendors.infobip.email.queries import CHANNEL, NewMailLogsQuery, OldMailLogsQuery
from shortener.vendors.infobip.lists import ReportsQuery
from shortener.vendors.infobip.sending import Form, Sent
from shortener.web import large_bodies, message_reports, vendor_requests
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import JSON, Answer, Operation, described
from shortener.web.vendor_requests import Given

EMAIL: Final = Blueprint("email", __name__, url_prefix="/email")
LONGEST_FORM: Final = 26 * 1024**2  # bytes of a body: 20 MiB of files, with text and HTML
LONGEST_JSON: Final = 32 * 1024**2  # the same in base64
MULTIPART: Final = ("multipart/form-data",)
SENT: Final = Answer("What became of each recipient, with the mail to send.")
ONCE: Final = Answer("Reports; none of them is given out again.")
LOGS: Final = Answer("The mails, the newest first.")


@EMAIL.post("/3/send")
@described(
    Operation(
        TAG,
        {200: SENT},
        body=SCHEMA,
        media=MULTIPART,
        codes=BUSY,
        name="infobip_email_send_old",
        refusal=errors.InfobipOldRefusal,
    )
)
@for_senders(Scope.SEND)
def send_old(account: Sender) -> documents.InfobipOldMailsSent:
    """Send a mail, in the old form."""
    with large_bodies.room(account):
        given = vendor_requests.read(LONGEST_FORM, any_case=True)
        files = _files(given)
        mail = InfobipOldMail.read(given.fields, files, services().policy)
        send_on = sending.send_on(mail.send_at, message_reports.now(), "sendAt")
        return documents.old_sent(*_send(account, [mail.mail(files)], "email/3", mail.bulk_id, send_on))


def _files(given: Given) -> list[tuple[str, File]]:
    return [(name, File(file.filename or "", file.mimetype, file.read())) for name, file in given.files]


@EMAIL.post("/4/messages")
@described(
    Operation(
        TAG,
        {200: SENT},
        body=InfobipMails,
        media=JSON,
        codes=BUSY,
        name="infobip_email_send",
        refusal=errors.InfobipRefusal,
    )
)
@for_senders(Scope.SEND)
def send(account: Sender) -> documents.InfobipMailsSent:
    """Send mails."""
    with large_bodies.room(account):
        given = InfobipMails.check(vendor_requests.read(LONGEST_JSON).fields, services().policy)
        schedule, mails = given.schedule, list(given.mails())
        send_on = sending.send_on(schedule.send_at, message_reports.now(), new_request.SEND_AT)
        return documents.new_sent(*_send(account, mails, "email/4", schedule.bulk_id, send_on))


def _send(
    account: Sender, mails: list[Mail], form: Form, given_id: str | None, send_on: str | None
) -> tuple[str | None, list[Sent]]:
    """Store the messages, and return the id of the request and what became of each recipient."""
    bulk_id = sending.bulk_id(given_id, sum(len(mail.recipients) for mail in mails))
    wanted = submissions.wanted(mails, form, bulk_id, send_on)
    return bulk_id, sending.send_all(account, wanted)


@EMAIL.get("/1/reports")
@described(
    Operation(TAG, {200: ONCE}, query=ReportsQuery, name="infobip_email_reports_old", refusal=errors.InfobipOldRefusal)
)
@for_senders(Scope.READ)
def reports_old(account: Sender) -> old_reports.InfobipOldMailReports:
    """Take new reports, in the old form: final ones of the last 48 hours, the oldest first."""
    refuse_head()
    pulled = ReportsQuery.of(vendor_requests.read().fields).pull(account, CHANNEL)
    return {"results": [old_reports.report(message, outcome.of_message(message)) for message in pulled]}


@EMAIL.get("/4/reports")
@described(Operation(TAG, {200: ONCE}, query=ReportsQuery, name="infobip_email_reports", refusal=errors.InfobipRefusal))
@for_senders(Scope.READ)
def reports(account: Sender) -> new_reports.InfobipMailReports:
    """Take new reports: final ones of the last 48 hours, the oldest first."""
    refuse_head()
    pulled = ReportsQuery.of(vendor_requests.read().fields).pull(account, CHANNEL)
    return {"results": [new_reports.report(message, outcome.of_message(message)) for message in pulled]}


@EMAIL.get("/1/logs")
@described(
    Operation(TAG, {200: LOGS}, query=OldMailLogsQuery, name="infobip_email_logs_old", refusal=errors.InfobipOldRefusal)
)
@for_senders(Scope.READ)
def logs_old(account: Sender) -> old_reports.InfobipOldMailLogs:
    """List the mails of the last 48 hours, in the old form."""
    found = OldMailLogsQuery.of(vendor_requests.read().fields).messages(account)
    return {"results": [*map(old_reports.log, found)]}


@EMAIL.get("/4/logs")
@described(
    Operation(TAG, {200: LOGS}, query=NewMailLogsQuery, name="infobip_email_logs", refusal=errors.InfobipRefusal)
)
@for_senders(Scope.READ)
def logs(account: Sender) -> new_reports.InfobipMailLogs:
    """List the mails of the last 48 hours."""
    asked = NewMailLogsQuery.of(vendor_requests.read().fields)
    found, following = asked.messages(account)
    answer: new_reports.InfobipMailLogs = {"results": [*map(new_reports.log, found)]}
    if cursor := asked.document(asked.limit, following):
        answer["cursor"] = cursor
    return answer
