"""The gateway of a submission, and what is refused because the gateway cannot use it."""

import pytest

from shortener.errors import InvalidFieldsError
from shortener.messages import route
from shortener.messages.submission import Submission
from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.receiver import Policy
from shortener.storage.models import Account

BOTH = Gateways(
    {Channel.SMS: GatewayName.KANNEL, Channel.EMAIL: GatewayName.SMTP},
    {GatewayName.KANNEL: frozenset({Channel.SMS}), GatewayName.SMTP: frozenset({Channel.EMAIL})},
)
SMS = {"message": "hello", "sender": "SHOP", "recipient": "+81 80-1234-5678"}
MAIL = {"message": "hello", "sender": "shop@example.com", "recipient": "ann@example.com"}


def find(gateways: Gateways = BOTH, of_account: str | None = None, **fields: object) -> route.Route | None:
    return route.find(Submission.check(fields, Policy()), Account(gateway=of_account), gateways)


def faults(**fields: object) -> dict[str, list[str]]:
    with pytest.raises(InvalidFieldsError) as caught:
        find(**fields)
    return caught.value.fields


def test_a_message_takes_its_channels_gateway() -> None:
    assert find(**SMS) == route.Route(GatewayName.KANNEL, Channel.SMS, "+818012345678")
    assert find(**MAIL) == route.Route(GatewayName.SMTP, Channel.EMAIL, "ann@example.com")


def test_without_a_gateway_any_recipient_is_taken() -> None:
    assert find(Gateways(), message="hello", recipient="customer 7") is None
    assert find(of_account="none", message="hello") is None
    assert find(message="hello", gateway="none") is None


def test_a_gateway_needs_sender_and_recipient() -> None:
    assert set(faults(message="hello")) == {"sender", "recipient"}
    assert set(faults(message="hello", sender="SHOP", recipient="nobody")) == {"recipient"}
    assert set(faults(**{**MAIL, "sender": "SHOP"})) == {"sender"}


def test_an_unknown_gateway_is_named() -> None:
    assert faults(**SMS, gateway="pigeon") == {"gateway": ["must be one of those configured here: kannel, smtp, none"]}


def test_html_needs_a_gateway_for_mail() -> None:
    file = [{"name": "a", "content": ""}]
    assert find(**MAIL, html="<p>", subject="s", attachments=file) is not None
    assert set(faults(**SMS, html="<p>", subject="s", attachments=file)) == {"html", "subject", "attachments"}
    assert set(faults(html="<p>", sender="SHOP", recipient="+818012345678")) == {"html", "message"}
