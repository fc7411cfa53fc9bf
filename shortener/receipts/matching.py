"""Find the messages that receipts are about, and lock them."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select

from shortener.messages.lookup import MSGID
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.gateway_choice import destination
from shortener.storage.models import Base

MESSAGE, SENDING = (Base.metadata.tables[name] for name in ("message", "sending"))
_account: Final[Any] = bindparam("account")
_ids: Final[Any] = bindparam("ids", expanding=True)
_BY_REF: Final = select(*SENDING.c["gateway", "gateway_ref", "message_id"]).where(
    SENDING.c.account_id == _account,
    SENDING.c.gateway.in_(bindparam("gateways", expanding=True)),
    SENDING.c.gateway_ref.in_(bindparam("refs", expanding=True)),
)
# Without the account, whose index could be read to its end.
_BY_MSGID: Final = select(*MESSAGE.c["id", "msgid", "account_id"]).where(
    MESSAGE.c.msgid.in_(bindparam("msgids", expanding=True))
)
_BY_TAG: Final = select(*MESSAGE.c["client_tag", "id"]).where(
    MESSAGE.c.account_id == _account, MESSAGE.c.client_tag.in_(bindparam("client_tags", expanding=True))
)
# A gateway may have taken these, and its reference is not stored yet.
_IN_FLIGHT: Final = select(SENDING.c.id).where(
    SENDING.c.destination.in_(bindparam("destinations", expanding=True)), SENDING.c.lease_token.is_not(None)
)
_LOCK_SENDINGS: Final = (
    select(SENDING.c.id)
    .where(or_(SENDING.c.message_id.in_(_ids), SENDING.c.id.in_(bindparam("in_flight", expanding=True))))
    .order_by(SENDING.c.id)
    .with_for_update()
)
_LOCK_MESSAGES: Final = (
    select(MESSAGE.c.id).where(MESSAGE.c.id.in_(_ids)).order_by(MESSAGE.c.id).with_for_update(key_share=True)
)
Found = list[int | None]  # the id of each receipt's message, or None


def find(connection: Connection, account_id: int, receipts: Sequence[IncomingReceipt]) -> Found:
    """Find the account's messages: by the gateway's reference, then as our msgid, then as a `client_tag`."""
    by_ref = _by_ref(connection, account_id, receipts)
    by_msgid, by_tag = _by_msgid(connection, account_id, receipts), _by_tag(connection, account_id, receipts)
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
    in_flight = _in_flight(connection, account_id, unknown)
    if _known(found) or in_flight:
        connection.execute(_LOCK_SENDINGS, {"ids": _known(found), "in_flight": in_flight})
    if unknown:
        found = find(connection, account_id, receipts)
    ids = _known(found)
    locked = set(connection.scalars(_LOCK_MESSAGES, {"ids": ids})) if ids else set()
    return [message_id if message_id in locked else None for message_id in found]  # without those deleted meanwhile


def has_in_flight(connection: Connection, account_id: int, gateway: str) -> bool:
    """Whether the gateway may have taken a message of the account whose reference is not stored yet."""
    return bool(_in_flight(connection, account_id, [gateway]))


def _in_flight(connection: Connection, account_id: int, gateways: Collection[str]) -> Sequence[int]:
    """The ids of the account's sendings that are being handed over to these gateways."""
    if not gateways:
        return []
    values = {"destinations": [destination(account_id, gateway) for gateway in gateways]}
    return connection.scalars(_IN_FLIGHT, values).all()


def _known(found: Found) -> list[int]:
    return sorted({message_id for message_id in found if message_id is not None})


def _by_ref(connection: Connection, account_id: int, receipts: Sequence[IncomingReceipt]) -> dict[tuple[str, str], int]:
    refs = {one.gateway_ref for one in receipts if one.gateway_ref and one.msgid is None}
    if not refs:
        return {}
    gateways = {one.gateway for one in receipts}
    rows = connection.execute(_BY_REF, {"account": account_id, "gateways": [*gateways], "refs": [*refs]})
    return {(row.gateway, row.gateway_ref): row.message_id for row in rows}


def _by_msgid(connection: Connection, account_id: int, receipts: Sequence[IncomingReceipt]) -> dict[str, int]:
    msgids = {name for one in receipts for name in _msgids(one)}
    rows = connection.execute(_BY_MSGID, {"msgids": [*msgids]}).all() if msgids else []
    return {row.msgid: row.id for row in rows if row.account_id == account_id}


def _by_tag(connection: Connection, account_id: int, receipts: Sequence[IncomingReceipt]) -> dict[str, int]:
    tags = {name for one in receipts for name in _tags(one)}
    values = {"account": account_id, "client_tags": [*tags]}
    return dict(connection.execute(_BY_TAG, values).all()) if tags else {}


def _msgids(receipt: IncomingReceipt) -> Iterator[str]:
    """The names in a receipt that may be our msgid."""
    names = (receipt.gateway_ref, *receipt.references) if receipt.msgid is None else (receipt.msgid,)
    return (name for name in names if MSGID.fullmatch(name))


def _tags(receipt: IncomingReceipt) -> Sequence[str]:
    """The names in a receipt that may be a `client_tag`."""
    return receipt.references if receipt.msgid is None else ()


def _first(ids: dict[str, int], names: Iterator[str] | Sequence[str]) -> int | None:
    return next((ids[name] for name in names if name in ids), None)
