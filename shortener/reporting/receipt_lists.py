"""Lists of an account's receipts by time, message, state and gateway."""

from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import Field
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, defer

from shortener.accounts.senders import Sender
from shortener.messages import lookup
from shortener.reporting import receipt_report
from shortener.reporting.receipt_documents import ListedReceipt, ReceiptPage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire import cursor
from shortener.storage.models import Message, Receipt
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow, Moment, ShortText

PAGE: Final = 100
EXAMINED: Final = 1_000  # receipts that a page reads at most (ADR 0007)


class ReceiptFilter(Parameters):
    """Receipts that fulfil all given conditions."""

    start: Annotated[Moment | None, Field(alias="from", description="Received at or after this time.")] = None
    end: Annotated[Moment | None, Field(alias="to", description="Received before this time.")] = None
    msgid: Annotated[ShortText | None, Field(description="About this message.")] = None
    state: Annotated[MessageState | None, Field(description="With this state.")] = None
    gateway: Annotated[ShortText | None, Field(description="From this gateway.")] = None
    cursor: BehindRow = None

    def chooses(self) -> bool:
        """Whether it may leave out receipts of the period."""
        return self.state is not None or self.gateway is not None

    def selects(self, receipt: Receipt) -> bool:
        """Whether a receipt of the period has the state and is from the gateway."""
        return self.state in (None, receipt.state) and self.gateway in (None, receipt.gateway)


def document(session: Session, account: Sender, wanted: ReceiptFilter, base_url: str) -> ReceiptPage:
    """Return a page of the account's receipts; it may be short, and still have a next one.

    MessageNotFoundError if `msgid` names no message of the account.
    """
    rows = _examined(session, account, wanted)
    selected = [row for row in rows if wanted.selects(row)]
    return {"receipts": _listed(session, selected[:PAGE], base_url), "next": _next(rows, selected, wanted, base_url)}


def _next(rows: Sequence[Receipt], selected: Sequence[Receipt], wanted: ReceiptFilter, base_url: str) -> str | None:
    """The URL of the next page: after the last receipt of this one, or after all that were examined."""
    if len(selected) > PAGE:
        last = selected[PAGE - 1]
    elif len(rows) == EXAMINED:
        last = rows[-1]
    else:
        return None
    place = cursor.after_row(last.received_on, last.id)
    return f"{base_url}/v1/receipts?{urlencode({**wanted.parameters(), 'cursor': place})}"


def _listed(session: Session, rows: Sequence[Receipt], base_url: str) -> list[ListedReceipt]:
    ids = {row.message_id for row in rows} - {None}
    query = select(Message.id, Message.msgid).where(Message.id.in_(ids))
    msgids: dict[int | None, str] = dict(session.execute(query).all()) if ids else {}
    return [
        {
            **receipt_report.entry(row),
            "msgid": (msgid := msgids.get(row.message_id)),
            "message": f"{base_url}/v1/messages/{msgid}" if msgid else None,
        }
        for row in rows
    ]


def _examined(session: Session, account: Sender, wanted: ReceiptFilter) -> Sequence[Receipt]:
    """The receipts that a page chooses from, the newest first."""
    query = select(Receipt).options(defer(Receipt.raw)).limit(EXAMINED if wanted.chooses() else PAGE + 1)
    if wanted.msgid is not None:  # without the account, whose index could be read to its end
        query = query.where(Receipt.message_id == lookup.find(session, account, wanted.msgid).id)
    else:
        query = query.where(Receipt.account_id == account.id)
    if wanted.start is not None:
        query = query.where(Receipt.received_on >= wanted.start)
    if wanted.end is not None:
        query = query.where(Receipt.received_on < wanted.end)
    if wanted.cursor is not None:
        query = query.where(tuple_(Receipt.received_on, Receipt.id) < cursor.row(wanted.cursor))
    return session.scalars(query.order_by(Receipt.received_on.desc(), Receipt.id.desc())).all()
