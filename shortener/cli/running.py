"""What runs beside the web processes, and what runs before their first start."""

import click
from sqlalchemy import select

from shortener import db, migrations, people, stopping
from shortener.cli import accounts
from shortener.cli.base import Refusals, show, typed
from shortener.errors import AccountNameError, PersonNameError
from shortener.models import Account
from shortener.services import services

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
    services().settle_in()
    deliverer = services().deliverer
    heard = stopping.Heard()
    heard.listen(*stopping.SIGNALS)
    at_once, waits_for = lambda: deliverer.stop(grace=0), lambda: f"{deliverer.in_flight} callbacks in flight"
    stopping.follow(heard, stopping.Ending(deliverer.request_stop, at_once, waits_for))
    click.echo("delivering callbacks; Ctrl-C ends it")
    services().pruner.start()
    deliverer.run()


@click.command("first-start", cls=Refusals)
def first_start() -> None:
    """Make the tables, the account `demo`, and a person who owns it.

    \b
    Only where there is no account yet; prints how to sign in and a line to try.
    Example: flask --app wsgi first-start
    """
    services().settings.make_ready()
    migrations.upgrade(db.db.engine)
    services().settle_in()
    base_url = services().settings.base_url
    with db.read() as session:
        started_before = session.scalar(select(Account.id).limit(1)) is not None
    try:
        made = None if started_before else accounts.make("demo")
    except AccountNameError:  # another start at the same moment was quicker
        made = None
    if made is None:
        click.echo(f"There are accounts already. A new token for one: {typed('account rotate NAME')}")
        click.echo(f"The dashboard is {base_url}/dashboard. Who may sign in: {typed('person list')}")
        return
    click.echo("An account named demo was made. These are shown once:\n")
    show(made, wants_json=False)
    click.echo(f"\nTry it, in another terminal:\n\n{CURL.format(base_url=base_url, **made)}\n")
    if (password := _make_first_person(made["name"])) is not None:
        click.echo("The dashboard, with a password that is shown once:\n")
        show({"address": f"{base_url}/dashboard", "sign in as": made["name"], "password": password}, wants_json=False)
        click.echo()


def _make_first_person(account: str) -> str | None:
    """The account's first owner, who is also the operator; None where somebody of that name is there already."""
    password = people.generated_password()
    try:
        with db.write() as session:
            people.create(session, account, password, account=account, role="owner", operator=True, now=db.now(session))
    except PersonNameError:
        return None
    return password
