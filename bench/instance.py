"""An instance of the product for one script: a temporary data folder, a free port, an account."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN = 30.0  # seconds
_held: list[socket.socket] = []
STOP_WITHIN = 45.0  # seconds; the server itself gives attempts in flight 30


@dataclass(frozen=True, slots=True)
class Instance:
    """The server's URL, and the credentials of its only account."""

    url: str
    sid: str
    token: str
    signing_secret: str


@contextmanager
def running(account: str, **settings: str) -> Iterator[Instance]:
    """Start the product with these settings (`callback_waits="1,1"`) and an account; stop it when the block ends.

    SIGTERM ends the block like an error does. Raises RuntimeError with the server's output if it does not start.
    """
    with sigterm_as_exit(), tempfile.TemporaryDirectory(prefix="shortener-") as folder:
        address = f"127.0.0.1:{free_port()}"
        environ = environ_of(**{"data": folder, "bind": address, **settings})
        made = with_account(environ, account)
        with serving(environ, Path(folder, "server.log"), address):
            yield Instance(f"http://{address}", made["sid"], made["token"], made["signing_secret"])


def with_account(environ: dict[str, str], name: str) -> dict[str, str]:
    """Create the tables and an account; return its `sid`, `token` and `signing_secret`."""
    command(environ, "db", "upgrade")
    made: dict[str, str] = json.loads(command(environ, "account", "create", name, "--json"))
    return made


def environ_of(**settings: object) -> dict[str, str]:
    """Return this process's environment, in which the product has these settings (`callback_waits="1,1"`) alone."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHORTENER_")}
    environ |= {"SHORTENER_ENV_FILE": os.devnull, "FLASK_SKIP_DOTENV": "1"}  # a developer may have a settings file
    return environ | {f"SHORTENER_{name.upper()}": str(value) for name, value in settings.items()}


def free_port() -> int:
    """Return a free loopback port that no other caller gets while this process runs.

    It stays bound in this process, without listening, so that a server can bind it as well.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    _held.append(probe)
    return int(probe.getsockname()[1])


@contextmanager
def sigterm_as_exit() -> Iterator[None]:
    """Let SIGTERM end the block like an exception, so that started processes are stopped too."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def command(environ: dict[str, str], *words: str) -> str:
    """Run one of the commands of the product, and return what it printed; RuntimeError if it fails."""
    arguments = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    done = subprocess.run(arguments, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stderr}")
    return done.stdout


@contextmanager
def serving(environ: Mapping[str, str], log: Path, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the server and wait until it is healthy; stop it when the block ends, unless it has ended by then."""
    with log.open("a") as output:
        # In its own session, so that Ctrl-C reaches only the script, which then stops the server cleanly.
        server = subprocess.Popen(
            [sys.executable, "-m", "shortener.serve"],
            cwd=ROOT,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(server, address, log)
            yield server
        finally:
            _stop(server)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Wait until the server's health check succeeds."""
    until = time.monotonic() + START_WITHIN
    while server.poll() is None and time.monotonic() < until:
        connection = http.client.HTTPConnection(address, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
