"""Lists, which have no pages at the vendor: up to 1,000 messages, and the header `Link` if there are more."""

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from flask import request

from shortener.reporting.face_filter import FaceFilter
from shortener.rules.delivery.face_message import FaceMessage
from shortener.running.services import services
from shortener.web import face_messages
from shortener.web.access import Sender

MOST_LISTED: Final = 1_000  # messages in one answer, which must fit into memory
Headers = dict[str, str]


def listed(account: Sender, wanted: FaceFilter) -> tuple[list[FaceMessage], Headers]:
    """Return messages of the filter, the newest first, and the header that leads to the next ones."""
    asked = replace(wanted, cursor=request.args.get("cursor"), limit=MOST_LISTED)
    found, cursor = face_messages.page(account, asked)
    return found, _link(cursor) if cursor is not None else {}


def _link(cursor: str) -> Headers:
    """Return the header with the URL of the next page, which has no credentials."""
    kept = [(name, value) for name, value in request.args.items() if name not in ("token", "cursor")]
    parameters = "&".join(f"{quote(name)}={quote(value)}" for name, value in [*kept, ("cursor", cursor)])
    return {"Link": f'<{services().site.base_url}{request.path}?{parameters}>; rel="next"'}
