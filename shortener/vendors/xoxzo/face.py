"""Xoxzo's wire format, so that its clients work unchanged: send a message, get its status, list messages.

It follows https://docs.xoxzo.com/en/sms.html and the client library xoxzo.cloudpy, and calls the same use cases as our
own API. Without a gateway, a message is rewritten and not sent: its `status` stays `QUEUED`. Its `cost` is always 0.
"""

from typing import Final
from urllib.parse import quote

from flask import Blueprint

from shortener.errors import InvalidFieldsError, MessageNotFoundError, MonthlyLimitError, QuietHoursError
from shortener.messages.analysis import analyze
from shortener.messages.from_face import FromFace
from shortener.reporting import message_report
from shortener.reporting.message_filter import Filter
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.vendors import Face
from shortener.vendors.xoxzo import answers, requests, sent_date
from shortener.web import message_reports
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import CURSOR, Answer, Operation, described, query

FACE: Final = Face(
    tag="Xoxzo",
    description="Xoxzo's wire format: its clients work here unchanged. Without a gateway, the text is not sent.",
    prefixes=("/sms/messages",),
    blueprint=Blueprint("xoxzo", __name__, url_prefix="/sms"),
    refuse=answers.refuse,
)
SIGNS: Final = {"": "on", "<": "before", ">": "after"}  # `<` and the `=` that follows a name make `<=`
DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOST_LISTED: Final = 1_000  # messages in one answer: the format has no pages, and the answer must fit into memory


@FACE.blueprint.post("/messages/")
@described(
    Operation(
        FACE.tag,
        {201: Answer("A list of one, with the text to send.")},
        body=requests.SCHEMA,
        refusals=(MonthlyLimitError, QuietHoursError),
        name="xoxzo_send",
        refusal=answers.XoxzoRefusal,
    )
)
@for_senders(Scope.SEND)
def send(account: Sender) -> tuple[list[answers.XoxzoSent], int]:
    """Preprocess a message: 201 and a list of one, with the text to send."""
    site = services().site
    face = FromFace(name="xoxzo", told_states=answers.TOLD)
    analysis = analyze(requests.submission(), account, site, face=face)
    done = services().group_commit.preprocess(account, analysis, site)
    accepted = message_report.preprocessed(done.message, done.links, site)
    tracking = accepted["link_tracking"]
    shortlink = tracking["shortlink"] if tracking else None
    return [{"msgid": accepted["msgid"], "message": accepted["message"], "shortlink": shortlink}], 201


@FACE.blueprint.get("/messages/<msgid>/")
@described(
    Operation(
        FACE.tag,
        {200: Answer("The message.")},
        refusals=(MessageNotFoundError,),
        name="xoxzo_status",
        refusal=answers.XoxzoRefusal,
    )
)
@for_senders(Scope.READ)
def status(account: Sender, msgid: str) -> answers.XoxzoStatus:
    """Get the status of one message."""
    return answers.status(message_reports.summary(account, msgid), services().site.base_url)


@FACE.blueprint.get("/messages/")
@described(
    Operation(
        FACE.tag,
        {200: Answer("The messages.", sometimes={"Link": "The next page, if there is one."})},
        parameters=(
            *(query(f"{sent_date.NAME}{sign}", f"Sent {when} that day.", pattern=DAY) for sign, when in SIGNS.items()),
            CURSOR,
        ),
        name="xoxzo_list",
        refusal=answers.XoxzoRefusal,
    )
)
@for_senders(Scope.READ)
def sent(account: Sender) -> tuple[list[answers.XoxzoStatus], int, dict[str, str]]:
    """List the messages of the last 90 days that `sent_date` selects, the newest first.

    Returns at most 1,000 messages. If there are more, the header `Link` has the URL of the next page
    (`rel="next"`, RFC 8288).
    """
    asked = requests.list_query()
    found, cursor = message_reports.summaries(account, _filter(asked), limit=MOST_LISTED)
    base_url = services().site.base_url
    headers = {}
    if cursor:
        parameters = "&".join([*(quote(text, safe="=") for text in asked.filters), f"cursor={cursor}"])
        headers = {"Link": f'<{base_url}/sms/messages/?{parameters}>; rel="next"'}
    return [answers.status(summary, base_url) for summary in found], 200, headers


def _filter(asked: requests.ListQuery) -> Filter:
    """Return the filter of our own lists that the query means; InvalidFieldsError names everything that is wrong."""
    period: dict[str, str] = {}
    faults = dict(asked.faults)
    try:
        start, end = sent_date.period(asked.filters, message_reports.now().date())
        period = {"from": rfc3339(start), "to": rfc3339(end)}
    except InvalidFieldsError as error:
        faults |= error.fields
    return Filter.check({**period, "cursor": asked.cursor}, faults=faults)
