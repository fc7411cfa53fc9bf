"""The database: its tables and its backups."""

from pathlib import Path

import click

from shortener.accounts import signing_secrets
from shortener.cli import audit
from shortener.cli.commands import AcceptsOlderDatabase, CreatesDatabase, Group
from shortener.cli.output import as_json, show
from shortener.config import data_folders, settings_file
from shortener.errors import BackupError, SecretKeyError, SettingsError
from shortener.files import spool_folder
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.sending import restored
from shortener.storage import backups, db, migrations
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
    size = backups.make(db.db.engine, file, overwrite=overwrite)
    show({"file": str(file), "bytes": size}, wants_json)
    if not wants_json:
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
    is_older = bool(migrations.missing(db.db.engine))
    with db.write() as session:
        doubtful = restored.doubt(session.connection(), db.now(session))
        if not is_older:  # otherwise there may be no table for it yet
            audit.note(session, Deed.DATABASE_RESTORED, about=file.name)
    if doubtful:
        click.echo(
            f"Messages that were waiting to be sent: {doubtful}. They may have been sent since the backup was made, so "
            "they will be held until somebody decides; those of accounts with --on-unsure repeat are sent again."
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


def _show_beside() -> None:
    """Print what belongs to a backup besides the database, and where it is."""
    settings = services().settings
    key = "SHORTENER_SECRET_KEY" if settings.secret_key else settings.data / data_folders.KEY
    click.echo("Not in this file, but also needed:")
    click.echo(f"  the secret key: {key}")
    click.echo(f"  clicks that are not in the database yet: {settings.spool_folder}")
    file = settings_file.path_of()
    click.echo(f"  the settings: {f'{file} and ' if file.is_file() else ''}SHORTENER_* in the environment")


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
