"""The operator's mail relay as a gateway."""

import logging
import re
from typing import Any, Final

from shortener.outbound.smtp import TIMEOUT, Relay, Reply
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending import answers
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken, Unsure
from shortener.sending.large import FewLarge
from shortener.sending.mail import content
from shortener.sending.mail.reasons import reason_of

_ENHANCED: Final = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_QUEUED: Final = re.compile(rb"\bqueued as ([!-~]{1,64})")
_SIGN_IN: Final = 530  # the relay demands credentials: our configuration is wrong, not the mail

log = logging.getLogger(__name__)


class Smtp:
    """The gateway. `sent_is` is the state of a mail that the relay has taken: SENT, or DELIVERED."""

    name = GatewayName.SMTP

    def __init__(
        self, address: ServerAddress, own_host: str, sent_is: MessageState, *, timeout: float = TIMEOUT, **given: Any
    ) -> None:
        self.timeout = timeout
        self.relay = Relay(address, own_host, timeout=timeout, **given)
        self._large = FewLarge()
        self._own_host, self._is_delivered = own_host, sent_is is MessageState.DELIVERED

    def hand_over(self, outgoing: Outgoing) -> HandOver:
        """Hand over a message as a mail, once. A large one first waits until only a few others are in memory."""
        return self._large.hand_over(outgoing, self.timeout, self._hand_over)

    def close_idle(self, longest: float) -> None:
        """Close the connections to the relay that nobody has used for so many seconds."""
        self.relay.close_idle(longest)

    def _hand_over(self, outgoing: Outgoing, begun: float) -> HandOver:
        try:
            mail = content.written(outgoing, self._own_host)
        except ValueError as fault:
            return Refused(sentence=str(fault), reason=Reason.BAD_MESSAGE)
        except Exception:  # attachments are read only now, and the database may be away
            log.exception("the mail of message %s cannot be written", outgoing.msgid)
            return NotNow(sentence="the message could not be read just now")
        return judge(self.relay.hand_over(mail, begun), recipient=outgoing.recipient, is_delivered=self._is_delivered)


def judge(reply: Reply, *, recipient: str = "", is_delivered: bool = False) -> HandOver:
    """What the end of a hand-over means. Only 250 after the content means that the relay took the mail."""
    answer = answers.hidden(reply.words, recipient)
    seen: dict[str, Any] = {"status": reply.status, "answer": answer or None, "total_us": reply.total_us}
    sentence = f"{reply.detail}: {words}" if (words := answers.words(answer)) else reply.detail
    status = reply.status or 0
    if reply.is_sent and 200 <= status < 300:
        queued = _QUEUED.search(reply.words)
        reference = queued[1].decode() if queued else ""
        return Taken(sentence=sentence, reference=reference, is_delivered=is_delivered, **seen)
    if reply.is_sent and not 400 <= status < 600:
        return Unsure(sentence=sentence, **seen)
    if not 500 <= status < 600 or not reply.is_about_mail or status == _SIGN_IN:
        return NotNow(sentence=sentence, **seen)
    enhanced = _ENHANCED.match(reply.words)
    code = enhanced[1].decode() if enhanced else str(status)
    return Refused(sentence=sentence, code=code, reason=reason_of(code), **seen)
