"""A gateway that sends nothing: the end of the recipient chooses what becomes of the message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken

_AWAY: Final = 2  # attempts for which `away` is not reachable


@dataclass(frozen=True, slots=True)
class Ending:
    """A receipt that the simulator gives; the codes are those of `reason.CODES`."""

    state: MessageState
    code: str = "0"
    reason: Reason = Reason.NONE


_DELIVERED, _ACCEPTED = Ending(MessageState.DELIVERED), Ending(MessageState.ACCEPTED)
_ENDINGS: Final[Mapping[str, tuple[Ending, ...]]] = {
    MessageState.EXPIRED: (Ending(MessageState.EXPIRED, "1", Reason.UNKNOWN),),
    MessageState.FAILED: (Ending(MessageState.FAILED, "3", Reason.ABSENT_PERMANENT),),
    MessageState.REJECTED: (Ending(MessageState.REJECTED, "6", Reason.SPAM),),
    MessageState.BUFFERED: (Ending(MessageState.BUFFERED),),
    MessageState.ACCEPTED: (_ACCEPTED,),
    MessageState.UNKNOWN: (Ending(MessageState.UNKNOWN, "1", Reason.UNKNOWN),),
    "refused": (),
    "silent": (),
    "away": (_DELIVERED,),
    "twice": (_DELIVERED, _DELIVERED, _ACCEPTED),
}
_NUMBERS: Final = {f"{9901 + place}": word for place, word in enumerate(_ENDINGS)}


def word(recipient: str) -> str:
    """The word that the last four digits of a number, or the part behind `+` of an address, stand for; or nothing."""
    local, is_address, _ = recipient.rpartition("@")
    if is_address:
        found = local.rpartition("+")[2].lower() if "+" in local else ""
        return found if found in _ENDINGS else ""
    return _NUMBERS.get(re.sub("[^0-9]", "", recipient)[-4:], "")


def endings(recipient: str) -> tuple[Ending, ...]:
    """The receipts that this recipient's messages get, in their order."""
    return _ENDINGS.get(word(recipient), (_ACCEPTED, _DELIVERED))


class Simulator:
    """The gateway; its receipts are given by a sweep over its open sendings."""

    name = GatewayName.SIMULATOR
    timeout = 1.0

    def hand_over(self, outgoing: Outgoing) -> HandOver:
        """Take the message, unless its recipient asks for something else."""
        asked = word(outgoing.recipient)
        if asked == "refused":
            return Refused(sentence="the simulator refuses this recipient", code="99", reason=Reason.GENERAL)
        if asked == "away" and outgoing.number <= _AWAY:
            return NotNow(sentence=f"the simulator is away for the first {_AWAY} attempts")
        return Taken(sentence="the simulator took it", reference=f"simulated-{outgoing.msgid}")

    def close_idle(self, longest: float) -> None:
        """Do nothing: no connection is kept."""
