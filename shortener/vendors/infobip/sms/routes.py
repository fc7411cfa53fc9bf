"""The calls of Infobip's API for SMS."""

from typing import Final

from flask import Blueprint

from shortener.running.services import services
from shortener.vendors.infobip import errors, outcome, sending
from shortener.vendors.infobip.blueprint import BUSY, LONGEST, TAG, refuse_head
from shortener.vendors.infobip.lists import ReportsQuery
from shortener.vendors.infobip.sms import documents, new_reports, old_reports
from shortener.vendors.infobip.sms.new_requests import InfobipSend
from shortener.vendors.infobip.sms.old_requests import IN_MESSAGES, InfobipOldQuery, InfobipOldSend
from shortener.vendors.infobip.sms.queries import CHANNEL, NewLogsQuery, OldLogsQuery
from shortener.web import large_bodies, message_reports, vendor_requests
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import JSON, Answer, Operation, described

SMS: Final = Blueprint("sms", __name__, url_prefix="/sms")
SENT: Final = Answer("What became of each destination, with the text to send.")
ONCE: Final = Answer("Reports; none of them is given out again.")
LOGS: Final = Answer("The messages, the newest first.")


@SMS.post("/2/text/advanced")
@described(
    Operation(
        TAG,
        {200: SENT},
        body=InfobipOldSend,
        media=JSON,
        codes=BUSY,
        name="infobip_sms_send_old",
        refusal=errors.InfobipOldRefusal,
    )
)
@for_senders(Scope.SEND)
def send_old(account: Sender) -> documents.InfobipOldSent:
    """Send SMS, in the old form."""
    with large_bodies.room(account):
        return _send_old(account, InfobipOldSend.check(vendor_requests.read(LONGEST).fields, services().policy))


@SMS.get("/1/text/query")
@described(
    Operation(
        TAG, {200: SENT}, query=InfobipOldQuery, name="infobip_sms_send_by_query", refusal=errors.InfobipOldRefusal
    )
)
@for_senders(Scope.SEND)
def send_by_query(account: Sender) -> documents.InfobipOldSent:
    """Send an SMS whose fields are parameters.

    `username` and `password` may stand for the credentials of the header.
    """
    refuse_head()
    return _send_old(account, InfobipOldQuery.of(vendor_requests.read().fields, services().policy), at="")


def _send_old(account: Sender, given: InfobipOldSend, at: str = IN_MESSAGES) -> documents.InfobipOldSent:
    bulk_id, wanted = given.wanted(message_reports.now(), at)
    return documents.old_sent(bulk_id, sending.send_all(account, wanted))


@SMS.post("/3/messages")
@described(
    Operation(
        TAG,
        {200: SENT},
        body=InfobipSend,
        media=JSON,
        codes=BUSY,
        name="infobip_sms_send",
        refusal=errors.InfobipRefusal,
    )
)
@for_senders(Scope.SEND)
def send(account: Sender) -> documents.InfobipSent:
    """Send SMS."""
    with large_bodies.room(account):
        given = InfobipSend.check(vendor_requests.read(LONGEST).fields, services().policy)
        bulk_id, wanted = given.wanted(message_reports.now())
        return documents.new_sent(bulk_id, sending.send_all(account, wanted))


@SMS.get("/1/reports")
@described(
    Operation(TAG, {200: ONCE}, query=ReportsQuery, name="infobip_sms_reports_old", refusal=errors.InfobipOldRefusal)
)
@for_senders(Scope.READ)
def reports_old(account: Sender) -> old_reports.InfobipOldReports:
    """Take new reports, in the old form: final ones of the last 48 hours, the oldest first."""
    refuse_head()
    pulled = ReportsQuery.of(vendor_requests.read().fields).pull(account, CHANNEL)
    return {"results": [old_reports.report(message, outcome.of_message(message)) for message in pulled]}


@SMS.get("/3/reports")
@described(Operation(TAG, {200: ONCE}, query=ReportsQuery, name="infobip_sms_reports", refusal=errors.InfobipRefusal))
@for_senders(Scope.READ)
def reports(account: Sender) -> new_reports.InfobipReports:
    """Take new reports: final ones of the last 48 hours, the oldest first."""
    refuse_head()
    pulled = ReportsQuery.of(vendor_requests.read().fields).pull(account, CHANNEL)
    return {"results": [new_reports.report(message, outcome.of_message(message)) for message in pulled]}


@SMS.get("/1/logs")
@described(
    Operation(TAG, {200: LOGS}, query=OldLogsQuery, name="infobip_sms_logs_old", refusal=errors.InfobipOldRefusal)
)
@for_senders(Scope.READ)
def logs_old(account: Sender) -> old_reports.InfobipOldLogs:
    """List the messages of the last 48 hours, in the old form."""
    found = OldLogsQuery.of(vendor_requests.read().fields).messages(account)
    return {"results": [*map(old_reports.log, found)]}


@SMS.get("/3/logs")
@described(Operation(TAG, {200: LOGS}, query=NewLogsQuery, name="infobip_sms_logs", refusal=errors.InfobipRefusal))
@for_senders(Scope.READ)
def logs(account: Sender) -> new_reports.InfobipLogs:
    """List the messages of the last 48 hours."""
    asked = NewLogsQuery.of(vendor_requests.read().fields)
    found, following = asked.messages(account)
    answer: new_reports.InfobipLogs = {"results": [*map(new_reports.log, found)]}
    if cursor := asked.document(asked.limit, following):
        answer["cursor"] = cursor
    return answer
