"""Use cases of vendors' wire formats, which do not use the database themselves: each has a session of its own."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy.orm import Session

from shortener.accounts import audit
from shortener.accounts.senders import Sender
from shortener.errors import NotCancelableError, ShortenerError
from shortener.messages import erasing, lookup, rewriting
from shortener.messages.analysis import Analysis, has_own_slugs, leave_live_shortlinks
from shortener.messages.preprocess import Preprocessed
from shortener.reporting import face_messages, face_search, new_face_messages
from shortener.reporting.face_filter import FaceFilter
from shortener.rules.deed import Deed
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.wire.cursor import after_row
from shortener.running.services import services
from shortener.sending import decisions
from shortener.storage import db
from shortener.web import credentials

CANCELED_AT_ONCE: Final = 100  # messages in one transaction, while others wait


def stored(account: Sender, analysis: Analysis, done: Preprocessed) -> FaceMessage:
    """Return a message that was just stored, with its recipient as it was submitted.

    Only what an earlier call stored is read from the database.
    """
    site = services().site
    if done.replayed:
        with db.read() as session:
            if found := face_messages.replayed(session, analysis, done, site):
                return found
    return new_face_messages.new(account, analysis, done, site)


def all_stored(
    account: Sender, analyses: Sequence[Analysis], outcomes: Sequence[Preprocessed | ShortenerError]
) -> list[FaceMessage | ShortenerError]:
    """Return the messages of one request that were just stored, and why the others were not, in their order."""
    return [
        stored(account, analysis, outcome) if isinstance(outcome, Preprocessed) else outcome
        for analysis, outcome in zip(analyses, outcomes, strict=True)
    ]


def as_sent(analysis: Analysis) -> str:
    """Return the text as it will be sent, with shortlinks as long as the real ones."""
    site = services().site
    if has_own_slugs(analysis, site):
        with db.read() as session:
            [analysis] = leave_live_shortlinks(session.connection(), [analysis], site, db.now(session))
    return rewriting.foreseen(analysis.submission.text, analysis.finding, site)


def find(account: Sender, name: str, *, face: str | None = None) -> FaceMessage:
    """Return the account's message with this msgid or client tag; MessageNotFoundError if there is none.

    With `face`, it must have come in that vendor's wire format.
    """
    with db.read() as session:
        return face_messages.find(session, account, name, services().site, face=face)


def page(account: Sender, wanted: FaceFilter) -> tuple[list[FaceMessage], str | None]:
    """Return the messages that the filter selects, the newest first, and a cursor if there may be more.

    InvalidFieldsError if its cursor is none of this list.
    """
    with db.read() as session:
        return face_messages.page(session, account, wanted, services().site)


def total(account: Sender, wanted: FaceFilter, name: str) -> int:
    """Add up a number that a wire format stored with each message that the filter selects, whatever its limit."""
    with db.read() as session:
        return face_messages.total(session, account, wanted, name)


def pull(account: Sender, wanted: FaceFilter) -> list[FaceMessage]:
    """Return final messages of the filter's queue, the oldest first; none is given out a second time."""
    with db.read() as session:  # what may take long, while others can write
        ids = face_messages.ready(session, account, wanted, now=db.now(session))
    if not ids:
        return []
    with db.write() as session:
        return face_messages.take(session, ids, services().site, most=wanted.limit, now=db.now(session))


def cancel(account: Sender, name: str) -> FaceMessage:
    """Take a message back before its hand-over begins; MessageNotFoundError or NotCancelableError."""
    with db.write() as session:
        now, site = db.now(session), services().site
        msgid = face_messages.find(session, account, name, site).msgid
        decisions.cancel(session, lookup.find(session, account, msgid), now=now)
        _record(session, Deed.CANCELED, account, msgid)
        canceled = face_messages.find(session, account, msgid, site)
    services().deliverer.wake()
    return canceled


def cancel_all(account: Sender, wanted: FaceFilter) -> None:
    """Take back those of the filter's messages whose hand-over has not begun."""
    more: FaceFilter | None = wanted
    while more is not None:
        with db.read() as session:
            ids, last = face_search.search(session, account, more)
        for start in range(0, len(ids), CANCELED_AT_ONCE):
            _cancel(account, ids[start : start + CANCELED_AT_ONCE])
        more = replace(wanted, cursor=after_row(*last)) if last is not None else None
    services().deliverer.wake()


def _cancel(account: Sender, ids: Sequence[int]) -> None:
    canceled = 0
    with db.write() as session:
        now = db.now(session)
        for message in lookup.by_ids(session, ids):
            with contextlib.suppress(NotCancelableError), session.begin_nested():
                decisions.cancel(session, message, now=now)
                canceled += 1
        if canceled:
            by = credentials.actor()
            audit.record(session, Deed.CANCELED, by, now=now, account_id=account.id, messages=canceled)


def erase_text(account: Sender, name: str) -> FaceMessage:
    """Erase what a message says; MessageNotFoundError, or NotErasableError if its gateway may still need it."""
    with db.write() as session:
        msgid = face_messages.find(session, account, name, services().site).msgid
        erasing.erase_text(session, lookup.find(session, account, msgid))
        _record(session, Deed.ERASED, account, msgid)
        session.flush()
        return face_messages.find(session, account, msgid, services().site)


def erase_message(account: Sender, name: str) -> None:
    """Erase a message's text and recipient, and mark it as deleted; MessageNotFoundError or NotErasableError."""
    with db.write() as session:
        msgid = face_messages.find(session, account, name, services().site).msgid
        erasing.erase_message(session, lookup.find(session, account, msgid))
        _record(session, Deed.ERASED, account, msgid)


def is_deleted(message: FaceMessage) -> bool:
    """Whether it was erased, and clients of wire formats must not see it any more."""
    return bool(message.fields.get(erasing.DELETED))


def settings(account: Sender, face: str) -> Mapping[str, Any]:
    """Return what a vendor's wire format has stored for an account."""
    with db.read() as session:
        return face_messages.settings(session, account, face)


def change_settings(
    account: Sender, face: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Store and return what `change` makes of what a vendor's wire format has stored; nobody else does meanwhile."""
    with db.write() as session:
        _record(session, Deed.ACCOUNT_CHANGED, account, face)
        return face_messages.change_settings(session, account, face, change)


def _record(session: Session, deed: Deed, account: Sender, about: str) -> None:
    by, now = credentials.actor(), db.now(session)
    audit.record(session, deed, by, now=now, account_id=account.id, about=about)
