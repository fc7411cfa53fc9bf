"""The fields of Vonage's requests."""

from typing import Any

import pytest

from shortener.rules.delivery.receiver import Policy
from shortener.running.services import Services
from shortener.vendors.vonage.requests import VonageMessage, in_vendors_words

MESSAGE = {"from": "Acme", "to": "447700900001", "text": "a"}


def message(**fields: Any) -> VonageMessage:
    return VonageMessage.check(
        {**MESSAGE, **{name.replace("_", "-"): value for name, value in fields.items()}}, Policy()
    )


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [("20000", 20), ("20001", 21), (604_800_000, 604_800), (None, None)]
)
def test_ttl_is_the_period_of_validity(services: Services, milliseconds: Any, seconds: int | None) -> None:
    assert message(ttl=milliseconds).submission().validity_period == seconds


def test_only_given_references_are_kept() -> None:
    assert message().references == {}
    assert message(client_ref="a").references == {"client-ref": "a"}
    assert message(client_ref="a", account_ref="b").references == {"client-ref": "a", "account-ref": "b"}


def test_faults_have_the_vendors_names() -> None:
    faults = {"message": ["a"], "recipient": ["b"], "sender": ["c"], "receipts_url": ["d"], "ttl": ["e"]}
    assert list(in_vendors_words(faults)) == ["text", "to", "from", "callback", "ttl"]
