"""What runs beside the web processes, and what runs before their first start."""

import signal
import threading

import click
from sqlalchemy import select

from shortener import db, migrations
from shortener.cli import accounts
from shortener.cli.base import Refusals, show
from shortener.errors import AccountNameError
from shortener.models import Account
from shortener.services import services

CURL = """curl -u {sid}:{token} \\
  {base_url}/v1/messages \\
  -d 'message=Your parcel is on its way: https://example.com/track?id=1 - thank you'"""


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
    for number in (signal.SIGTERM, signal.SIGINT):
        # From a thread of its own: the handler itself would wait for a lock that the loop it interrupts may hold.
        signal.signal(number, lambda *_: threading.Thread(target=deliverer.request_stop).start())
    click.echo("delivering callbacks; Ctrl-C ends it")
    services().pruner.start()
    deliverer.run()


@click.command("first-start", cls=Refusals)
def first_start() -> None:
    """Make the tables and the account `demo`.

    \b
    The account only where there is none yet; prints a line to try.
    Example: flask --app wsgi first-start
    """
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
        click.echo("There are accounts already. A new token for one: flask --app wsgi account rotate NAME")
        return
    click.echo("An account named demo was made. These are shown once:\n")
    show(made, wants_json=False)
    click.echo(f"\nTry it, in another terminal:\n\n{CURL.format(base_url=base_url, **made)}\n")
