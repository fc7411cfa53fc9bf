"""Mail servers on loopback: one that keeps what it gets, and scripts for one that misbehaves."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bench.instance import free_port
from tests.support.servers import Behaviour, Call, Receiver, receiving

USER, PASSWORD = b"shop", b"hunter2"
# What a server says to each command, if a script says nothing else.
USUAL = {
    "": b"220 relay.test ESMTP\r\n",
    "EHLO": b"250-relay.test\r\n250 DSN\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 go ahead\r\n",
    ".": b"250 2.0.0 Ok: queued as 4F3B2A1\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
}
Said = bytes | Callable[[Call], None] | None


@dataclass
class Kept:
    """One mail as it was received."""

    sender: str
    mail_options: list[str]
    recipients: list[str]
    rcpt_options: list[str]
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        """The mail, parsed."""
        return cast(EmailMessage, message_from_bytes(self.content, policy=policy.default))


@dataclass
class Mailbox:
    """What a server got; it refuses the recipients that it is told to, with these answers."""

    port: int
    kept: list[Kept] = field(default_factory=list)
    refused: Mapping[str, str] = field(default_factory=dict)
    connections: int = 0
    signed_in: bool = False
    servers: list[SMTP] = field(default_factory=list, repr=False)

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet."""
        self.connections += not session.host_name
        self.servers.append(server)
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail."""
        self.signed_in = session.authenticated
        kept = Kept(
            envelope.mail_from or "",
            list(envelope.mail_options),
            list(envelope.rcpt_tos),
            list(envelope.rcpt_options),
            envelope.content if isinstance(envelope.content, bytes) else b"",
        )
        self.kept.append(kept)
        return "250 2.0.0 Ok: queued as 4F3B2A1"

    async def hang_up(self) -> None:
        """Close the connections, which the library leaves open when it stops."""
        for server in self.servers:
            if server.transport is not None:
                server.transport.abort()
        for _ in range(3):  # the loop closes them in its next turns
            await asyncio.sleep(0)

    def url(self, credentials: str = "", scheme: str = "smtp", host: str = "127.0.0.1") -> str:
        """The address for `SHORTENER_SMTP_URL`."""
        return f"{scheme}://{credentials}{host}:{self.port}"


def _authenticator(server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=right, handled=False)


@contextlib.contextmanager
def mailbox(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    refused: Mapping[str, str] = {},
    **given: Any,
) -> Iterator[Mailbox]:
    """Run a mail server that offers sign-in, and STARTTLS if it has a certificate for it."""
    kept = Mailbox(free_port(), refused=refused)
    controller = Controller(
        kept,
        hostname="127.0.0.1",
        port=kept.port,
        ssl_context=tls,
        tls_context=starttls,
        authenticator=_authenticator,
        auth_require_tls=starttls is not None,
        enable_SMTPUTF8=True,
        **given,
    )
    controller.start()
    try:
        yield kept
    finally:
        asyncio.run_coroutine_threadsafe(kept.hang_up(), controller.loop).result()
        controller.stop()


def scripted(**said: Said) -> Behaviour:
    """A server that says this to each command instead of the usual; None closes the connection.

    `hello` is the greeting, `end` the answer to the end of the content.
    """
    named = {"hello": "", "end": "."}
    script: dict[str, Said] = {**USUAL, **{named.get(name, name): words for name, words in said.items()}}

    def behave(call: Call) -> None:
        _say(call, script[""])
        lines = call.connection.makefile("rb")
        is_content = False
        for line in lines:
            if is_content and line != b".\r\n":
                continue
            command = "." if is_content else line[:4].decode("ascii", "replace").strip().upper()
            is_content = command == "DATA" and script["DATA"] == USUAL["DATA"]
            words = script.get(command, b"502 5.5.1 what?\r\n")
            if words is None:
                return
            _say(call, words)

    return behave


@contextlib.contextmanager
def relay(**said: Said) -> Iterator[Receiver]:
    """Run such a server."""
    with receiving(scripted(**said), reads=False) as server:
        yield server


def _say(call: Call, words: Said) -> None:
    if isinstance(words, bytes):
        call.say(words)
    elif words is not None:
        words(call)
