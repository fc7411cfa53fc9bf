"""A process that only delivers callbacks, hands messages to gateways, and deletes old messages."""

import click

from shortener.cli.commands import Command
from shortener.running import signals
from shortener.running.services import services


@click.command(cls=Command)
def worker() -> None:
    """Deliver callbacks and messages until SIGTERM or Ctrl-C.

    \b
    Also deletes old messages. Any number of workers may run at once. Needed
    only with SHORTENER_WORKER=off.
    Example: shortener worker
    """
    services().prepare()
    background = services().background
    pipe = signals.SignalPipe()
    pipe.listen(*signals.SIGNALS)
    shutdown = signals.Shutdown(background.request_stop, lambda: background.stop(grace=0), background.waits_for)
    signals.follow(pipe, shutdown)
    click.echo("delivering callbacks; stop with Ctrl-C")
    background.start()
    background.wait()
