"""Totals of each account, for the operator, who sees no messages."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, Text, cast, func, literal_column, select
from sqlalchemy.orm import Session

from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Account, Callback, Message, Person


@dataclass(frozen=True, slots=True)
class Total:
    """An account in numbers."""

    account: Account
    messages: int  # received since a moment
    waiting: int  # callbacks that are not settled
    exhausted: int
    people: int


def by_account(session: Session, *, since: dt.datetime) -> Sequence[Total]:
    """The accounts by name. Each number has its own index, so old messages cost nothing."""
    mine = Callback.account_id == Account.id
    # The account's destinations begin with its number and a space: so the index of the unsettled finds them.
    number = cast(Account.id, Text)
    unsettled = (
        Callback.settled_on.is_(None),
        Callback.destination >= number + " ",
        Callback.destination < number + "!",
    )
    query = select(
        Account,
        _count(Message.account_id == Account.id, Message.received_on >= since),
        _count(*unsettled),
        _count(mine, Callback.state == literal_column(f"'{JobState.EXHAUSTED}'")),  # as the index of these has it
        _count(Person.account_id == Account.id),
    ).order_by(Account.name)
    return [Total(*row) for row in session.execute(query)]


def _count(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(*conditions).correlate(Account).scalar_subquery()
