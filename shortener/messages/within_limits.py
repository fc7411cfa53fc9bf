"""Keep messages within their account's limits: its quiet hours, and the number of messages in a month."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence, Set

from sqlalchemy import Connection

from shortener.accounts import limits
from shortener.accounts.limits import Allowance
from shortener.accounts.senders import Sender
from shortener.errors import MonthlyLimitError, QuietHoursError
from shortener.messages import rows
from shortener.messages.analysis import Analysis
from shortener.rules.delivery.gateway_rules import QuietMode


def in_quiet_hours(account: Sender, analyses: Sequence[Analysis], now: dt.datetime) -> dict[int, QuietHoursError]:
    """Return a refusal for each message, by index, whose time is in quiet hours in which the account takes none."""
    if account.quiet_hours is None or account.quiet_mode is not QuietMode.REFUSE:
        return {}
    ends = {index: limits.quiet_until(account, one.submission.send_on or now) for index, one in enumerate(analyses)}
    return {index: QuietHoursError(end) for index, end in ends.items() if end is not None}


def due_on(account: Sender, analysis: Analysis, now: dt.datetime) -> dt.datetime:
    """Return when a message is to be handed over: at its time, or when the quiet hours that hold it end."""
    wanted = analysis.submission.send_on or now
    if analysis.route is None or account.quiet_mode is not QuietMode.HOLD:
        return wanted
    return limits.quiet_until(account, wanted) or wanted


def allowance(connection: Connection, account: Sender, now: dt.datetime) -> Allowance | None:
    """Return what is left of the account's month, None without a limit; others that ask for it wait for the commit."""
    return None if account.monthly_limit is None else limits.allowance(connection, account.id, now)


def keep(connection: Connection, account: Sender, allowed: Allowance | None, stored: Set[int]) -> Set[int]:
    """Take messages that were just inserted, by id, back beyond the limit; count the others and return their ids."""
    if allowed is None:
        return stored
    in_order = sorted(stored)
    kept, beyond = in_order[: allowed.left], in_order[allowed.left :]
    rows.delete_messages(connection, beyond)
    limits.count(connection, account.id, allowed.month, len(kept))
    return set(kept)


def refusals(
    allowed: Allowance | None, kept: Set[int], others: Iterable[int], now: dt.datetime
) -> Mapping[int, MonthlyLimitError]:
    """Return a refusal for each of the other messages, by index, once the limit is reached; until then none."""
    if allowed is None or len(kept) < allowed.left:
        return {}
    return {index: MonthlyLimitError(allowed.limit, allowed.next_month_on, now) for index in others}
