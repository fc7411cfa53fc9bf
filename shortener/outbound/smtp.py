"""The SMTP client for the operator's own mail relay: one deadline for a whole hand-over, and bounded answers.

The relay may be at any address, because the operator chose it. A connection is kept for the next mail.
"""

import logging
import smtplib
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from shortener.outbound.guard import Guard, Resolve, StopError, Trip
from shortener.outbound.mail import Mail
from shortener.outbound.smtp_conversation import NO_TLS, AnsweredError, Conversation
from shortener.rules.delivery.receiver import Policy
from shortener.rules.delivery.server_address import ServerAddress

TIMEOUT: Final = 60.0  # seconds; relays look into attachments before they answer
IDLE: Final = 20.0  # seconds for which a connection is kept
_KEEP: Final = 2048  # bytes of an answer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """How a hand-over ended. `status` is that of the last answer, None if it is missing or no SMTP."""

    status: int | None
    detail: str  # one sentence
    words: bytes = b""  # of the relay, at most 2 KB
    is_about_mail: bool = False  # whether it answers MAIL, RCPT or DATA, or the content
    is_sent: bool = False  # whether the end of the content may have been written
    total_us: int | None = None


class Relay:
    """Hands mails to one relay; any number of threads may use it at once, each with a connection of its own."""

    def __init__(
        self,
        address: ServerAddress,
        own_name: str,
        *,
        timeout: float = TIMEOUT,
        longest_idle: float = IDLE,
        ca_bundle: str | None = None,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        self._address, self._own_name, self._timeout = address, own_name, timeout
        self._longest_idle = longest_idle
        self._guard = Guard(Policy(allow_hosts=(address.host,)), resolve)
        is_verified = not address.is_loopback and (address.scheme == "smtps" or bool(address.user))
        self._context = _trust(ca_bundle, is_verified)
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Conversation]] = []  # with the time when each was last used

    def hand_over(self, mail: Mail, begun: float | None = None) -> Reply:
        """Hand over a mail once. Raises nothing, whatever the relay does.

        The time runs since `begun` (of `time.monotonic`), because the writing of the mail is part of it; or since now.
        """
        trip = Trip(self._guard, self._timeout, begun=begun)
        try:
            conversation = self._kept(trip) or self._opened(trip)
        except Exception as error:  # several libraries have parsed the other side's bytes
            return _ended(trip, error)
        try:
            status, words = conversation.transfer(mail)
        except Exception as error:
            if isinstance(error, AnsweredError) and error.is_refusal:
                self._keep(conversation)  # it is asked to forget this mail before the next one
            else:
                conversation.end()
            return _ended(trip, error)
        self._keep(conversation)
        return _reply(trip, status, words, is_about_mail=True)

    def close_idle(self, longest: float = 0.0) -> None:
        """End the connections that nobody has used for so many seconds."""
        now = time.monotonic()
        with self._lock:
            old = [each for used, each in self._idle if now - used >= longest]
            self._idle = [(used, each) for used, each in self._idle if now - used < longest]
        for each in old:
            each.end()

    def _kept(self, trip: Trip) -> Conversation | None:
        """A connection that is still alive, or None."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                used, conversation = self._idle.pop()
            if time.monotonic() - used < self._longest_idle and conversation.is_alive(trip):
                return conversation
            conversation.end()

    def _keep(self, conversation: Conversation) -> None:
        """Keep a connection for the next mail, and end those that have waited too long for one."""
        with self._lock:
            self._idle.append((time.monotonic(), conversation))
        self.close_idle(self._longest_idle)

    def _opened(self, trip: Trip) -> Conversation:
        """A new connection: greeted, encrypted if possible, and signed in if there is a user."""
        conversation = Conversation(trip, self._address, self._own_name, self._context)
        try:
            conversation.open()
        except BaseException:
            conversation.end()
            raise
        return conversation


@lru_cache(maxsize=4)
def _trust(ca_bundle: str | None, is_verified: bool) -> ssl.SSLContext:
    """Certificates of the system and of Mozilla, or those of the file.

    Without a password there is nothing to steal but what a relay sends on unencrypted anyway, and STARTTLS could be
    taken out by whoever can forge a certificate: so encryption is then taken as it comes (RFC 7435).
    """
    context = ssl.create_default_context(cafile=ca_bundle)
    if not ca_bundle:
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if not is_verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _ended(trip: Trip, error: Exception) -> Reply:
    """The reply of a hand-over that did not come to its end."""
    if isinstance(error, AnsweredError):
        return _reply(trip, error.status, error.words, error.is_about_mail)
    if isinstance(error, smtplib.SMTPResponseException):  # of `login` and `starttls`
        words = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        return _reply(trip, error.smtp_code, words, is_about_mail=False)
    log.info("a hand-over to the relay broke off: %s", type(error).__name__)  # its text may have recipients
    return Reply(None, _sentence(trip, error), is_sent=trip.is_sent, total_us=_elapsed(trip))


def _reply(trip: Trip, status: int, words: bytes, is_about_mail: bool) -> Reply:
    known = status if 200 <= status < 600 else None
    sentence = f"the relay answered {known}" if known else "the relay's answer was no SMTP"
    return Reply(known, sentence, words[:_KEEP], is_about_mail, trip.is_sent, _elapsed(trip))


def _sentence(trip: Trip, error: Exception) -> str:
    if isinstance(error, StopError):
        return str(error)
    if trip.is_late():
        return f"no answer of the relay within {trip.timeout:g} seconds"
    if isinstance(error, ssl.SSLError):
        fault = getattr(error, "verify_message", None) or error.reason or "closed by the relay"
        return f"no trusted TLS connection ({str(fault).replace('_', ' ').lower()})"
    if str(error) == NO_TLS:
        return NO_TLS
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the relay offers no way to sign in"
    return "the relay broke the connection off"


def _elapsed(trip: Trip) -> int:
    trip.mark("total_us")
    return trip.marks["total_us"]
