"""The database: its tables, its backups."""

from pathlib import Path

import click

from shortener.accounts import signing_secrets
from shortener.cli.base import Group, MakesDatabase, TakesOlderDatabase, as_json, show, typed
from shortener.config import settings_file
from shortener.errors import BackupError, SecretKeyError, SettingsError
from shortener.files import spool_folder
from shortener.running.services import services
from shortener.storage import backups, db, migrations

FILE = click.Path(path_type=Path)
group = Group("db", help="The database: its tables, its backups.\n\nExample: flask --app wsgi db upgrade")


@group.command(cls=MakesDatabase)
def upgrade() -> None:
    """Create the tables, or bring them up to this version.

    \b
    Safe to repeat, and on several nodes at once.
    Example: flask --app wsgi db upgrade
    """
    services().settings.make_folder()
    applied = migrations.upgrade(db.db.engine)
    click.echo(f"applied {', '.join(applied)}" if applied else "nothing to do")


@group.command(cls=TakesOlderDatabase)
@click.argument("file", type=FILE)
@click.option("--overwrite", is_flag=True, help="Replace FILE where it exists.")
@as_json
def backup(file: Path, overwrite: bool, wants_json: bool) -> None:
    """Write the database into one file while the product runs.

    \b
    FILE holds everything that was committed before the command began.
    It is checked, can be read by you alone, and gets its name when it is
    whole. On PostgreSQL pg_dump makes it.
    What else belongs to a backup is printed; see docs/operate/backup.md.
    Example: flask --app wsgi db backup /backups/shortener-2026-11-28
    """
    size = backups.make(db.db.engine, file, overwrite=overwrite)
    show({"file": str(file), "bytes": size}, wants_json)
    if not wants_json:
        _show_beside()


@group.command(cls=MakesDatabase)
@click.argument("file", type=FILE)
@click.option("--overwrite", is_flag=True, help="Replace a database that has accounts.")
def restore(file: Path, overwrite: bool) -> None:
    """Put a backup in place of the database. Stop the product first.

    \b
    On every node: a process that stores nothing at the moment may have no
    connection to PostgreSQL, and cannot be seen from another machine.
    FILE is read to its end before anything is replaced.
    Example: flask --app wsgi db restore /backups/shortener-2026-11-28
    """
    settings = services().settings
    settings.make_folder()
    _refuse_beside(settings.spool_folder)
    backups.restore(db.db.engine, file, overwrite=overwrite)
    click.echo(f"Restored from {file}. A backup of an earlier version still needs: {typed('db upgrade')}")
    _show_beside()
    if (fault := _key_fault()) is not None:
        click.echo(f"Before you start the product: {fault}", err=True)


def _refuse_beside(folder: Path) -> None:
    """BackupError where the product runs on this machine, also while it has no connection to the database."""
    try:
        running = spool_folder.is_in_use(folder)
    except OSError as error:
        raise BackupError(f"Whether the product runs cannot be seen in {folder}: {error.strerror}.") from None
    if running:
        raise BackupError(f"The product is running (it has files open in {folder}): stop it first.")


def _show_beside() -> None:
    """Say what belongs to a backup beside the database, and where it is."""
    settings = services().settings
    key = "SHORTENER_SECRET_KEY" if settings.secret_key else settings.data_folder / "secret_key"
    click.echo("Not in it, and needed as well:")
    click.echo(f"  the secret key: {key}")
    click.echo(f"  clicks that the database has not taken yet: {settings.spool_folder}")
    file = settings_file.path_of()
    click.echo(f"  the settings: {f'{file}, and ' if file.is_file() else ''}SHORTENER_* in the environment")


def _key_fault() -> str | None:
    """What is wrong with the secret key for this database; None where its secrets open."""
    try:
        with db.read() as session:
            signing_secrets.check_secret_keys(session, services().settings.secret_keys)
    except SettingsError as error:
        return error.faults[0]
    except SecretKeyError as error:
        return str(error)
    return None
