"""Keep messages within their account's limits: its quiet hours, and the number of messages in a month."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Final

from sqlalchemy import Connection

from shortener.accounts import limits
from shortener.accounts.limits import Allowance
from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError, MonthlyLimitError, QuietHoursError
from shortener.messages import rows
from shortener.messages.analysis import Analysis
from shortener.rules.delivery.gateway_rules import QuietMode

FARTHEST: Final = dt.timedelta(days=180)  # a message may be scheduled so far ahead


def not_sendable(
    account: Sender, analyses: Sequence[Analysis], now: dt.datetime
) -> dict[int, InvalidFieldsError | QuietHoursError]:
    """Return a refusal, by index, for each message that its gateway cannot send, or not at its time.

    Such times are in the past, in a far future, or in quiet hours in which the account takes no messages.
    """
    refusals: dict[int, InvalidFieldsError | QuietHoursError] = {}
    keeps_quiet = account.quiet_hours is not None and account.quiet_mode is QuietMode.REFUSE
    for index, analysis in enumerate(analyses):
        send_on = analysis.submission.send_on
        if analysis.refusal is not None:
            refusals[index] = analysis.refusal
        elif send_on is not None and not now < send_on <= now + FARTHEST:  # first: quiet hours of year 9999 overflow
            refusals[index] = InvalidFieldsError({"send_on": [f"must be in the next {FARTHEST.days} days"]})
        elif keeps_quiet and (end := limits.quiet_until(account, send_on or now)) is not None:
            refusals[index] = QuietHoursError(end)
    return refusals


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
