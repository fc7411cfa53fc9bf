"""After a backup was restored: campaigns do not go on by themselves, because later rows may have been stored since."""

from typing import Final

from sqlalchemy import Connection, inspect, update

from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Base

_CAMPAIGN: Final = Base.metadata.tables["campaign"]


def hold(connection: Connection) -> int:
    """Let campaigns that were under way wait until somebody starts them again, and return how many; caller commits."""
    if not inspect(connection).has_table(_CAMPAIGN.name):
        return 0
    running = update(_CAMPAIGN).where(_CAMPAIGN.c.state == JobState.PENDING)
    return connection.execute(running.values(state=JobState.HELD, lease_token=None)).rowcount
