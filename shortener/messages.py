"""Preprocess a message: find its link, give it a shortlink of its own, keep both."""

import dataclasses
import datetime as dt
import hashlib
import json
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shortener.accounts import random_text
from shortener.db import insert_or_skip
from shortener.errors import ClientTagTakenError, IdempotencyKeyReusedError, MessageNotFoundError
from shortener.models import Account, Link, Message
from shortener.orders import Order
from shortener.rules import body
from shortener.rules.slug import NUMBER_BITS, Slugs

MSGID_LENGTH = 32
MSGID = re.compile(r"[A-Za-z0-9]{32}")
TRIES = 8  # a number of 49 random bits that is taken eight times in a row is not chance


@dataclass(frozen=True, slots=True)
class House:
    """What an installation adds to a message: where its shortlinks lead and how long they live."""

    base_url: str
    own_hosts: frozenset[str]
    link_life: dt.timedelta
    slugs: Slugs


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that has been read and not yet stored. Reading takes no transaction."""

    order: Order
    track_link: bool
    detection: str
    bare_domains: str
    count_as_click: str
    finding: body.Finding


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """A stored message with its link; `replayed` where the answer is the one given before."""

    message: Message
    link: Link | None
    replayed: bool = False


def draft(order: Order, account: Account, house: House) -> Draft:
    """Decide what is to be done with a message, by its order and the account's defaults."""
    track = account.track_link if order.track_link is None else order.track_link
    detection = order.detection or account.detection
    bare_domains = order.bare_domains or account.bare_domains
    finding = body.Finding(found=None, skipped=())
    if track:
        finding = body.find(order.message, detection=detection, bare_domains=bare_domains, own_hosts=house.own_hosts)
    return Draft(
        order=order,
        track_link=track,
        detection=detection,
        bare_domains=bare_domains,
        count_as_click=order.count_as_click or account.count_as_click,
        finding=finding,
    )


def preprocess(
    session: Session,
    account: Account,
    draft: Draft,
    house: House,
    *,
    now: dt.datetime,
    idempotency_key: str | None = None,
) -> Preprocessed:
    """Store a message and its link.

    Raises ClientTagTakenError, and IdempotencyKeyReusedError where the key came before with another order; the same
    key with the same order gives back the first message.
    """
    if draft.finding.found and _holds_live_shortlink(session, draft.order.message, house, now):
        draft = dataclasses.replace(draft, finding=body.Finding(found=None, skipped=()))
    fingerprint = _fingerprint(draft.order)
    for _ in range(TRIES):
        message_id = _insert_message(session, account, draft, now, idempotency_key, fingerprint)
        if message_id is not None:
            message = session.get_one(Message, message_id)
            return Preprocessed(message, _add_link(session, message, draft, house, now))
        earlier = _earlier(session, account, draft.order, idempotency_key, fingerprint)
        if earlier is not None:
            return earlier
    raise RuntimeError("no free msgid")


def find(session: Session, account: Account, msgid: str) -> Message:
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


def _insert_message(
    session: Session,
    account: Account,
    draft: Draft,
    now: dt.datetime,
    idempotency_key: str | None,
    fingerprint: bytes,
) -> int | None:
    order = draft.order
    skipped = [{"text": piece.text, "reason": piece.reason} for piece in draft.finding.skipped]
    statement = (
        insert_or_skip(session, Message)
        .values(
            account_id=account.id,
            msgid=random_text(MSGID_LENGTH),
            received_on=now,
            text=order.message,
            track_link=draft.track_link,
            detection=draft.detection,
            bare_domains=draft.bare_domains,
            count_as_click=draft.count_as_click,
            lt_callbackurl=order.lt_callbackurl,
            callbackurl=order.callbackurl,
            client_tag=order.client_tag,
            sender=order.sender,
            recipient=_kept_recipient(order.recipient, account.recipient_storage),
            tags=order.tags or None,
            details=order.metadata,
            skipped=skipped or None,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint if idempotency_key is not None else None,
        )
        .returning(Message.id)
    )
    return session.scalar(statement)


def _earlier(
    session: Session, account: Account, order: Order, idempotency_key: str | None, fingerprint: bytes
) -> Preprocessed | None:
    """Find the message that stands in the way, and judge; None if it was only a msgid drawn twice."""
    mine = select(Message).where(Message.account_id == account.id)
    if idempotency_key is not None:
        first = session.scalar(mine.where(Message.idempotency_key == idempotency_key))
        if first is not None:
            if first.fingerprint != fingerprint:
                raise IdempotencyKeyReusedError
            return Preprocessed(first, link_of(session, first), replayed=True)
    if order.client_tag is not None:
        first = session.scalar(mine.where(Message.client_tag == order.client_tag))
        if first is not None:
            raise ClientTagTakenError(first.msgid)
    return None


def _add_link(session: Session, message: Message, draft: Draft, house: House, now: dt.datetime) -> Link | None:
    found = draft.finding.found
    if found is None:
        return None
    target = found.target
    for _ in range(TRIES):
        statement = (
            insert_or_skip(session, Link)
            .values(
                message_id=message.id,
                position=1,
                number=secrets.randbits(NUMBER_BITS),
                base_url=house.base_url,
                target=target.link,
                location=target.location if target.location != target.link else None,
                starts_at=found.start,
                ends_at=found.end,
                expires_on=now + house.link_life,
                count_as_click=draft.count_as_click,
            )
            .returning(Link.id)
        )
        link_id = session.scalar(statement)
        if link_id is not None:
            return session.get_one(Link, link_id)
    raise RuntimeError("no free slug")


def _holds_live_shortlink(session: Session, text: str, house: House, now: dt.datetime) -> bool:
    numbers = [house.slugs.decode(slug) for slug in body.own_slugs(text, house.own_hosts)]
    live = select(Link.id).where(
        Link.number.in_([number for number in numbers if number is not None]),
        Link.expires_on > now,
        Link.off_on.is_(None),
    )
    return any(number is not None for number in numbers) and session.scalar(live.limit(1)) is not None


def _kept_recipient(recipient: str | None, storage: str) -> str | None:
    """The recipient as the account wants it kept: whole, without all but the last four characters, or not at all."""
    if recipient is None or storage == "full":
        return recipient
    if storage == "none":
        return None
    hidden = max(len(recipient) - 4, 0)
    return "*" * hidden + recipient[hidden:] if hidden else "*" * len(recipient)


def _fingerprint(order: Order) -> bytes:
    """What makes two orders the same one: their fields, however they were written."""
    canonical = json.dumps(order.model_dump(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).digest()
