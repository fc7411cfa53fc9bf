"""Receipts that come before the gateway's reference of their message is stored: kept, and matched when it is."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select

from shortener.receipts import matching, storing
from shortener.receipts.storing import RECEIPT, Row

MOST: Final = 1_000  # of one account
_EARLY: Final = RECEIPT.c.message_id.is_(None)
# With the reference, so that SQLite takes the index of early receipts, not that of all.
_COUNT: Final = select(func.count()).where(
    _EARLY, RECEIPT.c.account_id == bindparam("account_id"), RECEIPT.c.gateway_ref > ""
)
_SAME: Final = select(RECEIPT.c.id).where(
    _EARLY, *(RECEIPT.c[name] == bindparam(name) for name in ("account_id", "gateway", "gateway_ref", "state", "code"))
)
_OF_REFS: Final = (
    select(RECEIPT)
    .where(
        _EARLY,
        RECEIPT.c.account_id.in_(bindparam("accounts", expanding=True)),
        RECEIPT.c.gateway_ref.in_(bindparam("refs", expanding=True)),
    )
    .order_by(RECEIPT.c.id)
    .with_for_update()
)
_DELETE: Final = delete(RECEIPT).where(RECEIPT.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Referenced:
    """A message whose gateway has given it a reference."""

    message_id: int
    account_id: int
    gateway: str
    gateway_ref: str


def keep(connection: Connection, row: Row) -> bool:
    """Keep a receipt whose message is not known yet; return whether it may be one that is being handed over.

    What is in flight at its gateway is locked, so its reference cannot be stored before our commit.
    """
    if not row["gateway_ref"] or not matching.has_in_flight(connection, row["account_id"], row["gateway"]):
        return False
    values = {name: row[name] for name in ("account_id", "gateway", "gateway_ref", "state", "code")}
    if connection.scalar(_SAME, values) is not None:
        return True
    if (connection.scalar(_COUNT, {"account_id": row["account_id"]}) or 0) >= MOST:
        return False
    storing.insert(connection, row)
    return True


def match_all(connection: Connection, referenced: Sequence[Referenced], *, now: dt.datetime) -> int:
    """Give kept receipts to the messages whose references are being stored; return how many there were.

    To be called in the transaction that stores the references, after they are stored; it has locked the sendings.
    """
    by_ref = {(one.account_id, one.gateway, one.gateway_ref): one for one in referenced if one.gateway_ref}
    if not by_ref:
        return 0
    values: dict[str, Any] = {
        "accounts": [*{one.account_id for one in by_ref.values()}],
        "refs": [*{one.gateway_ref for one in by_ref.values()}],
    }
    kept = [row for row in connection.execute(_OF_REFS, values).mappings() if _ref(row) in by_ref]
    if kept:
        connection.execute(_DELETE, {"ids": [row["id"] for row in kept]})
        rows = [{**row, "message_id": by_ref[_ref(row)].message_id} for row in kept]
        storing.store_all(connection, rows, now=now)
    return len(kept)


def _ref(row: Any) -> tuple[int, str, str]:
    return row["account_id"], row["gateway"], row["gateway_ref"]
