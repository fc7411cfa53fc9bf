"""Create rows with defaults, through the product's own use cases."""

import base64
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shortener.accounts import senders
from shortener.installation.site import Numbered, Site
from shortener.messages import lookup, preprocess
from shortener.messages.analysis import Analysis, analyze
from shortener.messages.preprocess import Preprocessed
from shortener.messages.submission import Submission
from shortener.rules.delivery.receiver import Policy
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account, Link, Message

NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
TEXT = "Your parcel is here: https://shop.example.com/track?id=1 thank you"
TARGET = "https://shop.example.com/track?id=1"
# A plain browser: clicks by curl or a load generator would count as a bot's.
BROWSER = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Mobile Safari/537.36"
)
PREVIEW = "WhatsApp/2.23.20.0 A"


@dataclass(frozen=True)
class Sender:
    """An account and its credentials."""

    name: str
    sid: str
    token: str
    signing_secret: str

    @property
    def basic(self) -> dict[str, str]:
        """HTTP Basic `SID:TOKEN`."""
        return {"Authorization": "Basic " + base64.b64encode(f"{self.sid}:{self.token}".encode()).decode()}

    @property
    def bearer(self) -> dict[str, str]:
        """`Bearer TOKEN`."""
        return {"Authorization": f"Bearer {self.token}"}


def make_account(name: str = "shop", **defaults: Any) -> Sender:
    with db.write() as session:
        made = senders.create(session, name, secret_key=services().settings.secret_keys[0], now=NOW)
        senders.configure(session, name, defaults)
    return Sender(made.name, made.sid, made.token, made.signing_secret)


def disable_account(name: str = "shop", now: dt.datetime = NOW) -> None:
    with db.write() as session:
        senders.disable(session, name, now=now)


def store(session: Session, account: Account, analysis: Analysis, site: Site, *, now: dt.datetime) -> Preprocessed:
    """Store one message in the test's transaction, or raise the error that prevents it."""
    [outcome] = preprocess.preprocess_all(session.connection(), account, [analysis], site, now=now)
    if isinstance(outcome, Preprocessed):
        return outcome
    raise outcome


@dataclass(frozen=True)
class Made:
    """A stored message with its text and its links."""

    message: Message
    text: str
    links: Sequence[Link]

    @property
    def link(self) -> Link | None:
        """The first link."""
        return self.links[0] if self.links else None


def make_message(
    sender: Sender, /, message: str | None = TEXT, *, now: dt.datetime | None = None, **fields: Any
) -> Made:
    """Preprocess a message, by default received now."""
    policy = Policy(allow_nets=services().policy.allow_nets)
    submission = Submission.check({"message": message, **fields}, policy)
    with db.write() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        site = services().site
        done = store(session, account, analyze(submission, account, site), site, now=now or db.now(session))
        message = session.get_one(Message, done.message.id)
        return Made(message, lookup.text_of(session, message), lookup.links_of(session, [message])[message.id])


def day_ahead(days: int) -> str:
    """The date so many days ahead, in UTC."""
    return f"{dt.datetime.now(dt.UTC) + days * DAY:%Y-%m-%d}"


def slug_of(link: Numbered | None) -> str:
    assert link is not None
    return services().slugs.encode(link.number)
