"""All public addresses that shortlinks were made with, so that after a change we still know our own links."""

from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shortener.storage.models import Origin


def remember(session: Session, base_url: str) -> None:
    """Store the present public address, unless it is stored already."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(Origin).values(address=base_url).on_conflict_do_nothing())


def addresses(session: Session) -> frozenset[str]:
    """Return all stored addresses."""
    return frozenset(session.scalars(select(Origin.address)))


def hosts(session: Session, base_url: str) -> frozenset[str]:
    """Return the hosts of the present address and of all stored ones, in lower case."""
    return frozenset((urlsplit(address).hostname or "").lower() for address in {base_url, *addresses(session)})
