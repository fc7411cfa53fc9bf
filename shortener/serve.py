"""Start the server: `shortener serve`, or `python -m shortener.serve`. Installations depend on the second, too."""

import click

from shortener.config.settings_file import path_of
from shortener.running.serve import main
from shortener.vendors import gateways

HELP = f"""Start the server.

Runs the product until SIGTERM or Ctrl-C. Takes no options: the settings are SHORTENER_* in the environment and in
{path_of()}; see docs/operate/settings.md.

\b
Does not create or upgrade the tables; `shortener first-start` does.
Example: shortener serve"""


@click.command("serve", help=HELP)
def serve() -> None:
    """Become the server that `SHORTENER_SERVER` names."""
    main(gateways())


if __name__ == "__main__":
    serve(prog_name="python -m shortener.serve")
