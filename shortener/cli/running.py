"""What runs beside the web processes, and what runs before their first start."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
from sqlalchemy import select

from shortener.accounts import passwords, people
from shortener.cli import accounts
from shortener.cli.base import MakesDatabase, Refusals, show, typed
from shortener.config.settings import Settings
from shortener.errors import AccountNameError, PersonNameError, SettingsError
from shortener.rules.role import Role
from shortener.running import signals, startup_checks
from shortener.running.services import services
from shortener.storage import db, migrations
from shortener.storage.models import Account

CURL = """curl -u {sid}:{token} \\
  {base_url}/v1/messages \\
  --data-urlencode 'message=Your parcel is on its way: https://example.com/track?id=1 - thank you'"""


@click.command(cls=Refusals)
def worker() -> None:
    """Deliver callbacks until SIGTERM or Ctrl-C.

    \b
    Removes old messages meanwhile.
    Any number may run at once. Needed only with SHORTENER_WORKER=off.
    Example: flask --app wsgi worker
    """
    services().prepare()
    deliverer = services().deliverer
    pipe = signals.SignalPipe()
    pipe.listen(*signals.SIGNALS)
    shutdown = signals.Shutdown(deliverer.request_stop, lambda: deliverer.stop(grace=0), deliverer.waits_for)
    signals.follow(pipe, shutdown)
    click.echo("delivering callbacks; Ctrl-C ends it")
    services().pruner.start()
    deliverer.run()


@click.command("first-start", cls=MakesDatabase)
def first_start() -> None:
    """Make the tables, the account `demo`, and a person who owns it.

    \b
    Only where there is no account yet; prints how to sign in and a line to try.
    Example: flask --app wsgi first-start
    """
    settings = services().settings
    settings.make_ready()
    if faults := list(startup_checks.address(settings)):  # before anybody is told that address
        raise SettingsError(faults)
    applied = migrations.upgrade(db.db.engine)
    services().prepare()
    base_url = settings.base_url
    with db.read() as session:
        started_before = session.scalar(select(Account.id).limit(1)) is not None
    if started_before and applied:
        click.echo(f"The database was of an older version and is upgraded: applied {', '.join(applied)}")
    if started_before or not _make_first_account(settings):
        click.echo(f"There are accounts already. A new token for one: {typed('account rotate NAME')}")
        click.echo(f"The dashboard is {base_url}/dashboard. Who may sign in: {typed('person list')}")


def _make_first_account(settings: Settings) -> bool:
    """The account `demo`; False where another start at the same moment was quicker."""
    with _for_secrets(settings.data_folder) as file:
        try:
            made = accounts.make("demo")
        except AccountNameError:
            return False
        click.echo("An account named demo was made. These are shown once:\n", file)
        show(made, wants_json=False, file=file)
        curl = CURL.format(base_url=settings.base_url, **made)
        click.echo(f"\nTry it, in another terminal:\n\n{curl}\n", file)
        if (password := _make_first_person(made["name"])) is not None:
            click.echo("The dashboard, with a password that is shown once:\n", file)
            address = f"{settings.base_url}/dashboard"
            show({"address": address, "sign in as": made["name"], "password": password}, wants_json=False, file=file)
            click.echo("", file)
    return True


@contextmanager
def _for_secrets(data: Path) -> Iterator[IO[str]]:
    """Where secrets are shown: the terminal, or else a file that only its owner can read. Logs are read by many."""
    if sys.stdout.isatty():
        yield sys.stdout
        return
    path, part = data / "first-start.txt", data / f"first-start.{os.getpid()}"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            yield file
        if part.stat().st_size:
            part.replace(path)
            click.echo(f"An account named demo was made. How to sign in is in {path}; read it, then remove it.")
    finally:
        part.unlink(missing_ok=True)


def _make_first_person(account: str) -> str | None:
    """The account's first owner, who is also the operator; None where somebody of that name is there already."""
    password = passwords.generated()
    try:
        with db.write() as session:
            people.create(
                session, account, password, account=account, role=Role.OWNER, operator=True, now=db.now(session)
            )
    except PersonNameError:
        return None
    return password
