"""Xoxzo's wire format, so that its clients work unchanged: send a message, ask for its status, list what was sent.

After https://docs.xoxzo.com/en/sms.html and the client library xoxzo.cloudpy. Behind it stands the same use case as
behind our own interface. A message is rewritten here and not sent: its `status` stays `QUEUED`, its `cost` is 0, and
`callbackurl`, which the vendor calls with delivery receipts, is kept and not called.
"""

import datetime as dt
import re
from typing import Any
from urllib.parse import quote, unquote_plus

from flask import Blueprint, Response, request

from shortener.errors import InvalidFieldsError, MessageNotFoundError
from shortener.messages import preprocess, rewriting
from shortener.messages.submission import Submission
from shortener.reporting import message_lists
from shortener.reporting.message_filter import Filter
from shortener.rules import sms_parts
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account, Link, Message
from shortener.validation.models import Faults
from shortener.vendors import Face
from shortener.vendors.xoxzo import refusals, sent_date
from shortener.vendors.xoxzo.answers import XoxzoRefusal, XoxzoSent, XoxzoStatus, sending
from shortener.web import incoming
from shortener.web.access import for_senders
from shortener.web.description.operation import CURSOR, Answer, Operation, described, query

blueprint = Blueprint("xoxzo", __name__, url_prefix="/sms")

REQUIRED = ("message", "recipient", "sender")
FIELDS = frozenset({*REQUIRED, "track_link", "lt_callbackurl", "callbackurl", "tags"})
# Told to the vendor's carriers; they mean nothing to a text that is only rewritten. The last is an older name.
CARRIER_OPTIONS = frozenset({"jp_kp", "jp_kpl", "jp_kp_sender", "jp_kddi_sender"})
# E.164 drops the national 0; in Japan, the vendor's market, no number has one behind the country code.
PHONE_NUMBER = re.compile(r"\+(?!810)[1-9][0-9]{6,14}")
SEPARATORS = re.compile(r"[ ().-]")
FACE = Face(
    prefixes=("/sms/",),
    refuse=refusals.refuse,
    tag="Xoxzo",
    description="Xoxzo's wire format: its clients work here unchanged. The text is given back and not sent.",
    blueprint=blueprint,
)
DATES = {"": "on", "<": "before", ">": "after"}  # `<` and the `=` that follows a name make `<=`
DAYS = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOST_LISTED = 1_000  # messages in one answer: the format knows no pages, and ours must fit into memory


@blueprint.after_request
def _keep_private(response: Response) -> Response:
    """No answer here is anybody else's."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.post("/messages/")
@described(
    Operation(
        "xoxzo_send",
        "Xoxzo",
        {201: Answer("A list of one, with the text to send.", list[XoxzoSent])},
        body=sending(REQUIRED, FIELDS, CARRIER_OPTIONS),
        refusal=XoxzoRefusal,
    )
)
@for_senders
def send(account: Account) -> tuple[list[dict[str, Any]], int]:
    """Preprocess a message: 201 and a list of one, with the text to send."""
    draft = preprocess.draft(_order(), account, services().site)
    done = services().reception.preprocess(account, draft, services().site)
    text = rewriting.rewritten_text(done.message, done.link, services().site)
    shortlink = services().site.shortlink_of(done.link) if done.link else None
    return [{"msgid": done.message.msgid, "message": text, "shortlink": shortlink}], 201


@blueprint.get("/messages/<msgid>/")
@described(
    Operation(
        "xoxzo_status",
        "Xoxzo",
        {200: Answer("The message.", XoxzoStatus)},
        refusals=(MessageNotFoundError,),
        refusal=XoxzoRefusal,
    )
)
@for_senders
def status(account: Account, msgid: str) -> dict[str, Any]:
    """What became of one message."""
    with db.read() as session:
        message = preprocess.find(session, account, msgid)
        return _status(message, preprocess.link_of(session, message))


@blueprint.get("/messages/")
@described(
    Operation(
        "xoxzo_list",
        "Xoxzo",
        {200: Answer("The messages.", list[XoxzoStatus], sometimes={"Link": "Where there are more: the next ones."})},
        parameters=(
            *(query(f"{sent_date.NAME}{sign}", f"Sent {when} that day.", pattern=DAYS) for sign, when in DATES.items()),
            CURSOR,
        ),
        refusal=XoxzoRefusal,
    )
)
@for_senders
def sent(account: Account) -> tuple[list[dict[str, Any]], int, dict[str, str]]:
    """The messages of the last 90 days, the newest first, as far as `sent_date` lets them through.

    At most the newest 1,000. Where there are more, the header `Link` says where (`rel="next"`, RFC 8288).
    """
    filters, place, faults = _filters()
    with db.read() as session:
        period: dict[str, str] = {}
        try:
            start, end = sent_date.period(filters, db.now(session).date())
            period = {"from": rfc3339(start), "to": rfc3339(end)}
        except InvalidFieldsError as error:
            faults |= error.fields
        wanted = Filter.check({**period, "cursor": place}, faults=faults)
        page = message_lists.find(session, account, wanted, services().slugs, limit=MOST_LISTED)
    following = "&".join([*(quote(text, safe="=") for text in filters), f"cursor={page.next}"])
    headers = {"Link": f'<{_url()}?{following}>; rel="next"'} if page.next else {}
    return [_status(message, link) for message, link in page.rows], 200, headers


def _order() -> Submission:
    """What the request asks for; InvalidOrderError names everything that is wrong with it at once.

    An unknown field is refused, not passed over: a misspelt `lt_callbackurl` would be a callback that never comes.
    """
    fields = _fields()
    faults = {name: ["is not known here"] for name in fields.keys() - FIELDS - CARRIER_OPTIONS}
    recipient = fields.get("recipient")
    if isinstance(recipient, str) and not PHONE_NUMBER.fullmatch(SEPARATORS.sub("", recipient)):
        faults["recipient"] = ["must be a number in E.164, like +818012345678, without the national 0"]
        if recipient.startswith(" "):
            faults["recipient"].append("In a form, + is written %2B.")
    faults |= {name: ["is required"] for name in REQUIRED if fields.get(name) in (None, "")}
    return Submission.check({name: fields[name] for name in FIELDS & fields.keys()}, services().policy, faults=faults)


def _fields() -> dict[str, Any]:
    """The fields of the body. A form without any field has no content type either."""
    if not request.mimetype and not request.get_data():
        return {}
    return incoming.fields()


def _filters() -> tuple[list[str], str | None, Faults]:
    """The query's filters, each as one text, its cursor, and what is wrong with others.

    An unknown parameter is refused, not passed over: a misspelt filter would let everything through.
    """
    texts = [unquote_plus(text) for text in request.query_string.decode("latin-1").split("&") if text]
    names = {text: text.partition("=")[0] for text in texts}
    unknown = {name for name in names.values() if not name.startswith(sent_date.NAME) and name != "cursor"}
    faults = {name: ["is not a parameter of this call"] for name in sorted(unknown)}
    if len(request.args.getlist("cursor")) > 1:
        faults["cursor"] = ["must be given once"]
    filters = [text for text in texts if names[text].startswith(sent_date.NAME)]
    return filters, request.args.get("cursor"), faults


def _status(message: Message, link: Link | None) -> dict[str, Any]:
    site = services().site
    tracking = link and {
        "link": link.target,
        "shortlink": site.shortlink_of(link),
        "accessed": link.accessed_on is not None,
        "accessed_on": link.accessed_on and _time(link.accessed_on),
    }
    return {
        "status": "QUEUED",
        "sender": message.sender,
        "url": f"{_url()}{message.msgid}/",
        "sent_time": _time(message.received_on),
        "cost": 0,
        "msgid": message.msgid,
        "tags": message.tags or [],
        "recipient": message.recipient,
        "parts": sms_parts.count(rewriting.rewritten_text(message, link, site)).parts,
        "link_tracking": tracking,
    }


def _url() -> str:
    return f"{services().site.base_url}/sms/messages/"


def _time(moment: dt.datetime) -> str:
    """UTC, as the vendor writes it."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"
