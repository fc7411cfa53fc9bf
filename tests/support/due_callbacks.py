"""Insert thousands of due callbacks, with the messages and links that they belong to, without any clicks."""

import datetime as dt
import secrets
from collections.abc import Mapping

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.rules.delivery import event, receiver
from shortener.storage.models import CLICK, Account, Callback, Link, Message, Part, PartKind

DAY = dt.timedelta(days=1)
MICROSECOND = dt.timedelta(microseconds=1)
AT_ONCE = 5000  # rows per statement


def add(session: Session, account: str, counts: Mapping[str, int], *, since: dt.datetime) -> None:
    """Add callbacks to the account: `counts` says how many for each callback URL.

    The first is due at `since`, and each further one a microsecond later.
    """
    account_id = session.scalars(select(Account.id).where(Account.name == account)).one()
    urls = [url for url, count in counts.items() for _ in range(count)]
    for start in range(0, len(urls), AT_ONCE):
        _add(session, account_id, urls[start : start + AT_ONCE], since + start * MICROSECOND)


def _add(session: Session, account_id: int, urls: list[str], since: dt.datetime) -> None:
    moments = [since + place * MICROSECOND for place in range(len(urls))]
    common = {"track_link": True, "detection": "strict", "bare_domains": "careful", "count_as_click": "any"}
    messages = [
        {"account_id": account_id, "msgid": random_text(32), "received_on": moment, **common} for moment in moments
    ]
    in_order = {"sort_by_parameter_order": True}
    message_ids = list(session.scalars(insert(Message).returning(Message.id, **in_order), messages))
    session.execute(insert(Part), [{"message_id": id_, "kind": PartKind.TEXT, "text": "x"} for id_ in message_ids])
    links = [
        {"message_id": message_id, "number": secrets.randbits(49), "accessed_on": moment, **_LINK}
        | {"expires_on": moment + 90 * DAY}
        for message_id, moment in zip(message_ids, moments, strict=True)
    ]
    link_ids = list(session.scalars(insert(Link).returning(Link.id, **in_order), links))
    session.execute(
        insert(Callback),
        [
            _callback(account_id, message_id, link_id, url, message["msgid"], moment)
            for message_id, link_id, url, message, moment in zip(
                message_ids, link_ids, urls, messages, moments, strict=True
            )
        ],
    )


_LINK = {
    "base_url": "https://s.example.com",
    "target": "https://example.com/",
    "starts_at": 0,
    "ends_at": 1,
    "count_as_click": "any",
}


def _callback(
    account_id: int, message_id: int, link_id: int, url: str, msgid: object, moment: dt.datetime
) -> dict[str, object]:
    return {
        "message_id": message_id,
        "about": CLICK,
        "link_id": link_id,
        "account_id": account_id,
        "event_id": f"evt_{random_text(26)}",
        "url": url,
        "destination": receiver.queue(account_id, url),
        "body": event.build(event.CLICKED, moment, {"msgid": msgid, "link": _LINK["target"], "accessed": True}),
        "created_on": moment,
        "due_on": moment,
    }
