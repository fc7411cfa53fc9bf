"""A real Kannel on loopback, and behind it the phones: Debian's fake SMSC, or a carrier that a test plays."""

import contextlib
import re
import subprocess
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.instance import free_port
from tests.support import programs
from tests.support.waiting import until

CORE = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal
sms-resend-freq = 2

{carrier}
group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = 13013
http-request-retry = 10
http-queue-delay = 1

group = sendsms-user
username = tester
password = foobar
max-messages = 255
concatenation = true
{limits}
group = sms-service
keyword = default
catch-all = true
text = "none"
max-messages = 0
"""
FAKE = """\
group = smsc
smsc = fake
smsc-id = fake
port = {port}
connect-allow-ip = 127.0.0.1
"""
OVER_HTTP = """\
group = smsc
smsc = http
smsc-id = carrier
system-type = generic
send-url = "{url}?to=%p&from=%P&text=%b&id=%I&cs=%C&coding=%c"
status-success-regex = "^ok"
status-permfail-regex = "^no"
status-tempfail-regex = "^later"
generic-foreign-id-regex = "id=([0-9a-zA-Z-]+)"
port = {port}
smsc-username = carrier
smsc-password = secret
"""
GOT = re.compile(rb"Got message \d+: <(.*)>\n")


@dataclass
class Kannel:
    """The ports of a Kannel, and the processes that it consists of."""

    folder: Path
    sendsms: int
    receipts: int  # where a carrier over HTTP leaves its receipts
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def url(self, user: str = "tester", password: str = "foobar") -> str:
        """The address for `SHORTENER_KANNEL_URL`."""
        return f"http://{user}:{password}@127.0.0.1:{self.sendsms}/cgi-bin/sendsms"

    def phones(self) -> list[tuple[str, str, str]]:
        """Sender, recipient and text of each part that arrived at the fake SMSC, which ends GSM texts at a line end."""
        return [_part(words) for words in GOT.findall((self.folder / "fakesmsc.log").read_bytes())]

    def log(self) -> str:
        """What all processes wrote."""
        return "\n".join(path.read_text("utf-8", "replace") for path in sorted(self.folder.glob("*.log")))

    def start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        """Start a process that writes into a log of its own."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self.processes.append(process)
        return process

    def boxes(self) -> None:
        """Start bearerbox and smsbox, and wait until they take messages."""
        bearerbox = self.start("bearerbox", programs.KANNEL.path(), "-v", "1", "kannel.conf")
        until(lambda: b"MAIN: Start-up done" in self._log("bearerbox") or bearerbox.poll() is not None)
        smsbox = self.start("smsbox", str(Path(programs.KANNEL.path()).with_name("smsbox")), "-v", "1", "kannel.conf")
        until(lambda: b"Connected to bearerbox" in self._log("smsbox") or smsbox.poll() is not None)
        assert bearerbox.poll() is None and smsbox.poll() is None, self.log()

    def stop(self) -> None:
        """Stop all processes, the last first; those that do not end in time are killed."""
        while self.processes:
            process = self.processes.pop()
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()

    def _log(self, name: str) -> bytes:
        return (self.folder / f"{name}.log").read_bytes()


@contextlib.contextmanager
def running(folder: Path, *, carrier: str | None = None, limits: str = "") -> Iterator[Kannel]:
    """Run Kannel in this folder, with the fake SMSC, or with a carrier at this URL; `limits` is for its user."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Kannel(folder, free_port(), free_port())
    fake = programs.FAKE_SMSC.path()
    smsc = OVER_HTTP.format(url=carrier, port=made.receipts) if carrier else FAKE.format(port=made.receipts)
    configuration = CORE.format(
        admin=free_port(), box=free_port(), sendsms=made.sendsms, carrier=smsc, limits=f"{limits}\n"
    )
    (folder / "kannel.conf").write_text(configuration)
    try:
        made.boxes()
        if not carrier:
            made.start("fakesmsc", fake, "-H", "127.0.0.1", "-r", str(made.receipts), "-m", "0", "1 2 text nop")
            until(lambda: "Fakesmsc client connected" in made.log())
        yield made
    finally:
        made.stop()


def _part(words: bytes) -> tuple[str, str, str]:
    """One message as the fake SMSC prints it: `from to text …`, `from to ucs-2 %XX…` or `from to udh … data %XX…`."""
    sender, recipient, coding, rest = words.split(b" ", 3)
    if coding == b"text":
        return sender.decode(), recipient.decode(), rest.decode()
    data = urllib.parse.unquote_to_bytes(rest.rpartition(b" ")[2].replace(b"+", b" "))
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        text = data.decode("utf-16-be")
    return sender.decode(), recipient.decode(), text if "\0" not in text else data.decode("utf-16-be")
