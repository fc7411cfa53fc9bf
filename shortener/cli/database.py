"""The database: its tables and its backups."""

from pathlib import Path

import click

from shortener.accounts import signing_secrets
from shortener.campaigns import restored as restored_campaigns
from shortener.cli import audit
from shortener.cli.commands import AcceptsOlderDatabase, CreatesDatabase, Group
from shortener.cli.output import as_json, counted, show
from shortener.config import data_folders, settings_file
from shortener.errors import BackupError, SecretKeyError, SettingsError
from shortener.files import spool_folder
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.sending import restored
from shortener.storage import backups, db, migrations
from shortener.storage.backups import contents
from shortener.storage.backups.contents import Contents
from shortener.typed_command import typed

FILE = click.Path(path_type=Path)
group = Group("db", help="The database: its tables and its backups.\n\nExample: shortener db upgrade")


@group.command(cls=CreatesDatabase)
def upgrade() -> None:
    """Create the tables, or upgrade them to this version.

    \b
    Safe to repeat, and to run on several nodes at once.
    Example: shortener db upgrade
    """
    services().settings.make_folder()
    applied = migrations.upgrade(db.db.engine)
    click.echo(f"applied {', '.join(applied)}" if applied else "nothing to do")


@group.command(cls=AcceptsOlderDatabase)
@click.argument("file", type=FILE)
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
@as_json
def backup(file: Path, overwrite: bool, wants_json: bool) -> None:
    """Back up the database to one file while the product runs.

    \b
    FILE holds everything that was committed before the command started. It is
    checked, readable only by you, and gets its name when it is complete. On
    PostgreSQL, pg_dump writes it.
    Prints what else belongs to a backup; see docs/operate/backup.md.
    Example: shortener db backup /backups/shortener-2026-11-28
    """
    made = {"file": str(file), "bytes": backups.make(db.db.engine, file, overwrite=overwrite)}
    if wants_json:
        show({**made, "also_needed": _beside()}, wants_json)
        return
    show(made, wants_json)
    _show_beside()


@group.command(cls=CreatesDatabase)
@click.argument("file", type=FILE)
@click.option("--overwrite", is_flag=True, help="Replace the database even if it has accounts.")
def restore(file: Path, overwrite: bool) -> None:
    """Replace the database with a backup. Stop the product first.

    \b
    Stop it on every node: an idle process may have no connection to
    PostgreSQL, so it cannot be detected from another machine. FILE is read to
    its end before anything is replaced. Messages that wait in it to be sent may
    have been sent since it was made: they are held until somebody decides.
    Example: shortener db restore /backups/shortener-2026-11-28
    """
    settings = services().settings
    settings.make_folder()
    _refuse_beside(settings.spool_folder)
    backups.restore(db.db.engine, file, overwrite=overwrite)
    click.echo(f"Restored from {file}. If the backup is of an earlier version, run: {typed('db upgrade')}")
    click.echo(f"It has {_listed(contents.found(db.db.engine))}.")
    is_older = bool(migrations.missing(db.db.engine))
    with db.write() as session:
        doubtful = restored.doubt(session.connection(), db.now(session))
        campaigns = restored_campaigns.hold(session.connection())
        if not is_older:  # otherwise there may be no table for it yet
            audit.note(session, Deed.DATABASE_RESTORED, about=file.name)
    if doubtful:
        click.echo(
            f"Messages that were waiting to be sent: {doubtful}. They may have been sent since the backup was made, so "
            "they will be held until somebody decides; those of accounts with --on-unsure repeat are sent again."
        )
    if campaigns:
        click.echo(
            f"Campaigns that were under way: {campaigns}. Owners start them again in the dashboard. Rows that were "
            "done since the backup was made are then done again."
        )
    _show_beside()
    if (fault := _key_fault()) is not None:
        click.echo(f"Before you start the product: {fault}", err=True)


def _refuse_beside(folder: Path) -> None:
    """Raise BackupError if the product runs on this machine, even without a connection to the database."""
    try:
        running = spool_folder.is_in_use(folder)
    except OSError as error:
        raise BackupError(f"Cannot check in {folder} whether the product is running: {error.strerror}.") from None
    if running:
        raise BackupError(f"The product is running (it has files open in {folder}): stop it first.")


def _listed(found: Contents) -> str:
    """Return what a database holds, as the end of a sentence."""
    listed = ", ".join(counted(count, name) for name, count in found.counts.items())
    newest = "" if found.newest_on is None else f"; its newest message was received on {found.newest_on:%F %T} UTC"
    return f"{listed}{newest}"


def _beside() -> dict[str, str]:
    """Return what belongs to a backup besides the database, and where it is."""
    settings = services().settings
    file = settings_file.path_of()
    return {
        "secret_key": "SHORTENER_SECRET_KEY" if settings.secret_key else str(settings.data / data_folders.KEY),
        "spool": str(settings.spool_folder),
        "settings": f"{f'{file} and ' if file.is_file() else ''}SHORTENER_* in the environment",
    }


def _show_beside() -> None:
    beside = _beside()
    click.echo("Not in this file, but also needed:")
    click.echo(f"  the secret key: {beside['secret_key']}")
    click.echo(f"  clicks that are not in the database yet: {beside['spool']}")
    click.echo(f"  the settings: {beside['settings']}")


def _key_fault() -> str | None:
    """Return why the secret key cannot decrypt the secrets of this database, or None."""
    try:
        with db.read() as session:
            signing_secrets.check_secret_keys(session, services().settings.secret_keys)
    except SettingsError as error:
        return error.faults[0]
    except SecretKeyError as error:
        return str(error)
    return None
