"""The mail that brings somebody a link to choose a password."""

import secrets
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from typing import Final
from urllib.parse import urlsplit

from shortener.config.settings import Settings
from shortener.errors import LinkMailError
from shortener.outbound.mail import Mail
from shortener.outbound.smtp import Relay
from shortener.rules.delivery import server_address
from shortener.rules.mail.address import MailAddress

PATIENCE: Final = 10.0  # seconds; somebody waits for the page
SUBJECT: Final = "Choose your password / パスワードを設定してください"
# Both languages, because nobody knows yet which one the person reads.
TEXT: Final = """\
With this link you choose a password for {name} at {site}:

{url}

It works once, and for 72 hours. If you did not expect this mail, ignore it.

--

次のリンクから、{site} の {name} さんのパスワードを設定してください。

{url}

このリンクは72時間以内に一度だけ使えます。お心当たりのない場合は、このメールを無視してください。
"""


def address(name: str) -> MailAddress | None:
    """Return the address that a person's name is, None if it is none."""
    try:
        found = MailAddress.parse(name)
    except ValueError:
        return None
    return found if "." in found.domain and name.isascii() else None


def check(name: str, settings: Settings) -> None:
    """LinkMailError if no mail can be sent to the person with this name."""
    if settings.smtp_url is None:
        raise LinkMailError("No mail can be sent: SHORTENER_SMTP_URL is not set.")
    if address(name) is None:
        raise LinkMailError(f"No mail can be sent: the name {name} is not an e-mail address.")


def send(name: str, url: str, settings: Settings) -> None:
    """Hand the mail to the relay; LinkMailError if the relay does not take it. Takes at most ten seconds."""
    check(name, settings)
    host = urlsplit(settings.base_url).hostname or "localhost"
    relay = Relay(server_address.parse(settings.smtp_url or "", server_address.SMTP_PORTS), host, timeout=PATIENCE)
    try:
        reply = relay.hand_over(_written(name, url, host, settings))
    finally:
        relay.close_idle()
    if not reply.is_sent or not 200 <= (reply.status or 0) < 300:
        raise LinkMailError(f"The link was not mailed: {reply.detail}.")


def _written(name: str, url: str, host: str, settings: Settings) -> Mail:
    sender = MailAddress.parse_sender(settings.mail_sender or f"shortener@{host}")
    mail, number = EmailMessage(policy.SMTP.clone(cte_type="7bit")), secrets.token_hex(16)
    mail["From"], mail["To"], mail["Subject"] = settings.mail_sender or str(sender), name, SUBJECT
    mail["Date"], mail["Message-ID"], mail["Auto-Submitted"] = formatdate(), f"<{number}@{host}>", "auto-generated"
    mail.set_content(TEXT.format(name=name, site=settings.base_url, url=url))
    return Mail(str(sender), name, [mail.as_bytes()], number)
