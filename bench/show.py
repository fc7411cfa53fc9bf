"""Leave the dashboard open with a week of sample data. Run it with `make demo KEEP=1`; Ctrl-C ends it.

The data is in a temporary folder, which is deleted at the end. Nothing is sent: no process delivers callbacks.
"""

import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import demo_data  # the checkout is on the path from here on
from bench.instance import environ_of, free_port, serving, sigterm_as_exit
from shortener import create_app
from shortener.accounts import passwords, people
from shortener.config.settings import Settings
from shortener.rules.role import Role
from shortener.storage import db, migrations

PERSON, ACCOUNT = "demo", "parcels"
DAYS, A_DAY = 7, 60


def fill(settings: Settings, now: dt.datetime) -> str:
    """Create tables, data and a person; return the person's password."""
    password = passwords.generated()
    with create_app(settings).app_context():
        migrations.upgrade(db.db.engine)
        with db.write() as session:
            demo_data.opened(session, ACCOUNT, now - DAYS * demo_data.DAY).live(DAYS, A_DAY, now)
            people.create(session, PERSON, password, account=ACCOUNT, role=Role.OWNER, operator=True, now=now)
        db.db.engine.dispose()
    return password


def show(folder: Path) -> None:
    """Fill an instance in that folder, start it, print how to sign in, and wait until it ends."""
    began, address = time.monotonic(), f"127.0.0.1:{free_port()}"
    values = {"data": str(folder), "bind": address, "worker": "off", "processes": "1", "secret_key": "k" * 40}
    password = fill(Settings(**values), dt.datetime.now(dt.UTC))  # type: ignore[arg-type]
    with serving(environ_of(**values), folder / "server.log", address) as server:
        print(f"Ready after {time.monotonic() - began:.0f} s. The data is in {folder}, and nothing is sent.\n")
        print(f"Open http://{address}/dashboard in a browser.\n  name:     {PERSON}\n  password: {password}")
        print("Ctrl-C stops everything and deletes the data.", flush=True)
        server.wait()


def main() -> int:
    """Show the sample data until Ctrl-C or SIGTERM; return the exit code."""
    print(f"Making {DAYS} days of sample data, and starting an instance of the product ...", flush=True)
    try:
        with sigterm_as_exit(), tempfile.TemporaryDirectory(prefix="shortener-demo-") as folder:
            show(Path(folder))
    except KeyboardInterrupt:
        print("\nEverything that was started has stopped, and the data is deleted.")
        return 0
    except RuntimeError as error:
        print(f"This did not work: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
