"""The job of a campaign: claim it, preprocess its rows a few hundred at a time, and settle it.

The rows' messages are stored with keys made of the campaign's id and the row's number, so a row that is processed again
after a crash gives the same message again. How far the job is, and the rows of the result, are stored together.
"""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.accounts.senders import Sender
from shortener.campaigns import blocks
from shortener.campaigns.options import Options, names
from shortener.campaigns.uploads import PENDING
from shortener.errors import CampaignError
from shortener.installation.site import Site
from shortener.messages import bulk, campaign
from shortener.messages.bulk import Outcome
from shortener.messages.campaign import Plan
from shortener.messages.campaign_files import Row
from shortener.messages.preprocess import Preprocessed
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.receiver import Policy
from shortener.storage import db
from shortener.storage.models import Account, Campaign

LEASE: Final = dt.timedelta(seconds=60)  # renewed with each few hundred rows
MOST_TRIES: Final = 10  # claims without a row done
DISABLED: Final = "the account is disabled"
STUCK: Final = "something went wrong on our side; the log says what"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A campaign that is ours while its lease lasts."""

    id: int
    public_id: str
    token: str
    account: Sender
    options: Options
    rows: int


def is_due(session: Session, now: dt.datetime) -> bool:
    """Return whether a campaign waits for a process."""
    query = select(Campaign.id).where(Campaign.state == PENDING, Campaign.due_on <= now).limit(1)
    return session.scalar(query) is not None


def claim(session: Session, now: dt.datetime) -> Claimed | None:
    """Take the campaign that has waited longest, if there is one; one that cannot be worked on is settled."""
    due = select(Campaign).where(Campaign.state == PENDING, Campaign.due_on <= now)
    found = session.scalar(due.order_by(Campaign.due_on, Campaign.id).limit(1).with_for_update(skip_locked=True))
    if found is None:
        return None
    account = session.get_one(Account, found.account_id)
    if account.disabled_on is not None or found.tries >= MOST_TRIES:
        found.state, found.settled_on, found.lease_token = JobState.EXHAUSTED, now, None
        found.detail = DISABLED if account.disabled_on is not None else STUCK
        return None
    found.lease_token, found.due_on, found.tries = random_text(24), now + LEASE, found.tries + 1
    options = Options.of(found.options)
    return Claimed(found.id, found.public_id, found.lease_token, Sender.of(account), options, found.rows)


def run(claimed: Claimed, site: Site, policy: Policy, on_sendings: Callable[[], object]) -> Iterator[bool]:
    """Do the rest of the rows; yield after each few hundred whether the campaign is still ours."""
    try:
        columns = names(claimed.options, blocks.opened(claimed.id))
        plan, file = claimed.options.plan(columns), claimed.options.opened(blocks.opened(claimed.id))
        done = claimed.rows
        for rows in bulk.in_chunks(islice(file.rows(), done, None)):
            outcomes = bulk.preprocess_entries(
                [plan.entry(row) for row in rows],
                claimed.account,
                site,
                policy,
                first=done,
                idempotency_key=claimed.public_id,
                on_sendings=on_sendings,
            )
            content = _written(claimed.options, columns, plan, rows, outcomes, site, with_header=done == 0)
            yield _note(claimed, done, outcomes, content)
            done += len(rows)
    except CampaignError as error:
        settle(claimed, JobState.EXHAUSTED, str(error))
        return
    settle(claimed, JobState.DELIVERED, None)


def settle(claimed: Claimed, state: JobState, detail: str | None) -> None:
    """End the job, if it is still ours."""
    with db.write() as session:
        values = {"state": state, "detail": detail, "settled_on": db.now(session), "lease_token": None}
        session.execute(_ours(claimed).where(Campaign.state == PENDING).values(values))


def give_back(claimed: Claimed) -> None:
    """Let another process go on at once."""
    with db.write() as session:
        values = {"due_on": db.now(session), "lease_token": None, "tries": 0}
        session.execute(_ours(claimed).where(Campaign.state == PENDING).values(values))


def _ours(claimed: Claimed) -> Any:
    return update(Campaign).where(Campaign.id == claimed.id, Campaign.lease_token == claimed.token)


def _note(claimed: Claimed, done: int, outcomes: Sequence[Outcome], content: bytes) -> bool:
    """Store how far the job is and its result so far, and renew the lease; False if it is lost or canceled."""
    stored = [outcome for outcome in outcomes if isinstance(outcome, Preprocessed)]
    with db.write() as session:
        values = {
            "rows": done + len(outcomes),
            "problems": Campaign.problems + len(outcomes) - len(stored),
            "unlinked": Campaign.unlinked + sum(outcome.link is None for outcome in stored),
            "due_on": db.now(session) + LEASE,
            "tries": 0,
        }
        here = _ours(claimed).where(Campaign.rows == done)
        state = session.scalar(here.values(values).returning(Campaign.state))
        if state is not None:
            blocks.add(session, claimed.id, blocks.RESULT, done, content)
    return bool(state is JobState.PENDING)


def _written(
    options: Options,
    columns: Sequence[str],
    plan: Plan,
    rows: Sequence[Row],
    outcomes: Sequence[Outcome],
    site: Site,
    *,
    with_header: bool,
) -> bytes:
    """Return the rows with their new columns, in UTF-8; CSV begins with a byte order mark, which spreadsheets need."""
    added = [dict(zip(plan.added, campaign.values(each, plan, site), strict=True)) for each in outcomes]
    if options.format == "jsonl":
        lines = (json.dumps({**row.original, **new}, ensure_ascii=False) for row, new in zip(rows, added, strict=True))
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
    header = [[*columns, *plan.added]] if with_header else []
    return _csv([*header, *(_cells(row, new, len(columns)) for row, new in zip(rows, added, strict=True))], with_header)


def _cells(row: Row, added: Mapping[str, str | None], wide: int) -> list[str]:
    """Return the cells of a row, cut or filled to the number of columns, and the new ones."""
    return [*[*row.original, *[""] * wide][:wide], *(value or "" for value in added.values())]


def _csv(rows: Sequence[Sequence[str]], with_mark: bool) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig" if with_mark else "utf-8", "replace")
