"""The command `doctor`: run all checks, print what they find, and exit with 1 if there is a fault."""

import contextlib
import io
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Final

import click
import psycopg
from flask.cli import ScriptInfo
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shortener.cli.commands import REFUSED, shown_database
from shortener.cli.doctor import incidents, places, postgresql, public_address, servers, sqlite, stored
from shortener.cli.doctor.finding import Find, Finding, State, fault, guarded, ok, said, warning
from shortener.cli.output import as_json, counted
from shortener.config import from_environment, settings_file
from shortener.config.settings import Settings
from shortener.errors import DatabaseVersionError, SettingsError
from shortener.running.services import EXTENSION, Services
from shortener.storage import migrations, read_only
from shortener.typed_command import typed

DATABASE: Final = "database"
AGAIN: Final = "Until then, keys, clock, jobs and accounts are not checked."


@click.command()
@click.option("--reach", is_flag=True, help="Also connect to your gateways, mail relay and storage; up to 15 s.")
@as_json
@click.pass_context
def doctor(ctx: click.Context, reach: bool, wants_json: bool) -> None:
    """Check the installation, and say what to do.

    \b
    Checks settings, public address, disks, spool, database, secret key, clock,
    jobs that are late, accounts and people. Changes nothing, and never opens the
    target of a link. Each line begins with ok, warning or fault. The exit code
    is 0 if nothing is a fault, and 1 otherwise.
    Examples: shortener doctor
              shortener doctor --reach --json
    """
    found = list(examine(ctx.ensure_object(ScriptInfo), reach=reach))
    click.echo(json.dumps(document(found)) if wants_json else text(found))
    if any(finding.state is State.FAULT for finding in found):
        ctx.exit(REFUSED)


def document(found: Sequence[Finding]) -> dict[str, object]:
    """Return what `--json` prints."""
    counts = Counter(finding.state for finding in found)
    return {
        "faults": counts[State.FAULT],
        "warnings": counts[State.WARNING],
        "findings": [asdict(finding) for finding in found],
    }


def text(found: Sequence[Finding]) -> str:
    """Return a line for each finding, with what to do below it, and a summary."""
    width = max(len(finding.check) for finding in found)
    lines = []
    for one in found:
        lines.append(f"{one.state:7}  {one.check:{width}}  {one.sentence}")
        lines += [f"{'':{width + 9}}  -> {one.advice}"] if one.advice else []
    counts = Counter(finding.state for finding in found)
    return "\n".join(
        [*lines, "", f"{counted(counts[State.FAULT], 'fault')}, {counted(counts[State.WARNING], 'warning')}."]
    )


def examine(info: ScriptInfo, *, reach: bool) -> Iterator[Finding]:
    """Run all checks. Without usable settings there is nothing else to check."""
    services = loaded(info)
    if not isinstance(services, Services):
        for sentence in services:
            yield fault("settings", sentence, f"Mend it in the environment or in {settings_file.path_of()}.")
        return
    settings = services.settings
    checks: dict[str, Find] = {
        "settings": partial(examine_settings, services),
        public_address.CHECK: partial(public_address.examine, settings),
        "user": partial(places.examine_user, settings),
        places.DISK: partial(places.examine_disks, settings),
        places.SPOOL: partial(places.examine_spool, settings),
        DATABASE: partial(examine_database, settings),
    }
    if reach:
        checks[servers.CHECK] = partial(servers.examine, settings)
    for check, find in checks.items():
        yield from guarded(check, find)


def loaded(info: ScriptInfo) -> Services | list[str]:
    """Return the services of the application, or why it cannot be loaded."""
    heard = io.StringIO()
    try:
        with contextlib.redirect_stderr(heard):
            services: Services = info.load_app().extensions[EXTENSION]
    except SettingsError as error:
        return error.faults
    except SystemExit:  # `wsgi` has printed the faults
        lines = [line.strip().removeprefix("- ") for line in heard.getvalue().splitlines()]
        return [line for line in lines if line and not line.startswith("Error:")]
    except Exception as error:
        return [f"The product cannot be loaded: {said(error)}"]
    return services


def examine_settings(services: Services) -> Iterator[Finding]:
    """Say what the start would warn of."""
    unknown = list(from_environment.unknown(settings_file.environment(), set(Settings.model_fields)))
    for sentence in unknown:
        yield warning("settings", sentence, "Mend the name, or remove it.")
    for sentence in services.warnings:
        yield warning("settings", f"{sentence}.", "See docs/operate/gateways.md.")
    file = settings_file.path_of()
    where = f"the environment and {file}" if file.is_file() else "the environment"
    yield ok("settings", f"The settings in {where} can be used.")


def examine_database(settings: Settings) -> Iterator[Finding]:
    """Check the database, and what is in it if its tables are of this version."""
    file = settings.database_file
    if file is not None and not file.exists():
        yield fault(DATABASE, f"There is no database at {file}.", f"Run {typed('db upgrade')}. {AGAIN}")
        return
    engine = read_only.engine(settings.sqlalchemy_url)
    try:
        with engine.connect() as connection:
            if file is None:
                yield from postgresql.examine(connection, settings.processes * settings.connections)
            else:
                yield from sqlite.examine(file)
            yield from _examine_tables(settings, connection)
    except (SQLAlchemyError, SettingsError, psycopg.Error, sqlite3.Error) as error:
        sentence = error.faults[0] if isinstance(error, SettingsError) else said(error)
        yield fault(
            DATABASE,
            f"{shown_database(settings)} cannot be used: {sentence}.",
            f"Mend the database or SHORTENER_DATABASE_URL. {AGAIN}"
            if file is None
            else f"Mend the file, or restore a backup; see docs/operate/backup.md. {AGAIN}",
        )
    finally:
        engine.dispose()


def _examine_tables(settings: Settings, connection: Connection) -> Iterator[Finding]:
    try:
        migrations.refuse_other_version(connection.engine)
    except DatabaseVersionError as error:
        yield fault("version", str(error), AGAIN)
        return
    yield ok("version", "The tables are of this version.")
    checks: dict[str, Callable[[Session], Iterator[Finding]]] = {
        stored.KEY: partial(stored.examine_keys, settings),
        "clock": stored.examine_clock,
        "jobs": lambda session: stored.examine_jobs(settings, session.connection()),
        incidents.CHECK: incidents.examine,
        "accounts": stored.examine_accounts,
        "time zones": lambda session: iter([stored.judge_zones(stored.zones_of(session))]),
    }
    for check, find in checks.items():  # each in a transaction of its own, which an error of another has not aborted
        with Session(connection.engine) as session:
            yield from guarded(check, partial(find, session))
