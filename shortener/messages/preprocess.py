"""Preprocess a message: find its link, give it a shortlink of its own, keep both."""

import dataclasses
import datetime as dt
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.accounts.senders import Sender
from shortener.errors import ClientTagTakenError, IdempotencyKeyReusedError, MessageNotFoundError
from shortener.installation.site import Site
from shortener.messages import rows as stored_rows
from shortener.messages.rows import Row
from shortener.messages.submission import Submission
from shortener.rules import recipient_storage
from shortener.rules.links import body
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.skip_reason import SkippedText
from shortener.rules.slug import NUMBER_BITS
from shortener.rules.visitors.threshold import Threshold
from shortener.storage.models import Link, Message

MSGID_LENGTH = 32
MSGID = re.compile(r"[A-Za-z0-9]{32}")
NOTHING = body.Finding(found=None, skipped=())
TRIES = 8  # a number of 49 random bits that is taken eight times in a row is not chance


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that has been read and not yet stored. Reading takes no transaction."""

    order: Submission
    track_link: bool
    detection: Detection
    bare_domains: BareDomains
    count_as_click: Threshold
    finding: body.Finding
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """A stored message with its link; `replayed` where the answer is the one given before."""

    message: Message
    link: Link | None
    replayed: bool = False


Outcome = Preprocessed | ClientTagTakenError | IdempotencyKeyReusedError


def draft(order: Submission, account: Sender, site: Site, idempotency_key: str | None = None) -> Draft:
    """Decide what is to be done with a message, by its order and the account's defaults."""
    track = account.track_link if order.track_link is None else order.track_link
    detection = order.detection or account.detection
    bare_domains = order.bare_domains or account.bare_domains
    finding = NOTHING
    if track:
        finding = body.find(order.message, detection=detection, bare_domains=bare_domains, own_hosts=site.own_hosts)
    return Draft(
        order=order,
        track_link=track,
        detection=detection,
        bare_domains=bare_domains,
        count_as_click=order.count_as_click or account.count_as_click,
        finding=finding,
        idempotency_key=idempotency_key,
    )


def preprocess_all(
    connection: Connection,
    account: Sender,
    drafts: Sequence[Draft],
    site: Site,
    *,
    now: dt.datetime,
) -> list[Outcome]:
    """Store messages and their links, each as if it came alone and in this order; a few statements for all of them.

    Gives the outcome of each: what was stored or, where its key came before with the same order, what was then; or the
    error that stands in its way.
    """
    drafts = without_live_shortlinks(connection, drafts, site, now)
    outcomes: dict[int, Outcome] = {}
    for _ in range(TRIES):
        waiting = {place: draft for place, draft in enumerate(drafts) if place not in outcomes}
        if not waiting:
            break
        ids = dict(zip(waiting, stored_rows.draw_ids(connection, len(waiting)), strict=True))
        rows = {place: _message_row(ids[place][0], account, draft, now) for place, draft in waiting.items()}
        stored = stored_rows.insert_messages(connection, list(rows.values()))
        messages = {place: stored_rows.as_message(row) for place, row in rows.items() if row["id"] in stored}
        wanted = {
            place: (ids[place][1], message, found)
            for place, message in messages.items()
            if (found := drafts[place].finding.found) is not None
        }
        links = _add_links(connection, wanted, site)
        outcomes |= {place: Preprocessed(message, links.get(place)) for place, message in messages.items()}
        outcomes |= _judge(connection, account, {place: row for place, row in rows.items() if place not in messages})
    else:
        raise RuntimeError("no free msgid")
    return [outcomes[place] for place in range(len(drafts))]


def find(session: Session, account: Sender, msgid: str) -> Message:
    """The account's message of that msgid; MessageNotFoundError also for another account's."""
    message = None
    if MSGID.fullmatch(msgid):  # anything else need not be asked for, and some of it PostgreSQL refuses
        message = session.scalar(select(Message).where(Message.msgid == msgid, Message.account_id == account.id))
    if message is None:
        raise MessageNotFoundError
    return message


def link_of(session: Session, message: Message) -> Link | None:
    """The message's link, if one was found in it."""
    return session.scalar(select(Link).where(Link.message_id == message.id, Link.position == 1))


def switch_off(session: Session, message: Message, *, now: dt.datetime) -> None:
    """Let the message's link die now. Said twice, the first time counts."""
    link = link_of(session, message)
    if link is not None and link.off_on is None:
        link.off_on = now


def _message_row(message_id: int, account: Sender, draft: Draft, now: dt.datetime) -> Row:
    order = draft.order
    return {
        "id": message_id,
        "account_id": account.id,
        "msgid": random_text(MSGID_LENGTH),
        "received_on": now,
        "text": order.message,
        "track_link": draft.track_link,
        "detection": draft.detection,
        "bare_domains": draft.bare_domains,
        "count_as_click": draft.count_as_click,
        "lt_callbackurl": order.lt_callbackurl,
        "callbackurl": order.callbackurl,
        "client_tag": order.client_tag,
        "sender": order.sender,
        "recipient": recipient_storage.stored(order.recipient, account.recipient_storage),
        "tags": order.tags or None,
        "metadata": order.metadata,
        "skipped": [SkippedText(text=piece.text, reason=piece.reason) for piece in draft.finding.skipped] or None,
        "idempotency_key": draft.idempotency_key,
        "fingerprint": order.fingerprint() if draft.idempotency_key is not None else None,
    }


def _judge(connection: Connection, account: Sender, rows: Mapping[int, Row]) -> dict[int, Outcome]:
    """Say what stands in the way of messages that were not stored; of one whose msgid was drawn twice, nothing."""
    keys = {row["idempotency_key"] for row in rows.values()} - {None}
    client_tags = {row["client_tag"] for row in rows.values()} - {None}
    if not keys and not client_tags:
        return {}
    earlier = stored_rows.in_the_way(connection, account.id, keys, client_tags)
    by_key = {message.idempotency_key: (message, link) for message, link in earlier}
    by_tag = {message.client_tag: message for message, _ in earlier}
    outcomes: dict[int, Outcome] = {}
    for place, row in rows.items():
        if row["idempotency_key"] is not None and row["idempotency_key"] in by_key:
            message, link = by_key[row["idempotency_key"]]
            same = message.fingerprint == row["fingerprint"]
            outcomes[place] = Preprocessed(message, link, replayed=True) if same else IdempotencyKeyReusedError()
        elif row["client_tag"] is not None and row["client_tag"] in by_tag:
            outcomes[place] = ClientTagTakenError(by_tag[row["client_tag"]].msgid)
    return outcomes


def _add_links(
    connection: Connection,
    wanted: Mapping[int, tuple[int, Message, body.Found]],
    site: Site,
) -> dict[int, Link]:
    links: dict[int, Link] = {}
    for _ in range(TRIES):
        rows = {place: _link_row(*each, site) for place, each in wanted.items() if place not in links}
        if not rows:
            return links
        stored = stored_rows.insert_links(connection, list(rows.values()))
        links |= {place: stored_rows.as_link(row) for place, row in rows.items() if row["id"] in stored}
    raise RuntimeError("no free slug")


def _link_row(link_id: int, message: Message, found: body.Found, site: Site) -> Row:
    target = found.target
    return {
        "id": link_id,
        "message_id": message.id,
        "position": 1,
        "number": secrets.randbits(NUMBER_BITS),
        "base_url": site.base_url,
        "target": target.link,
        "location": target.location if target.location != target.link else None,
        "starts_at": found.start,
        "ends_at": found.end,
        "expires_on": message.received_on + site.link_life,
        "count_as_click": message.count_as_click,
        "accessed_on": None,
        "off_on": None,
    }


def without_live_shortlinks(
    connection: Connection, drafts: Sequence[Draft], site: Site, now: dt.datetime
) -> Sequence[Draft]:
    """Leave a message as it is where it holds a live shortlink of ours already."""
    numbers: dict[int, set[int]] = {}
    for place, draft in enumerate(drafts):
        slugs = body.own_slugs(draft.order.message, site.own_hosts) if draft.finding.found else []
        decoded = {site.slugs.decode(slug) for slug in slugs}
        if known := {number for number in decoded if number is not None}:
            numbers[place] = known
    if not numbers:
        return drafts
    live = stored_rows.live(connection, sorted(set().union(*numbers.values())), now)
    return [
        dataclasses.replace(draft, finding=body.kept(draft.order.message, draft.finding))
        if numbers.get(place, set()) & live
        else draft
        for place, draft in enumerate(drafts)
    ]
