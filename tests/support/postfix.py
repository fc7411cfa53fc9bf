"""A real Postfix on loopback, with a configuration and a queue of its own. It can be run only by root."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.instance import free_port
from tests.support import programs
from tests.support.waiting import until

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail
maillog_file_prefixes = {folder}/log
myhostname = relay.test
mydestination = acme.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtp_dns_support_level = disabled
local_recipient_maps =
alias_maps = texthash:{folder}/aliases
alias_database =
recipient_delimiter = +
default_privs = nobody
transport_maps = inline:{{ {transports} }}
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
delay_warning_time = {delayed}
maximal_queue_lifetime = {lifetime}
bounce_queue_lifetime = {lifetime}
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 1 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """A running Postfix."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The address for `SHORTENER_SMTP_URL`."""
        return f"smtp://127.0.0.1:{self.port}"

    def bounces(self) -> list[bytes]:
        """The mails that came for `bounces+…@acme.example`, if they go to no command of a test."""
        return [path.read_bytes() for path in sorted((self.folder / "bounces").glob("*.eml"))]

    def pipe_bounces_to(self, command: str) -> None:
        """Let mail to `bounces+…@acme.example` go to a shell command, as docs/operate/gateways.md says."""
        (self.folder / "aliases").write_text(f'bounces "|{command}"\n')

    def log(self) -> str:
        """What it logged."""
        path = self.folder / "log" / "mail"
        return path.read_text("utf-8", "replace") if path.exists() else ""


@contextlib.contextmanager
def running(transports: dict[str, str], *, delayed: str = "0h", lifetime: str = "1d") -> Iterator[Postfix]:
    """Run Postfix. `transports` says where mail for a domain goes; mail to `bounces+…@acme.example` is
    kept. `delayed` and `lifetime` are the times until Postfix says that
    mail is delayed, and until it gives up.
    """
    program = programs.POSTFIX.path()
    if os.geteuid() != 0:
        pytest.skip("Postfix can be run only by root")
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))  # others must be able to read it
    folder.chmod(0o755)
    made = Postfix(folder, free_port())
    _configure(made, transports, delayed, lifetime)
    with (folder / "start").open("wb") as log:
        process = subprocess.Popen(
            [program, "-c", str(folder), "start-fg"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        until(lambda: "daemon started" in made.log() or process.poll() is not None)
        assert process.poll() is None, (folder / "start").read_text() + made.log()
        yield made
    finally:
        subprocess.run([program, "-c", str(folder), "stop"], capture_output=True, check=False, timeout=60)
        process.wait(20)
        shutil.rmtree(folder)


def _configure(made: Postfix, transports: dict[str, str], delayed: str, lifetime: str) -> None:
    folder = made.folder
    for name in ("queue", "data", "log"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    table = ", ".join(f"{{ {domain} = {transport} }}" for domain, transport in transports.items())
    values = {"folder": folder, "transports": table, "delayed": delayed, "lifetime": lifetime}
    (folder / "main.cf").write_text(MAIN.format(**values))
    (folder / "master.cf").write_text(MASTER.format(port=made.port))
    (folder / "bounces").mkdir()
    (folder / "bounces").chmod(0o777)  # the command runs as somebody else
    keep = f"cat > {folder}/bounces/$$.part && mv {folder}/bounces/$$.part {folder}/bounces/$$.eml"
    made.pipe_bounces_to(keep)
