"""Alerts as mails to the operator's relay."""

from email import policy
from email.message import MIMEPart
from email.utils import formatdate
from typing import Final
from urllib.parse import urlsplit

from shortener.config.settings import Settings
from shortener.delivery.job import Claimed, Result
from shortener.outbound.mail import Mail
from shortener.outbound.smtp import Relay, Reply
from shortener.rules.delivery import server_address
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.server_address import SMTP_PORTS
from shortener.rules.mail import header_text

TIMEOUT: Final = 30.0  # seconds
_ASCII: Final = policy.SMTP.clone(cte_type="7bit")
NO_RELAY: Final = Result(AttemptOutcome.REFUSED, "no mail relay is configured any more")


class Mailer:
    """Hands alerts over to the relay."""

    def __init__(self, settings: Settings) -> None:
        self._host = urlsplit(settings.base_url).hostname or "localhost"
        self._sender = settings.alert_sender(settings.base_url)
        self._relay = _relay(settings, self._host)

    def attempt(self, claimed: Claimed) -> Result:
        """Hand over a mail once. It is tried again unless the relay took it: twice is better than never."""
        if self._relay is None:
            return NO_RELAY
        reply = self._relay.hand_over(self._written(claimed))
        self._relay.close_idle()  # mails are few
        return judge(reply)

    def _written(self, claimed: Claimed) -> Mail:
        alert = claimed.loaded
        lines = (
            f"From: {self._sender}",
            f"To: {alert.mail_to}",
            f"Subject: {header_text.unstructured(alert.title)}",
            f"Date: {formatdate()}",
            f"Message-ID: <{alert.event_id}@{self._host}>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        )
        part = MIMEPart(_ASCII)
        part.set_content(alert.body.decode())
        head = "".join(f"{line}\r\n" for line in lines).encode()
        envelope_id = alert.event_id.replace("_", "")
        return Mail(self._sender, alert.mail_to, [head + part.as_bytes()], envelope_id, not head.isascii())


def judge(reply: Reply) -> Result:
    """Say how a hand-over ended. The relay's own words are left out, because they may name the recipient."""
    is_taken = reply.is_sent and reply.status is not None and 200 <= reply.status < 300
    failed = AttemptOutcome.ANSWERED if reply.status else AttemptOutcome.BROKEN
    outcome = AttemptOutcome.DELIVERED if is_taken else failed
    return Result(outcome, reply.detail, summary=reply.detail, columns={"status": reply.status})


def _relay(settings: Settings, own_host: str) -> Relay | None:
    if settings.alert_relay is None:
        return None
    return Relay(server_address.parse(settings.alert_relay, SMTP_PORTS), own_host, timeout=TIMEOUT)
