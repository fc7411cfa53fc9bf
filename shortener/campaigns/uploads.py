"""Store, find, start, cancel and delete campaigns."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import IO, Final

from sqlalchemy import ColumnClause, Delete, Update, delete, func, literal_column, select, update
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.accounts.senders import Sender
from shortener.campaigns import blocks, options
from shortener.campaigns.options import Options
from shortener.errors import CampaignNotFoundError, CampaignStartedError, TooManyCampaignsError
from shortener.rules import text_encoding
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Campaign, CampaignBlock

ID: Final = re.compile(r"cmp_[A-Za-z0-9]{1,60}")
ID_LENGTH: Final = 24
LONGEST: Final = 16 * 1024 * 1024  # bytes of a file
MOST: Final = 20  # campaigns of an account that are kept
KEPT: Final = dt.timedelta(days=7)  # with their files
LONGEST_NAME: Final = 200  # characters
PENDING: Final[ColumnClause[str]] = literal_column(
    f"'{JobState.PENDING}'"
)  # a parameter would not match the partial index


def store(session: Session, account: Sender, name: str, source: IO[bytes], *, by: str, now: dt.datetime) -> Campaign:
    """Store an uploaded file, with guesses how it is to be read; TooManyCampaignsError if others must go first."""
    kept = select(func.count()).select_from(Campaign).where(Campaign.account_id == account.id)
    if session.scalars(kept).one() >= MOST:
        raise TooManyCampaignsError(MOST)
    content = source.read(LONGEST)
    guess = _guessed(name, content)
    source.seek(0)
    campaign = Campaign(
        account_id=account.id,
        public_id=f"cmp_{random_text(ID_LENGTH)}",
        name=_shown_name(name),
        format=guess.format,
        size=len(content),
        created_on=now,
        created_by=by,
        state=JobState.HELD,
        options=guess.stored(),
        due_on=now,
    )
    session.add(campaign)
    session.flush()
    blocks.write(session, campaign.id, source)
    return campaign


def find(session: Session, account: Sender, public_id: str) -> Campaign:
    """Return the account's campaign with that id; CampaignNotFoundError also if it is another account's."""
    found = None
    if ID.fullmatch(public_id):  # PostgreSQL refuses some other texts
        mine = Campaign.public_id == public_id, Campaign.account_id == account.id
        found = session.scalar(select(Campaign).where(*mine))
    if found is None:
        raise CampaignNotFoundError
    return found


def every(session: Session, account: Sender) -> Sequence[Campaign]:
    """Return the account's campaigns, the newest first."""
    newest = Campaign.created_on.desc(), Campaign.id.desc()
    return session.scalars(select(Campaign).where(Campaign.account_id == account.id).order_by(*newest)).all()


def start(session: Session, campaign: Campaign, chosen: Options, total: int, now: dt.datetime) -> None:
    """Let the next free process work on it; CampaignStartedError if it was started or canceled before."""
    values = {"state": JobState.PENDING, "options": chosen.stored(), "total": total, "due_on": now, "tries": 0}
    _change(session, update(Campaign).where(Campaign.state == JobState.HELD).values(values), campaign)


def cancel(session: Session, campaign: Campaign, now: dt.datetime) -> None:
    """Stop it after the rows that are being stored; CampaignStartedError if it does not run."""
    values = {"state": JobState.CANCELED, "settled_on": now}  # the lease stays, for the result of these rows
    _change(session, update(Campaign).where(Campaign.state == PENDING).values(values), campaign)


def remove(session: Session, campaign: Campaign) -> None:
    """Delete it with its files, but not its messages; CampaignStartedError while it runs."""
    session.execute(delete(CampaignBlock).where(CampaignBlock.campaign_id == campaign.id))
    _change(session, delete(Campaign).where(Campaign.state != JobState.PENDING), campaign)


def remove_old(session: Session, before: dt.datetime, most: int = 1) -> int:
    """Delete some campaigns of that time that do not run, with their files; return how many."""
    old = select(Campaign).where(Campaign.created_on < before, Campaign.state != JobState.PENDING).limit(most)
    found = session.scalars(old).all()
    for campaign in found:
        remove(session, campaign)
    return len(found)


def _change(session: Session, statement: Update | Delete, campaign: Campaign) -> None:
    if session.scalar(statement.where(Campaign.id == campaign.id).returning(Campaign.id)) is None:
        raise CampaignStartedError


def _guessed(name: str, content: bytes) -> Options:
    form = options.kind(name, content[: blocks.SIZE])
    return Options(form, text_encoding.guess(content) if form == "csv" else "utf-8")


def _shown_name(name: str) -> str:
    """The name of the file without its folders and what cannot be shown."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(filter(str.isprintable, last)).encode("utf-8", "replace").decode()[-LONGEST_NAME:] or "-"
