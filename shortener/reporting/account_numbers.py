"""Totals of each account, for the operator, who sees no messages."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, Text, cast, func, select
from sqlalchemy.orm import Session

from shortener.callbacks import conditions
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Account, Callback, Message, Person, Sending


@dataclass(frozen=True, slots=True)
class Total:
    """The totals of an account."""

    account: Account
    messages: int  # received since a moment
    waiting: int  # callbacks that are not settled
    exhausted: int
    held: int  # messages that wait for a decision
    people: int


def by_account(session: Session, *, since: dt.datetime) -> Sequence[Total]:
    """Return the totals of all accounts, ordered by name. Each total has an index, so old messages cost nothing."""
    # The account's destinations begin with its id and a space, so the index of unsettled callbacks finds them.
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
        _count(Callback.account_id == Account.id, conditions.is_exhausted()),
        _count(Sending.account_id == Account.id, Sending.state == JobState.HELD),
        _count(Person.account_id == Account.id),
    ).order_by(Account.name)
    return [Total(*row) for row in session.execute(query)]


def _count(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(*conditions).correlate(Account).scalar_subquery()
