"""One connection to a mail relay, and what is said on it."""

import contextlib
import io
import smtplib
import socket
import ssl
from typing import Any, Final

from shortener.outbound.guard import Paced, Trip
from shortener.outbound.mail import Mail
from shortener.rules.delivery.server_address import ServerAddress

NO_TLS: Final = "the relay offers no TLS, and the password is not sent without it"
_PIECE: Final = 64 * 1024  # bytes that are sent between two checks of the deadline
_CLOSING: Final = 421


class AnsweredError(Exception):
    """The relay answered something else than what leads to the next step."""

    def __init__(self, status: int, words: bytes, is_about_mail: bool) -> None:
        super().__init__(status)
        self.status, self.words, self.is_about_mail = status, words, is_about_mail

    @property
    def is_refusal(self) -> bool:
        """Whether it is an answer to the last command, after which the connection can still be used."""
        return 400 <= self.status < 600 and self.status != _CLOSING


class Conversation(smtplib.SMTP):
    """A connection to the relay, which checks the deadline whenever it sends or reads."""

    def __init__(self, trip: Trip, address: ServerAddress, own_name: str, context: ssl.SSLContext) -> None:
        super().__init__(local_hostname=own_name)  # without it, smtplib would ask a name server
        self.trip, self._address, self._context = trip, address, context
        self._host = address.host  # what smtplib checks a certificate for
        self._paced: Paced | None = None

    def open(self) -> None:
        """Connect, greet, encrypt and sign in."""
        self._expect(2, self.connect(self._address.host, self._address.port))
        self.ehlo_or_helo_if_needed()
        if self._address.scheme == "smtp" and self.has_extn("starttls"):
            self._socket.settimeout(self.trip.left())
            self._expect(2, self.starttls(context=self._context))
            self.ehlo_or_helo_if_needed()
        if self._address.user:
            if not isinstance(self.sock, ssl.SSLSocket) and not self._address.is_loopback:
                raise smtplib.SMTPException(NO_TLS)
            self.login(self._address.user, self._address.password)

    def is_alive(self, trip: Trip) -> bool:
        """Whether the relay still answers; it forgets a mail that was broken off."""
        self.trip = trip
        if self._paced:
            self._paced.trip = trip
        try:
            return self.rset()[0] // 100 == 2
        except (OSError, ValueError, smtplib.SMTPException):
            return False

    def transfer(self, mail: Mail) -> tuple[int, bytes]:
        """Hand over a mail; return the answer to its end."""
        if mail.needs_utf8 and not self.has_extn("smtputf8"):
            raise AnsweredError(553, b"5.6.7 the relay takes only addresses in ASCII", True)
        self.command_encoding = "utf-8" if mail.needs_utf8 else "ascii"
        options, notify = self._options(mail)
        self._expect(2, self.docmd("MAIL", f"FROM:<{mail.sender}>{options}"), is_about_mail=True)
        self._expect(2, self.docmd("RCPT", f"TO:<{mail.recipient}>{notify}"), is_about_mail=True)
        self._expect(3, self.docmd("DATA"), is_about_mail=True)
        for piece in mail.pieces():
            self.send(piece)
        self.trip.is_sent = True
        self.send(b".\r\n")
        return self._expect(2, self.getreply(), is_about_mail=True)

    def end(self) -> None:
        """Close the connection, and do not wait for a farewell."""
        with contextlib.suppress(OSError):
            self._socket.settimeout(0)
            self._socket.sendall(b"QUIT\r\n")
        self.close()

    def send(self, s: Any) -> None:
        """Send in pieces, so that the deadline also holds for a relay that reads slowly."""
        data = s.encode(self.command_encoding) if isinstance(s, str) else s
        for start in range(0, len(data), _PIECE):
            self._socket.settimeout(self.trip.left())
            self._socket.sendall(data[start : start + _PIECE])

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer, up to the deadline and the limit."""
        if self.file is None:
            self._paced = Paced(self._socket.makefile("rb", buffering=0), self._socket, self.trip)
            self.file = io.BufferedReader(self._paced)
        try:
            return super().getreply()
        except smtplib.SMTPResponseException:  # a line that is too long, which is no answer with a status
            raise smtplib.SMTPServerDisconnected from None

    @property
    def _socket(self) -> socket.socket:
        if self.sock is None:  # smtplib closes it when an answer cannot be read
            raise smtplib.SMTPServerDisconnected
        return self.sock

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = self.trip.guard.open(host, port, self.trip)
        return self._context.wrap_socket(sock, server_hostname=host) if self._address.scheme == "smtps" else sock

    def _options(self, mail: Mail) -> tuple[str, str]:
        """The parameters of MAIL and RCPT, for what the relay offers."""
        offered = [
            ("size", f" SIZE={mail.size}"),
            ("dsn", f" RET=HDRS ENVID={mail.envelope_id}"),
            ("smtputf8", " SMTPUTF8" if mail.needs_utf8 else ""),
        ]
        notify = " NOTIFY=SUCCESS,FAILURE,DELAY" if self.has_extn("dsn") else ""
        return "".join(option for name, option in offered if self.has_extn(name)), notify

    def _expect(self, first: int, answer: tuple[int, bytes], *, is_about_mail: bool = False) -> tuple[int, bytes]:
        """The answer; AnsweredError if its status does not begin with this digit."""
        status, words = answer
        if status // 100 != first:
            raise AnsweredError(status, words, is_about_mail)
        return status, words
