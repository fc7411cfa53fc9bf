"""A client, two instances in a chain, and the states that come back through both."""

from collections.abc import Iterator

import pytest
from karaden.config import Config
from karaden.model.message import Message
from karaden.param.message_create_params import MessageCreateParams
from karaden.param.message_detail_params import MessageDetailParams

from tests.support.factories import TARGET
from tests.vendors.chain import Chain, Chaining

TEXT = f"{TARGET} https://shop.example.com/2"


@pytest.fixture
def chain(chaining: Chaining) -> Iterator[Chain]:
    chain = chaining("karaden", lambda second: f"http://{second.sender.sid}:{second.sender.token}@{second.address}/api")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config, "api_base", f"{chain.first.url}/api")
        patch.setattr(Config, "tenant_id", chain.first.sender.sid)
        patch.setattr(Config, "api_key", chain.first.sender.token)
        yield chain


def create(to: str) -> Message:
    builder = MessageCreateParams.new_builder().with_service_id(7).with_to(to).with_body(TEXT).with_is_shorten(True)
    return Message.create(builder.build())


def detail(msgid: str) -> Message:
    return Message.detail(MessageDetailParams.new_builder().with_id(msgid).build())


def test_a_text_is_rewritten_once_and_delivered(chain: Chain) -> None:
    """The second account tracks no links, and the gateway says besides that they stay as they are."""
    sent = create("09012345678")
    chain.wait_for("delivered")
    found = detail(sent.id)
    assert (found.status, found.sent_result, found.body) == ("done", "received", sent.body)
    assert sent.body.count(f"{chain.first.url}/") == 2
    [behind] = chain.second.messages()
    report = chain.second.report(behind.msgid)
    assert (report["message"], report["links"], report["tags"]) == (sent.body, [], [sent.id])
    assert (report["sender"], report["recipient"]) == ("7", "+819012345678")


@pytest.mark.parametrize(("to", "state"), [("09012349901", "expired"), ("09012349903", "rejected")])
def test_other_endings_come_back_too(chain: Chain, to: str, state: str) -> None:
    create(to)
    chain.wait_for(state)
