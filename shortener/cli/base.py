"""What the commands have in common: how they end, how they print, how they show that they are getting on."""

import enum
import errno
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import click
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from tqdm import tqdm

from shortener.config.settings import Settings
from shortener.config.settings_file import HOME, path_of
from shortener.errors import DatabaseVersionError, InvalidFieldsError, SecretKeyError, SettingsError, ShortenerError
from shortener.files import usable_folders
from shortener.storage import db, migrations, outages

# How a command ended, for scripts; 2, a wrong command line, is click's own. docs/operate/commands.md lists them.
REFUSED: Final = 1
DATABASE: Final = 3
SETTINGS: Final = 4
UNDEFINED_TABLE: Final = "42P01"  # PostgreSQL, appendix A
NO_TABLES: Final = "no such table"  # SQLite's words
PATIENCE: Final = 2.0  # seconds before a progress bar shows
as_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON, for programs.")


def typed(words: str) -> str:
    """A command of ours as it can be typed here: with `.venv/bin/flask` where no PATH leads to it."""
    called = sys.argv[0]
    if Path(called).name != "flask" or shutil.which("flask") == str(Path(called).absolute()):
        called = "flask"
    elif Path(called).is_relative_to(Path.cwd()):
        called = str(Path(called).relative_to(Path.cwd()))
    return f"{called} --app {'wsgi' if Path.cwd() == HOME else HOME / 'wsgi'} {words}"


class Refused(click.ClickException):
    """What was asked for is refused."""

    exit_code = REFUSED


class DatabaseFailed(click.ClickException):
    """The database does not answer, or refuses."""

    exit_code = DATABASE


class SettingsUnusable(click.ClickException):
    """The settings do not fit, or do not fit this database."""

    exit_code = SETTINGS


class Refusals(click.Command):
    """A command that says on standard error which database it works on, and makes none.

    Where the product or its database refuses, it ends with one sentence and an exit code.
    """

    makes_database = False
    takes_older_database = False

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            if not isinstance(self, click.Group):
                self._say_database(_settings(ctx))
                self._check_version(ctx)
            return super().invoke(ctx)
        except (SettingsError, SecretKeyError, DatabaseVersionError) as error:
            raise SettingsUnusable(str(error)) from None
        except InvalidFieldsError as error:
            faults = (f"{field} {fault}" for field, found in error.fields.items() for fault in found)
            raise Refused("; ".join(faults)) from None
        except ShortenerError as error:
            raise Refused(str(error)) from None
        except (DBAPIError, NoConnectionError) as error:
            raise DatabaseFailed(_told(error, ctx)) from None

    def _say_database(self, settings: Settings) -> None:
        click.echo(f"Database: {shown_database(settings)}", err=True)
        file = settings.database_file
        if file is not None and _is_missing(file) and not self.makes_database:
            raise DatabaseFailed(
                f"There is no database at {file}. If that is the right place, `{typed('db upgrade')}` makes it. "
                f"If not: the settings come from the environment and from {path_of()}."
            )

    def _check_version(self, ctx: click.Context) -> None:
        if not self.takes_older_database:
            with ctx.ensure_object(ScriptInfo).load_app().app_context():
                migrations.refuse_older(db.db.engine)


def _settings(ctx: click.Context) -> Settings:
    found: Settings = ctx.ensure_object(ScriptInfo).load_app().extensions["shortener"].settings
    return found


def _is_missing(file: Path) -> bool:
    try:
        file.stat()
    except OSError as error:  # what cannot be looked at may be there: the database says what is wrong
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return False


def _told(error: SQLAlchemyError, ctx: click.Context) -> str:
    """What the database said, and what to do where it is only that its tables are missing, or its file."""
    said = str(getattr(error, "orig", error)).strip()
    if outages.sqlstate(error) == UNDEFINED_TABLE or said.startswith(NO_TABLES):
        return f"The database refused: {said}\nIf its tables are missing, `{typed('db upgrade')}` makes them."
    hint = _of_the_file(ctx) if any(words in said for words in ("unable to open", "readonly")) else ""
    return f"The database {'is unavailable' if outages.is_outage(error) else 'refused'}: {said}{hint}"


def _of_the_file(ctx: click.Context) -> str:
    """Which file it is, and whose."""
    file = _settings(ctx).database_file
    if file is None:
        return ""
    if not file.parent.exists():
        return f"\nThere is no {file}; `{typed('db upgrade')}` makes it."
    denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return f"\n{usable_folders.reason(denied, file) if not os.access(file, os.R_OK | os.W_OK) else file}"


class TakesOlderDatabase(Refusals):
    """A command that works on tables that are not upgraded yet."""

    takes_older_database = True


class MakesDatabase(TakesOlderDatabase):
    """A command that may make the database where there is none, and its tables."""

    makes_database = True


class Group(Refusals, AppGroup):
    """The same for all commands of a group, with the application at hand."""

    command_class = Refusals


def choice_of(kind: type[enum.StrEnum]) -> click.Choice[str]:
    """The type of an option that takes the values of an enumeration; click itself would take the members' names."""
    return click.Choice([member.value for member in kind])


def shown_database(settings: Settings) -> str:
    """The database as people read it, without a password."""
    return str(settings.database_file or settings.sqlalchemy_url.set(drivername="postgresql"))


def show(values: Mapping[str, Any], wants_json: bool, file: IO[str] | None = None) -> None:
    """Print one thing: its fields below each other, or a line of JSON."""
    if wants_json:
        click.echo(json.dumps(values), file)
        return
    width = max(map(len, values))
    for key, value in values.items():
        click.echo(f"{key.ljust(width)}  {value}", file)


def show_rows(rows: Sequence[Mapping[str, Any]], wants_json: bool, otherwise: str) -> None:
    """Print things of one kind as a table, or as a line of JSON; `otherwise` says what to do where there are none."""
    if wants_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo(otherwise)
    else:
        widths = {key: max(len(key), *(len(_cell(row[key])) for row in rows)) for key in rows[0]}
        for row in ({key: key for key in rows[0]}, *rows):
            click.echo("  ".join(_cell(row[key]).ljust(width) for key, width in widths.items()).rstrip())


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


@contextmanager
def private(target: str | None) -> Iterator[IO[str] | None]:
    """A new file for secrets, which only its owner can read; None without a name. What the block does comes first."""
    if target is None:
        yield None
        return
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refused(f"Cannot write {target}: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(target).unlink(missing_ok=True)
        raise


@contextmanager
def written(target: str, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Where to write. The file gets its name when the block has ended well: half of it must not be taken for all."""
    if target == "-":
        yield sys.stdout.buffer
        return
    part = Path(f"{target}.part")
    try:
        if Path(target).exists() and not overwrite:
            raise FileExistsError(target)
        file = part.open("wb" if overwrite else "xb")
    except FileExistsError as error:
        name = error.filename or target
        raise Refused(f"{name} is there already; take it away, or replace it by --overwrite.") from None
    except OSError as error:
        raise Refused(f"Cannot write {part}: {error.strerror}.") from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        click.echo(f"Broken off; what is done is in {part}.", err=True)
        raise


def progress(total: float | None, unit: str, *, patience: float = PATIENCE) -> "tqdm[Any]":
    """Show on a terminal, after some seconds, how far a command is, how fast, and how long it will take.

    `with progress(len(rows), "message") as bar: ... bar.update(100)`. On standard error, so that what a command prints
    can go into a file; where that is no terminal, nothing is shown.
    """
    return tqdm(
        total=total, unit=f" {unit}", delay=patience, disable=None, file=sys.stderr, dynamic_ncols=True, unit_scale=True
    )
