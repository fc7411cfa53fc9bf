"""The public addresses that shortlinks were given out under: a change of address must not make strangers of them."""

from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shortener.storage.models import Origin


def remember(session: Session, base_url: str) -> None:
    """Keep today's address; said again, it does nothing."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(Origin).values(address=base_url).on_conflict_do_nothing())


def addresses(session: Session) -> frozenset[str]:
    """All that were kept."""
    return frozenset(session.scalars(select(Origin.address)))


def hosts(session: Session, base_url: str) -> frozenset[str]:
    """The hosts of today's address and of all that were kept, in lower case."""
    return frozenset((urlsplit(address).hostname or "").lower() for address in {base_url, *addresses(session)})
