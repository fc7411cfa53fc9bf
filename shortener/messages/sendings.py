"""Store the sendings and the attachments of new messages, in the messages' own transaction."""

import datetime as dt
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages import rows, within_limits
from shortener.messages.analysis import Analysis
from shortener.messages.route import Route
from shortener.messages.rows import Row
from shortener.rules.delivery import gateway_choice
from shortener.rules.delivery.job_state import JobState
from shortener.validation.attachments import sha256


def insert(
    connection: Connection, account: Sender, messages: Mapping[int, Analysis], site: Site, now: dt.datetime
) -> None:
    """Insert what the gateways of these messages need, by the message's id."""
    sent = [(id_, one, one.route) for id_, one in messages.items() if one.route]
    rows.insert_sendings(connection, [_sending(id_, account, one, route, site, now) for id_, one, route in sent])
    files = [(id_, one) for id_, one in messages.items() if one.submission.attachments]
    rows.insert_attachments(connection, [row for id_, one in files for row in _attachments(id_, one)])


def _sending(message_id: int, account: Sender, analysis: Analysis, route: Route, site: Site, now: dt.datetime) -> Row:
    """Return the row of a message's sending."""
    submission = analysis.submission
    seconds, due_on = submission.validity_period, within_limits.due_on(account, analysis, now)
    period = site.gateways.validity_period if seconds is None else dt.timedelta(seconds=seconds)
    return {
        "message_id": message_id,
        "account_id": account.id,
        "gateway": route.gateway,
        "channel": route.channel,
        "destination": gateway_choice.destination(account.id, route.gateway),
        "recipient": route.recipient,
        "sender": submission.sender,
        "extras": analysis.face.extras,
        "state": JobState.PENDING,
        "created_on": now,
        "due_on": due_on,
        "expires_on": due_on + period,
        "starts_before": 0,
    }


def _attachments(message_id: int, analysis: Analysis) -> Iterator[Row]:
    """Yield the rows of a message's attachments; their content is stored only until it is handed over."""
    for position, file in enumerate(analysis.submission.attachments or (), 1):
        yield {
            "message_id": message_id,
            "position": position,
            "name": file.name,
            "content_type": file.content_type,
            "size": len(file.content),
            "sha256": sha256(file.content),
            "content": file.content if analysis.route else None,
        }
