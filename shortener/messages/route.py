"""Find the way of a submission to its recipient: the gateway that sends it, and what that gateway needs."""

from collections.abc import Iterator
from dataclasses import dataclass

from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError
from shortener.messages.submission import Submission
from shortener.rules.delivery import gateway_choice
from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.delivery.gateway_rules import Channel

MAIL_ONLY = ("html", "subject", "attachments")


@dataclass(frozen=True, slots=True)
class Route:
    """The gateway of a message with its channel, and the recipient as the gateway gets it."""

    gateway: str
    channel: Channel
    recipient: str


def find(submission: Submission, account: Sender, gateways: Gateways) -> Route | None:
    """Return the route of a submission, None if it is given back and not sent.

    InvalidFieldsError names every field that the gateway cannot use.
    """
    if submission.gateway is None and account.gateway is None and not gateways.by_channel:
        return None
    way = gateway_choice.channel(submission.recipient, has_html=submission.html is not None)
    try:
        gateway = gateway_choice.choose(submission.gateway, account.gateway, way, gateways)
    except ValueError as error:
        raise InvalidFieldsError({"gateway": [str(error)]}) from None
    if gateway is None:
        return None
    recipient = submission.recipient or ""
    if faults := dict(_faults(submission, way)):
        raise InvalidFieldsError(faults)
    return Route(gateway, way, gateway_choice.dialled(recipient, way))


def _faults(submission: Submission, way: Channel) -> Iterator[tuple[str, list[str]]]:
    if submission.sender is None:
        yield "sender", ["is required by the gateway"]
    elif fault := gateway_choice.sender_fault(submission.sender, way):
        yield "sender", [fault]
    if submission.recipient is None:
        yield "recipient", ["is required by the gateway"]
    else:
        try:
            gateway_choice.dialled(submission.recipient, way)
        except ValueError as error:
            yield "recipient", [str(error)]
    for name in MAIL_ONLY if way is Channel.SMS else ():
        if getattr(submission, name) is not None:
            yield name, ["needs an e-mail address as recipient"]
    if way is Channel.SMS and submission.message is None:
        yield "message", ["is required by the gateway"]
