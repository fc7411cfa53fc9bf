"""Kannel: hand a text to its `sendsms` service.

The text goes as the body, in UTF-8, and everything else in headers: so Japanese arrives as it was written, and neither
password nor number is in Kannel's access log.
"""

from dataclasses import replace
from typing import Final

from shortener.outbound.client import Answer, Client
from shortener.rules import sms_parts
from shortener.rules.delivery import gateway_choice
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.receiver import Policy
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending import answers
from shortener.sending.gateway import HandOver, Outgoing, Refused, Taken

TIMEOUT: Final = 15.0  # seconds; smsbox answers in milliseconds, or has a problem
PATH: Final = "/cgi-bin/sendsms"  # where an address has none
RECEIPT_FIELDS: Final = "type=%d&answer=%A&ref=%F&at=%T"  # Kannel puts its values in
_ALL_RECEIPTS: Final = 31  # delivered, failed, buffered, taken and refused by the carrier
_TAKEN: Final = 202
_WHO: Final = "Kannel"
_NO_CREDENTIALS: Final = "Authorization failed"  # with status 403
_DENIED: Final = "denied by white- and/or black-lists"


class Kannel:
    """The gateway."""

    name = GatewayName.KANNEL

    def __init__(self, address: ServerAddress, smsc: str | None = None, *, timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self._url = address.url if address.path.strip("/") else address.url.rstrip("/") + PATH
        own = {"Username": address.user, "Password": address.password, "SMSC": smsc}
        self._own = {f"X-Kannel-{name}": value for name, value in own.items() if value}
        # The operator chose this server, so it may be at any address.
        self._client = Client(Policy(allow_hosts=(address.host,)), timeout=timeout)

    def hand_over(self, outgoing: Outgoing) -> HandOver:
        """Hand over the text of a message once."""
        if fault := _fault(outgoing):
            return Refused(sentence=fault, reason=Reason.BAD_MESSAGE)
        text = outgoing.text or ""
        answer = self._client.request("POST", self._url, self._own | headers(outgoing), text.encode())
        return judge(answer, outgoing.recipient)

    def close_idle(self, longest: float) -> None:
        """Do nothing: no connection is kept."""


def headers(outgoing: Outgoing) -> dict[str, str]:
    """What Kannel must know beside the text."""
    has_other_letters = sms_parts.count(outgoing.text or "").encoding != "GSM-7"
    return {
        "Content-Type": "text/plain; charset=UTF-8",
        "X-Kannel-From": outgoing.sender,
        "X-Kannel-To": outgoing.recipient,
        "X-Kannel-Coding": "2" if has_other_letters else "0",
        "X-Kannel-Validity": str(max(round(outgoing.seconds_left / 60), 1)),  # minutes
        "X-Kannel-DLR-Mask": str(_ALL_RECEIPTS),
        "X-Kannel-DLR-Url": f"{outgoing.receipt_url}?{RECEIPT_FIELDS}",
    }


def judge(answer: Answer, recipient: str = "") -> HandOver:
    """What an answer of Kannel means. Only 202 means that it took the message."""
    words = answers.words(answers.hidden(answer.body, recipient))
    if answer.status == _TAKEN:
        return Taken(**answers.seen(answer, _WHO, recipient))
    our_fault = answers.OUR_FAULT | {403} if words.startswith(_NO_CREDENTIALS) else answers.OUR_FAULT
    found = answers.by_status(answer, _WHO, recipient, our_fault)
    if isinstance(found, Refused) and _DENIED in words:
        return replace(found, reason=Reason.PROVIDER_BLOCK)
    return found


def _fault(outgoing: Outgoing) -> str | None:
    """Why Kannel cannot be given this message; nothing of it may end a header."""
    if not outgoing.text:
        return "the message has no text"
    if fault := gateway_choice.sender_fault(outgoing.sender, Channel.SMS):
        return f"the sender {fault}"
    try:
        is_dialled = gateway_choice.dialled(outgoing.recipient, Channel.SMS) == outgoing.recipient
    except ValueError:
        is_dialled = False
    return None if is_dialled else "the recipient is not a phone number"
