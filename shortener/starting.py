"""What must hold before a web server starts. Where it does not, the start ends with a sentence that says what to do."""

import sys

from shortener import places, postgresql
from shortener.config import Settings
from shortener.errors import SettingsError

UNUSABLE = 4  # exit code; the commands end with the same one


def configured() -> Settings:
    """Give the settings, or end the process where they cannot be used here."""
    try:
        settings = Settings.from_env()
        settings.make_ready()
        faults = [*_spool(settings), *_database(settings)]
        if faults:
            raise SettingsError(faults)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(UNUSABLE)
    return settings


def _spool(settings: Settings) -> list[str]:
    why = places.why_unusable(settings.spool_folder)
    return [f"SHORTENER_SPOOL: clicks cannot be kept there while the database is away: {why}"] if why else []


def _database(settings: Settings) -> list[str]:
    """What is wrong with a PostgreSQL that answers; one that does not may come later."""
    why = None if settings.embedded else postgresql.why_unusable(settings.sqlalchemy_url)
    return [why] if why else []
