"""Find the messages that receipts are about, and lock them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, or_, select

from shortener.messages.lookup import MSGID
from shortener.receipts.incoming import IncomingReceipt
from shortener.storage.models import Base

MESSAGE, SENDING = (Base.metadata.tables[name] for name in ("message", "sending"))
_account: Final[Any] = bindparam("account")
_ids: Final[Any] = bindparam("ids", expanding=True)
_BY_REF: Final = select(*SENDING.c["gateway", "gateway_ref", "message_id"]).where(
    SENDING.c.account_id == _account,
    SENDING.c.gateway.in_(bindparam("gateways", expanding=True)),
    SENDING.c.gateway_ref.in_(bindparam("refs", expanding=True)),
)
_BY_NAME: Final = select(*MESSAGE.c["id", "msgid", "client_tag"]).where(
    MESSAGE.c.account_id == _account,
    or_(
        MESSAGE.c.msgid.in_(bindparam("msgids", expanding=True)),
        MESSAGE.c.client_tag.in_(bindparam("client_tags", expanding=True)),
    ),
)
# A gateway may have taken these, and its reference is not stored yet.
_IN_FLIGHT: Final = and_(
    SENDING.c.destination.in_(bindparam("destinations", expanding=True)),
    SENDING.c.settled_on.is_(None),
    or_(SENDING.c.lease_token.is_not(None), SENDING.c.unsure_on.is_not(None)),
)
_ordered: Final = select(*SENDING.c["id", "destination", "settled_on"]).order_by(SENDING.c.id).with_for_update()
_LOCK_SENDINGS: Final = _ordered.where(SENDING.c.message_id.in_(_ids))
_LOCK_MORE_SENDINGS: Final = _ordered.where(or_(SENDING.c.message_id.in_(_ids), _IN_FLIGHT))
_LOCK_MESSAGES: Final = (
    select(MESSAGE.c.id).where(MESSAGE.c.id.in_(_ids)).order_by(MESSAGE.c.id).with_for_update(key_share=True)
)
Found = list[int | None]  # the id of each receipt's message, or None


def destination(account_id: int, gateway: str) -> str:
    """What attempts in flight of an account at a gateway are counted by, as `sending.destination` has it."""
    return f"{account_id} gateway://{gateway}:0"


def find(connection: Connection, account_id: int, receipts: Sequence[IncomingReceipt]) -> Found:
    """Find the account's messages: by the gateway's reference, then as our msgid, then as a `client_tag`."""
    by_ref = _by_ref(connection, account_id, receipts)
    by_msgid, by_tag = _by_name(connection, account_id, receipts)
    return [
        by_ref.get((one.gateway, one.gateway_ref)) or _first(by_msgid, _msgids(one)) or _first(by_tag, _tags(one))
        for one in receipts
    ]


def lock(connection: Connection, account_id: int, receipts: Sequence[IncomingReceipt], found: Found) -> Found:
    """Lock the messages and their sendings until the end of the transaction; return what is found now.

    If the message of a receipt is unknown, its sending may be about to get the reference by which we would find it. So
    what is in flight at its gateway is locked too, and looked at again. Everything locks sendings before messages, and
    each in the order of ids, so that no two transactions wait for each other.
    """
    unknown = {one.gateway for one, message_id in zip(receipts, found, strict=True) if message_id is None}
    if unknown:
        destinations = [destination(account_id, gateway) for gateway in unknown]
        connection.execute(_LOCK_MORE_SENDINGS, {"ids": _known(found), "destinations": destinations})
        found = find(connection, account_id, receipts)
    else:
        connection.execute(_LOCK_SENDINGS, {"ids": _known(found)})
    connection.execute(_LOCK_MESSAGES, {"ids": _known(found)})
    return found


def has_in_flight(connection: Connection, account_id: int, gateway: str) -> bool:
    """Whether the gateway may have taken a message of the account whose reference is not stored yet."""
    query = select(SENDING.c.id).where(_IN_FLIGHT).limit(1)
    return connection.scalar(query, {"destinations": [destination(account_id, gateway)]}) is not None


def _known(found: Found) -> list[int]:
    return sorted({message_id for message_id in found if message_id is not None})


def _by_ref(connection: Connection, account_id: int, receipts: Sequence[IncomingReceipt]) -> dict[tuple[str, str], int]:
    refs = {one.gateway_ref for one in receipts if one.gateway_ref and one.msgid is None}
    if not refs:
        return {}
    gateways = {one.gateway for one in receipts}
    rows = connection.execute(_BY_REF, {"account": account_id, "gateways": [*gateways], "refs": [*refs]})
    return {(row.gateway, row.gateway_ref): row.message_id for row in rows}


def _by_name(
    connection: Connection, account_id: int, receipts: Sequence[IncomingReceipt]
) -> tuple[dict[str, int], dict[str, int]]:
    """The ids of messages by msgid, and by `client_tag`."""
    msgids = {name for one in receipts for name in _msgids(one)}
    tags = {name for one in receipts for name in _tags(one)}
    values = {"account": account_id, "msgids": [*msgids], "client_tags": [*tags]}
    rows = connection.execute(_BY_NAME, values).all() if msgids or tags else []
    return {row.msgid: row.id for row in rows}, {row.client_tag: row.id for row in rows if row.client_tag is not None}


def _msgids(receipt: IncomingReceipt) -> Iterator[str]:
    """The names in a receipt that may be our msgid."""
    names = (receipt.gateway_ref, *receipt.references) if receipt.msgid is None else (receipt.msgid,)
    return (name for name in names if MSGID.fullmatch(name))


def _tags(receipt: IncomingReceipt) -> Sequence[str]:
    """The names in a receipt that may be a `client_tag`."""
    return receipt.references if receipt.msgid is None else ()


def _first(ids: dict[str, int], names: Iterator[str] | Sequence[str]) -> int | None:
    return next((ids[name] for name in names if name in ids), None)
