"""Store receipts of known messages, and let the messages' states follow."""

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from shortener.receipts import proof
from shortener.receipts.advance import News, advance
from shortener.receipts.incoming import RAW_BYTES, IncomingReceipt
from shortener.rules.delivery.message_state import MessageState
from shortener.storage.bulk import skipping
from shortener.storage.models import Base
from shortener.telemetry import metrics

log = logging.getLogger(__name__)
RECEIPT, MESSAGE, PART = (Base.metadata.tables[name] for name in ("receipt", "message", "part"))
MOST: Final = 200  # of one message
# The last places are for receipts that change the message's state: each state can come only once.
WITHOUT_NEWS: Final = MOST - len(MessageState)
COLUMNS: Final = tuple(column.name for column in RECEIPT.c if column is not RECEIPT.c.id)
INSERT: Final = skipping(RECEIPT, COLUMNS)
_COUNTS: Final = (
    select(RECEIPT.c.message_id, func.count())
    .where(RECEIPT.c.message_id.in_(bindparam("ids", expanding=True)))
    .group_by(RECEIPT.c.message_id)
)
_STATE: Final = select(*MESSAGE.c["msgid", "state"]).where(MESSAGE.c.id == bindparam("message"))
_RECEIVED: Final = select(*MESSAGE.c["id", "received_on"]).where(MESSAGE.c.id.in_(bindparam("ids", expanding=True)))
_WITH_TEXT: Final = select(PART.c.message_id).where(PART.c.message_id.in_(bindparam("ids", expanding=True)))
DAY: Final = dt.timedelta(days=1)
Row = dict[str, Any]


def row_of(
    receipt: IncomingReceipt, account_id: int, message_id: int | None, *, keep_raw: bool, now: dt.datetime
) -> Row:
    """The row of a receipt that is received now. As it came it is kept only where recipients are stored in full."""
    return {
        "account_id": account_id,
        "message_id": message_id,
        "gateway": receipt.gateway,
        "gateway_ref": receipt.gateway_ref,
        "state": receipt.state,
        "code": receipt.code,
        "reason": receipt.reason,
        "happened_on": receipt.at or now,
        "received_on": now,
        "raw": receipt.raw.encode()[:RAW_BYTES] if receipt.raw and keep_raw else None,
    }


def store_all(connection: Connection, rows: Sequence[Row], *, now: dt.datetime) -> None:
    """Store receipts of messages, which are locked with their sendings; one that is stored already changes nothing.

    Those of a message whose hand-over has not begun change no state: nobody can know yet what became of it.
    """
    ids = sorted({row["message_id"] for row in rows})
    counts = dict.fromkeys(ids, 0) | dict(connection.execute(_COUNTS, {"ids": ids}).all())
    waiting = proof.not_begun(connection, ids)
    for row in _with_likely_times(connection, _without_erased(connection, rows), ids):
        count = counts[row["message_id"]]
        counts[row["message_id"]] += (
            _keep(connection, row, count) if row["message_id"] in waiting else _store(connection, row, count, now)
        )
    if ids:
        proof.settle(connection, ids, now=now)


def _without_erased(connection: Connection, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, without what was received where the message's text is erased: some gateways repeat it."""
    ids = sorted({row["message_id"] for row in rows if row["raw"] is not None})
    kept = set(connection.scalars(_WITH_TEXT, {"ids": ids})) if ids else set()
    return [row if row["message_id"] in kept else row | {"raw": None} for row in rows]


def _with_likely_times(connection: Connection, rows: Sequence[Row], ids: Sequence[int]) -> Sequence[Row]:
    """The rows, with the time of receipt where a gateway's clock or its form of times cannot be right."""
    since: dict[int, dt.datetime] = dict(connection.execute(_RECEIVED, {"ids": ids}).all())
    return [
        row if _is_likely(row, since[row["message_id"]]) else row | {"happened_on": row["received_on"]} for row in rows
    ]


def _is_likely(row: Row, message_on: dt.datetime) -> bool:
    """Whether a receipt's time is at most a day before its message, and at most a day ahead."""
    return bool(row["happened_on"] >= message_on - DAY and row["happened_on"] <= row["received_on"] + DAY)


def insert(connection: Connection, row: Row) -> int:
    """Insert a receipt, unless it is stored already; return how many were inserted."""
    inserted = INSERT[connection.dialect.name].run(connection, [row])
    if inserted:
        metrics.receipts.add(row["state"])
    return inserted


def _keep(connection: Connection, row: Row, count: int) -> int:
    """Keep a receipt that changes no state, of a message that has `count` receipts; return how many were stored."""
    return insert(connection, row) if count < WITHOUT_NEWS else 0


def _store(connection: Connection, row: Row, count: int, now: dt.datetime) -> int:
    """Store one receipt of a message that has `count` receipts; return how many were stored."""
    stored = insert(connection, row) if count < WITHOUT_NEWS else 0
    if not stored and count < WITHOUT_NEWS:
        return 0  # it is a repetition
    news = News(row["state"], row["happened_on"], row["code"], row["reason"])
    is_news = advance(connection, row["message_id"], news, now=now)
    if is_news and not stored:
        stored = insert(connection, row)
    if news.state.is_final and not is_news:
        _log_conflict(connection, row)
    return stored


def _log_conflict(connection: Connection, row: Row) -> None:
    """Log a final state that does not replace another one."""
    message = connection.execute(_STATE, {"message": row["message_id"]}).one()
    if message.state != row["state"]:
        log.warning("message %s is %s; %s says later: %s", message.msgid, message.state, row["gateway"], row["state"])
