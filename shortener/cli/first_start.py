"""What runs before the web processes start for the first time."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import click
from sqlalchemy import select

from shortener.accounts import passwords, people
from shortener.accounts.audit import Detail
from shortener.cli import accounts, audit
from shortener.cli.commands import CreatesDatabase
from shortener.cli.files import private
from shortener.cli.output import show
from shortener.config import secret_key
from shortener.config.settings import Settings
from shortener.errors import AccountNameError, PersonNameError, SettingsError
from shortener.rules.deed import Deed
from shortener.rules.role import Role
from shortener.running import announcement, startup_checks
from shortener.running.services import services
from shortener.storage import db, migrations
from shortener.storage.models import Account
from shortener.typed_command import typed

CURL: Final = """curl -u {sid}:{token} \\
  {base_url}/v1/messages \\
  --data-urlencode 'message=Your parcel is on its way: https://example.com/track?id=1 - thank you'"""


@click.command("first-start", cls=CreatesDatabase)
def first_start() -> None:
    """Create the tables, the account `demo` and its owner.

    \b
    If there is an account already, only upgrades the tables. Otherwise prints
    how to sign in and a command to try.
    Example: shortener first-start
    """
    settings = services().settings
    settings.make_ready()
    # The address is checked before it is printed.
    if faults := [*startup_checks.address(settings), *startup_checks.exports(settings)]:
        raise SettingsError(faults)
    applied = migrations.upgrade(db.db.engine)
    services().prepare()
    with db.read() as session:
        started_before = session.scalar(select(Account.id).limit(1)) is not None
    if started_before and applied:
        click.echo(f"The database was upgraded from an older version: applied {', '.join(applied)}")
    if started_before or not _make_first_account(settings):
        click.echo(f"There are accounts already. To give one a new token: {typed('account rotate NAME')}")


def _make_first_account(settings: Settings) -> bool:
    """Create the account `demo`; return False if another process has created it meanwhile."""
    with _for_secrets(settings.data) as file:
        try:
            made = accounts.make("demo")
        except AccountNameError:
            return False
        click.echo("The account demo was created. These are shown only once:\n", file)
        show(made, wants_json=False, file=file)
        curl = CURL.format(base_url=settings.base_url, **made)
        click.echo(f"\nTry it in another terminal:\n\n{curl}\n", file)
        if (password := _make_first_person(made["name"])) is not None:
            click.echo("The dashboard, with a password that is shown only once:\n", file)
            address = f"{settings.base_url}/dashboard"
            show({"address": address, "sign in as": made["name"], "password": password}, wants_json=False, file=file)
            click.echo("", file)
    return True


@contextmanager
def _for_secrets(data: Path) -> Iterator[IO[str]]:
    """Yield where to print secrets: the terminal, or else a file that only its owner can read, not a log."""
    if sys.stdout.isatty():
        yield sys.stdout
        return
    path, part = data / announcement.FIRST_START, data / f"first-start.{os.getpid()}"
    secret_key.made_folder(data)
    part.unlink(missing_ok=True)
    try:
        with private(str(part)) as file:
            yield file
        if part.stat().st_size:
            part.replace(path)
            click.echo(f"The account demo was created. How to sign in is in {path}; read it, then delete it.")
    finally:
        part.unlink(missing_ok=True)


def _make_first_person(account: str) -> str | None:
    """Create the account's first owner, who is also an operator; return None if somebody has that name already."""
    password = passwords.generated()
    try:
        with db.write() as session:
            person = people.create(
                session, account, password, account=account, role=Role.OWNER, operator=True, now=db.now(session)
            )
            details: dict[str, Detail] = {"role": Role.OWNER, "operator": True}
            audit.note(session, Deed.PERSON_CREATED, account_id=person.account_id, about=person.name, **details)
    except PersonNameError:
        return None
    return password
