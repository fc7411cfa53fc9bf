"""Which messages a vendor's wire format asks for."""

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.messages.within_limits import FARTHEST
from shortener.rules import recipient_storage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage.models import Message

Named = Collection[str] | None
State = MessageState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFilter:
    """A choice of an account's messages; what is None does not matter, everything else must hold.

    `names` are msgids or client tags. Times are UTC, each period without its end. `sent` is when a message was due,
    `completed` when it got a final state, `scheduled` the time for which it was scheduled. `fields` are compared with
    the texts that its wire format stored; those of `has` must exist. `reasons` are of messages in these states.
    """

    face: str | None = None
    pull_queue: str | None = None
    names: Named = None
    bulk_ids: Named = None
    senders: Named = None
    recipients: Named = None
    states: Collection[State] | None = None
    reasons: Mapping[MessageState, Collection[Reason | None]] = field(default_factory=dict)
    received_from: dt.datetime | None = None
    received_to: dt.datetime | None = None
    sent_from: dt.datetime | None = None
    sent_to: dt.datetime | None = None
    completed_from: dt.datetime | None = None
    completed_to: dt.datetime | None = None
    scheduled_from: dt.datetime | None = None
    scheduled_to: dt.datetime | None = None
    tag: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    has: Collection[str] = ()
    has_sender: bool = False
    limit: int = 50
    cursor: str | None = None
    offset: int = 0  # of the selected messages that are passed over

    @property
    def is_direct(self) -> bool:
        """Whether an index leads to the messages, so that no others are examined."""
        return self.names is not None or self.bulk_ids is not None

    @property
    def one_state(self) -> State:
        """The only state that is selected, if there is just one."""
        states = list(self.states or ())
        return states[0] if len(states) == 1 else None


# A message may be scheduled so far ahead, and then held through quiet hours.
FARTHEST_DUE: Final = FARTHEST + dt.timedelta(days=2)
SENT_ON = func.coalesce(Message.send_on, Message.received_on)
_NOT_STORABLE: Final = re.compile("[\0\ud800-\udfff]")
FINAL = tuple(state for state in MessageState if state.is_final)


def direct(session: Session, account: Sender, wanted: FaceFilter) -> list[ColumnElement[bool]]:
    """Return the conditions that lead to few messages by an index, if the filter has such."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.names is not None:
        conditions.append(Message.id.in_(_named(session, account, wanted.names)))
    if wanted.bulk_ids is not None:
        conditions.append(and_(Message.account_id == account.id, Message.bulk_id.in_(_storable(wanted.bulk_ids))))
    return conditions


def _storable(texts: Collection[str]) -> list[str]:
    """Return the texts that a database can hold; no message has any other, and PostgreSQL refuses to look for it."""
    return [text for text in texts if not _NOT_STORABLE.search(text)]


def _named(session: Session, account: Sender, names: Collection[str]) -> list[int]:
    """Return the ids of the account's messages with these msgids or client tags."""
    names = _storable(names)
    by_msgid = select(Message.id, Message.account_id).where(Message.msgid.in_(names))
    own = {row_id for row_id, owner in session.execute(by_msgid) if owner == account.id}
    by_tag = select(Message.id).where(Message.account_id == account.id, Message.client_tag.in_(names))
    return sorted(own | set(session.scalars(by_tag)))


def conditions(wanted: FaceFilter) -> list[ColumnElement[bool]]:
    """Return the filter's conditions, except those that lead to few messages, `received_when`, and the place."""
    found = [*_equalities(wanted), *_periods(wanted)]
    if wanted.states is not None:
        found.append(_state_is_among(wanted.states))
    if wanted.recipients is not None:
        readings = {reading for one in _storable(wanted.recipients) for reading in recipient_storage.readings(one)}
        found.append(Message.recipient.in_(readings))
    if wanted.completed_from is not None or wanted.completed_to is not None:
        found.append(Message.state.in_(FINAL))
    found += [_has_reason(state, reasons) for state, reasons in wanted.reasons.items()]
    found += [_field(name).is_not(None) for name in wanted.has]
    return found + [_field(name).in_(_storable([str(value)])) for name, value in wanted.fields.items()]


def _equalities(wanted: FaceFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    found += [Message.sender.is_not(None)] if wanted.has_sender else []
    found += [Message.face == wanted.face] if wanted.face is not None else []
    found += [Message.pull_queue == wanted.pull_queue] if wanted.pull_queue is not None else []
    return found + ([Message.sender.in_(_storable(wanted.senders))] if wanted.senders is not None else [])


def received_when(wanted: FaceFilter) -> list[ColumnElement[bool]]:
    """Return when the messages were received, of which there is an index: they were due then, or not much later."""
    starts = (wanted.received_from, wanted.sent_from - FARTHEST_DUE if wanted.sent_from is not None else None)
    since = [Message.received_on >= start for start in starts if start is not None]
    return since + [Message.received_on < end for end in (wanted.received_to, wanted.sent_to) if end is not None]


def _periods(wanted: FaceFilter) -> list[ColumnElement[bool]]:
    periods = (
        (SENT_ON, wanted.sent_from, wanted.sent_to),
        (Message.state_on, wanted.completed_from, wanted.completed_to),
        (Message.send_on, wanted.scheduled_from, wanted.scheduled_to),
    )
    since = [column >= start for column, start, _ in periods if start is not None]
    return since + [column < end for column, _, end in periods if end is not None]


def _state_is_among(states: Collection[State]) -> ColumnElement[bool]:
    among = Message.state.in_([state for state in states if state is not None])
    return or_(among, Message.state.is_(None)) if None in states else among


def _has_reason(state: MessageState, reasons: Collection[Reason | None]) -> ColumnElement[bool]:
    """Whether a message has one of the reasons, or another state."""
    found = or_(Message.state.is_(None), Message.state != state)
    found = or_(found, Message.reason.in_([reason for reason in reasons if reason is not None]))
    return or_(found, Message.reason.is_(None)) if None in reasons else found


def _field(name: str) -> ColumnElement[str]:
    stored: Any = Message.vendor_fields
    found: ColumnElement[str] = stored[name].as_string()
    return found


def with_tag(session: Session, query: Select[*tuple[Any, ...]], tag: str | None) -> Select[*tuple[Any, ...]]:
    """Return the query for messages that have this tag."""
    if tag is None:
        return query
    if session.get_bind().dialect.name == "postgresql":
        tags: ColumnElement[str] = func.json_array_elements_text(Message.tags).column_valued("tag")
    else:
        tags = func.json_each(Message.tags).table_valued("value").c.value
    return query.where(select(tags).where(tags.in_(_storable([tag]))).correlate(Message).exists())
