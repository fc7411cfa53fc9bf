"""What all commands have in common: the database that they name, their refusals and their exit codes."""

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from flask import has_app_context
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from shortener.config.settings import Settings
from shortener.config.settings_file import path_of
from shortener.errors import DatabaseVersionError, InvalidFieldsError, SecretKeyError, SettingsError, ShortenerError
from shortener.files import usable_folders
from shortener.running import startup_checks
from shortener.running.services import EXTENSION
from shortener.storage import db, migrations, outages
from shortener.typed_command import typed

# Exit codes, for scripts; 2, a wrong command line, is click's. docs/operate/commands.md lists them.
REFUSED: Final = 1
DATABASE: Final = 3
SETTINGS: Final = startup_checks.UNUSABLE
SOME_PROBLEMS: Final = 5
UNDEFINED_TABLE: Final = "42P01"  # PostgreSQL, appendix A
NO_TABLES: Final = "no such table"  # SQLite's words
T = TypeVar("T")


class Refused(click.ClickException):
    """The command is refused."""

    exit_code = REFUSED


class DatabaseFailed(click.ClickException):
    """The database is unavailable, or refuses the command."""

    exit_code = DATABASE


class SettingsUnusable(click.ClickException):
    """The settings cannot be used, or not with this database."""

    exit_code = SETTINGS


class Command(click.Command):
    """A command that prints the database that it works on to standard error, and does not create one.

    If the product or its database refuses, the command ends with one sentence and an exit code.
    """

    creates_database = False
    accepts_older_database = False

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            if not isinstance(self, click.Group):
                _enter_app_context(ctx)
                self._print_database(_settings(ctx))
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
            raise DatabaseFailed(_sentence(error, ctx)) from None

    def _print_database(self, settings: Settings) -> None:
        click.echo(f"Database: {shown_database(settings)}", err=True)
        file = settings.database_file
        if file is not None and _is_missing(file) and not self.creates_database:
            raise DatabaseFailed(
                f"There is no database at {file}. If the path is right, create it with `{typed('db upgrade')}`. "
                f"If not, check the settings: they come from the environment and from {path_of()}."
            )

    def _check_version(self, ctx: click.Context) -> None:
        if not self.accepts_older_database:
            with ctx.ensure_object(ScriptInfo).load_app().app_context():
                # The database itself says that its tables are missing, and `_sentence` what to do.
                migrations.refuse_other_version(db.db.engine, may_be_empty=True)


class AcceptsOlderDatabase(Command):
    """A command that also works with tables that are not upgraded yet."""

    accepts_older_database = True


class CreatesDatabase(AcceptsOlderDatabase):
    """A command that may create the database and its tables."""

    creates_database = True


class Group(Command, AppGroup):
    """A group of such commands, which run within an application context."""

    command_class = Command


def choice_of(kind: type[enum.StrEnum]) -> click.Choice[str]:
    """Return the type of an option that accepts the values of an enumeration; click itself would accept the names."""
    return click.Choice([member.value for member in kind])


def checked(read: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """Return the callback of an option whose text `read` understands or refuses with a ValueError."""

    def check(_context: click.Context, _parameter: click.Parameter, value: str | None) -> T | None:
        try:
            return None if value is None else read(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return check


def shown_database(settings: Settings) -> str:
    """Return the database's path, or its URL without the password."""
    return settings.shown_database


def _enter_app_context(ctx: click.Context) -> None:
    """Enter the application's context until the command ends. Flask's own program has already done so."""
    if not has_app_context():
        ctx.with_resource(ctx.ensure_object(ScriptInfo).load_app().app_context())


def _settings(ctx: click.Context) -> Settings:
    found: Settings = ctx.ensure_object(ScriptInfo).load_app().extensions[EXTENSION].settings
    return found


def _is_missing(file: Path) -> bool:
    try:
        file.stat()
    except OSError as error:  # a file that we may not look at can exist: the database reports what is wrong
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return False


def _sentence(error: SQLAlchemyError, ctx: click.Context) -> str:
    """Return the database's message, with what to do if its tables or its file are missing."""
    message = str(getattr(error, "orig", error)).strip()
    if outages.sqlstate(error) == UNDEFINED_TABLE or message.startswith(NO_TABLES):
        return f"The database refused: {message}\nIf its tables are missing, create them with `{typed('db upgrade')}`."
    hint = _about_file(ctx) if any(words in message for words in ("unable to open", "readonly")) else ""
    return f"The database {'is unavailable' if outages.is_outage(error) else 'refused'}: {message}{hint}"


def _about_file(ctx: click.Context) -> str:
    """Return a line with the path of the database's file, its owner or that it is missing."""
    file = _settings(ctx).database_file
    if file is None:
        return ""
    if not file.parent.exists():
        return f"\n{file} does not exist; create it with `{typed('db upgrade')}`."
    if not file.exists():
        return f"\n{file}"
    return f"\n{usable_folders.why_not_writable(file) or file}"
