"""Reports of an account's messages, each read in its own session, for vendors' faces, which do not use the database."""

import datetime as dt

from shortener.accounts.senders import Sender
from shortener.messages import lookup
from shortener.reporting import message_lists, message_report
from shortener.reporting.documents import MessageSummary
from shortener.reporting.message_filter import Filter
from shortener.running.services import services
from shortener.storage import db


def now() -> dt.datetime:
    """Return the time that counts: the database's on PostgreSQL, this machine's on SQLite."""
    with db.read() as session:
        return db.now(session)


def summary(account: Sender, msgid: str) -> MessageSummary:
    """Return one message as lists show it; MessageNotFoundError if the account has none with that msgid."""
    with db.read() as session:
        message = lookup.find(session, account, msgid)
        text, links = lookup.text_of(session, message), lookup.links_of(session, [message])[message.id]
        return message_report.summary_with(message, text, links, services().site)


def summaries(account: Sender, wanted: Filter, *, limit: int) -> tuple[list[MessageSummary], str | None]:
    """Return at most `limit` messages that the filter wants, the newest first, and the cursor of the next ones."""
    site = services().site
    with db.read() as session:
        page = message_lists.find(session, account, wanted, site.slugs, limit=limit)
        return message_lists.summaries(session, page, site), page.next
