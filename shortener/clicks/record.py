"""Record clicks: for a first click that counts, also its time and the callback, in the same transaction."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, exists, literal_column, update

from shortener.clicks.new_click import NewClick
from shortener.clicks.statements import STATEMENTS
from shortener.rules.delivery import event, receiver
from shortener.rules.delivery.job_state import JobState
from shortener.rules.slug import Slugs
from shortener.rules.wire.moments import to_micros
from shortener.storage import changed_hours
from shortener.storage.bulk import Many
from shortener.storage.direct import Direct, Value
from shortener.storage.models import CLICK, Base

CALLBACK, LINK = (Base.metadata.tables[name] for name in ("callback", "link"))
_MESSAGE, _ACCOUNT, _URL = 5, 6, 7  # the places of a found link's message, account and callback URL
_IS_ABOUT_CLICK = CALLBACK.c.about == literal_column(f"'{CLICK}'")
# A callback that has never been claimed: a claim takes a lease and changes `due_on`.
_UNCLAIMED = (
    CALLBACK.c.state == literal_column(f"'{JobState.PENDING}'"),
    CALLBACK.c.lease_token.is_(None),
    CALLBACK.c.due_on == CALLBACK.c.created_on,
)
CORRECT_CALLBACKS = Many(
    update(CALLBACK)
    .where(CALLBACK.c.message_id == bindparam("message"), _IS_ABOUT_CLICK, *_UNCLAIMED)
    .where(CALLBACK.c.created_on > bindparam("now"))
    .values(link_id=bindparam("link"), body=bindparam("event"), created_on=bindparam("now"), due_on=bindparam("now")),
    ("message", "link", "now", "event"),
)
# After the corrections, a callback that still has a later click of the link has been claimed.
_TELLS_LATER_CLICK = exists().where(
    CALLBACK.c.message_id == LINK.c.message_id,
    _IS_ABOUT_CLICK,
    CALLBACK.c.link_id == LINK.c.id,
    CALLBACK.c.created_on > bindparam("now"),
)
SET_EARLIER = Many(
    update(LINK)
    .where(LINK.c.id == bindparam("link"), LINK.c.accessed_on > bindparam("now"), ~_TELLS_LATER_CLICK)
    .values(accessed_on=bindparam("now")),
    ("link", "now"),
)


Found = tuple[Any, ...]  # a row of `find_links`


class Recorded(NamedTuple):
    """How many links were clicked for the first time, and how many callbacks were made."""

    firsts: int = 0
    callbacks: int = 0


def record_all(connection: Connection, new_clicks: Sequence[NewClick], slugs: Slugs) -> Recorded:
    """Store clicks, and for each first click that counts the link's `accessed_on` and the message's callback.

    Takes a handful of statements for any number of clicks; the caller commits.
    A click that is already stored changes nothing. If a click is earlier than what is stored, `accessed_on` and the
    callback's event are corrected, unless the callback has been claimed.
    """
    ordered = sorted(new_clicks, key=lambda click: (click.link_id, click.clicked_on))
    direct = Direct(connection)
    statements = STATEMENTS[direct.dialect]
    direct.write(statements.insert_clicks, [_row(click, direct.dialect) for click in ordered])
    # The clicks are in the order of time; of a link's clicks the dict keeps the one that it sees last, the earliest.
    earliest = {click.link_id: click for click in reversed(ordered) if click.counts}
    if not earliest:
        return Recorded()
    # The links are locked, so nobody else can set `accessed_on` before our commit.
    firsts: list[tuple[Found, NewClick]] = []
    corrected: list[tuple[Found, NewClick]] = []
    for found in direct.read(statements.find_links, earliest):
        link_id, accessed_on, *_ = found
        click = earliest[link_id]
        if accessed_on is None:
            firsts.append((found, click))
        elif to_micros(click.clicked_on) < accessed_on:
            corrected.append((found, click))
    direct.write(statements.set_accessed_on, [(to_micros(click.clicked_on), click.link_id) for _, click in firsts])
    changed = [*firsts, *corrected]
    changed_hours.note(connection, [(found[_ACCOUNT], found[-1]) for found, _ in changed if found[-1] is not None])
    told = _told(changed)
    # A callback that has been claimed may have been sent, and stays as it is.
    made = direct.write(statements.insert_callbacks, [_callback(found, click, slugs) for found, click in told])
    if made < len(told):
        CORRECT_CALLBACKS.run(connection, [_correction(found, click, slugs) for found, click in told])
    if corrected:
        SET_EARLIER.run(connection, [{"link": click.link_id, "now": click.clicked_on} for _, click in corrected])
    return Recorded(len(firsts), made)


def _told(clicked: Iterable[tuple[Found, NewClick]]) -> list[tuple[Found, NewClick]]:
    """Return for each message with a callback URL the earliest of these clicks on its links.

    They are in the order of the messages, so that two transactions that store the same callbacks cannot deadlock.
    """
    by_message: dict[int, tuple[Found, NewClick]] = {}
    for found, click in clicked:
        message_id, url = found[_MESSAGE], found[_URL]
        if url is not None and (
            message_id not in by_message or click.clicked_on <= by_message[message_id][1].clicked_on
        ):
            by_message[message_id] = found, click
    return [by_message[message] for message in sorted(by_message)]


def _row(click: NewClick, dialect: str) -> tuple[Value, ...]:
    id_ = click.id.bytes if dialect == "sqlite" else click.id.hex
    visitor, reason = click.verdict.visitor.value, click.verdict.reason
    return click.link_id, id_, to_micros(click.clicked_on), visitor, reason, click.network, *click.device


def _callback(found: Found, click: NewClick, slugs: Slugs) -> tuple[Value, ...]:
    link_id, _, _, _, _, message_id, account_id, url, face, *_ = found
    micros = to_micros(click.clicked_on)
    # The click's id is unique and time-ordered, so new entries go to the end of the index.
    event_id = f"evt_{click.id.hex}"
    destination, body = receiver.queue(account_id, url), _event_body(found, click, slugs)
    return message_id, link_id, account_id, event_id, url, destination, body, micros, micros, face


def _correction(found: Found, click: NewClick, slugs: Slugs) -> dict[str, object]:
    body = _event_body(found, click, slugs)
    return {"message": found[_MESSAGE], "link": click.link_id, "now": click.clicked_on, "event": body}


def _event_body(found: Found, click: NewClick, slugs: Slugs) -> bytes:
    _, _, number, base_url, target, _, _, _, _, msgid, client_tag, recipient, tags, details, _ = found
    return event.clicked(
        click.clicked_on,
        click.verdict.visitor,
        msgid=msgid,
        client_tag=client_tag,
        recipient=recipient,
        link=target,
        shortlink=f"{base_url}/{slugs.encode(number)}",
        tags=json.loads(tags) if tags else None,
        metadata=json.loads(details) if details else None,
    )
