"""Change the states of messages: the one way in which they change, for gateways, receipts, cancelling and expiry alike.

A state replaces another only if it ranks higher and the present one is not final. The condition is part of the UPDATE,
so it holds whatever arrives at the same time.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, or_, select, update

from shortener.clicks.new_click import time_ordered_uuid
from shortener.receipts.forgetting import forget
from shortener.rules.delivery import event, receiver
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason, explanation, shown
from shortener.rules.wire.moments import rfc3339
from shortener.storage import changed_hours
from shortener.storage.bulk import skipping
from shortener.storage.models import Base

_tables: Final = Base.metadata.tables
MESSAGE, ACCOUNT, CALLBACK = _tables["message"], _tables["account"], _tables["callback"]
# The sender knows these from the answer to its message.
UNTOLD: Final = frozenset({MessageState.SCHEDULED, MessageState.QUEUED})
_ids: Final[Any] = bindparam("ids", expanding=True)
_ADVANCE: Final = {
    state: update(MESSAGE)
    .where(MESSAGE.c.id.in_(_ids), or_(MESSAGE.c.state.is_(None), MESSAGE.c.state.in_(state.replaceable)))
    .values(state=state, state_on=bindparam("at"), code=bindparam("new_code"), reason=bindparam("new_reason"))
    .returning(*MESSAGE.c["id", "account_id"], changed_hours.TOTALLED_HOUR)
    for state in MessageState
}
_url: Final = func.coalesce(MESSAGE.c.receipts_url, ACCOUNT.c.receipts_url)
_TO_TELL: Final = (
    select(
        *MESSAGE.c["id", "account_id", "msgid", "client_tag", "recipient", "tags", "metadata"],
        *MESSAGE.c["face", "told_states"],
    )
    .add_columns(_url.label("url"))
    .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
    .where(MESSAGE.c.id.in_(_ids), _url.is_not(None))
    .order_by(MESSAGE.c.id)
)
_CALLBACK_COLUMNS: Final = (
    *("message_id", "link_id", "about", "account_id", "event_id", "url", "destination", "body"),
    *("state", "created_on", "due_on", "starts_before", "face"),
)
INSERT_CALLBACKS: Final = skipping(CALLBACK, _CALLBACK_COLUMNS)


@dataclass(frozen=True, slots=True)
class News:
    """What became of a message, and since when; `code` is the gateway's own."""

    state: MessageState
    at: dt.datetime
    code: str = ""
    reason: Reason | None = None


def advance(connection: Connection, message_id: int, news: News, *, now: dt.datetime) -> bool:
    """Let a message have this state if it may; return whether it has it now, and had another before."""
    return bool(advance_all(connection, {message_id: news}, now=now))


def advance_all(connection: Connection, news: Mapping[int, News], *, now: dt.datetime) -> set[int]:
    """Change the states of messages, by their ids; return the ids of those that changed.

    For each that changed, a callback tells the sender, if the message or its account has a `receipts_url`; if the state
    is final, what was kept to hand the message over is erased. The caller commits, and has locked the messages'
    sendings, if there are any, so that no two transactions wait for each other.
    """
    changed: set[int] = set()
    for one, ids in _by_news(news).items():
        values = {"ids": ids, "at": one.at, "new_code": one.code or None, "new_reason": one.reason}
        advanced = connection.execute(_ADVANCE[one.state], values).all()
        if advanced:
            changed_hours.note(connection, [(account_id, hour) for _, account_id, hour in advanced if hour is not None])
            _follow(connection, [message_id for message_id, *_ in advanced], one, now)
        changed.update(message_id for message_id, *_ in advanced)
    return changed


def _by_news(news: Mapping[int, News]) -> dict[News, list[int]]:
    """The ids of the messages that have the same news, in order."""
    found: dict[News, list[int]] = {}
    for message_id in sorted(news):
        found.setdefault(news[message_id], []).append(message_id)
    return found


def _follow(connection: Connection, ids: Sequence[int], news: News, now: dt.datetime) -> None:
    if news.state.is_final:
        forget(connection, ids)
    if news.state not in UNTOLD:
        rows = [row for row in connection.execute(_TO_TELL, {"ids": ids}) if _about(row, news.state) is not None]
        INSERT_CALLBACKS[connection.dialect.name].run(connection, _callbacks(rows, news, now))


def _about(row: Row[*tuple[Any, ...]], state: MessageState) -> str | None:
    """Return what a callback of this state is about, None if the sender does not want to hear of it.

    A vendor's wire format may tell only some states, and several that are one word to it only once.
    """
    told: Sequence[str] | Mapping[str, str] | None = row.told_states
    if isinstance(told, Mapping):
        return told.get(state)
    return state.value if told is None or state in told else None


def _callbacks(rows: Sequence[Row[*tuple[Any, ...]]], news: News, now: dt.datetime) -> list[dict[str, Any]]:
    return [
        {
            "message_id": row.id,
            "link_id": None,
            "about": _about(row, news.state),
            "account_id": row.account_id,
            "event_id": f"evt_{time_ordered_uuid(now).hex}",
            "url": row.url,
            "destination": receiver.queue(row.account_id, row.url),
            "body": _event_body(row, news),
            "state": JobState.PENDING,
            "created_on": now,
            "due_on": now,
            "starts_before": 0,
            "face": row.face,
        }
        for row in rows
    ]


def _event_body(row: Row[*tuple[Any, ...]], news: News) -> bytes:
    return event.build(
        event.RECEIPT,
        news.at,
        {
            "msgid": row.msgid,
            "client_tag": row.client_tag,
            "recipient": row.recipient,
            "state": news.state,
            "code": news.code,
            "reason": shown(news.reason, news.code),
            "explanation": explanation(news.reason, news.code, state=news.state),
            "final": news.state.is_final,
            "at": rfc3339(news.at),
            "tags": row.tags or [],
            "metadata": row.metadata or {},
        },
    )
