"""A client, two instances in a chain, and the states that come back through both."""

import pytest
from xoxzo.cloudpy import XoxzoClient

from tests.support.factories import TARGET, TEXT
from tests.support.hooks import Hook
from tests.support.waiting import until
from tests.vendors.chain import Chain, Chaining, Instance

RECIPIENT, SENDER_ID = "+818012345678", "814512345678"
FAILING = "+818012349902"


def api(second: Instance) -> str:
    return f"http://{second.sender.sid}:{second.sender.token}@{second.address}"


@pytest.fixture
def chain(chaining: Chaining) -> Chain:
    return chaining("xoxzo", api)


@pytest.fixture
def vendor(chain: Chain) -> XoxzoClient:
    return XoxzoClient(chain.first.sender.sid, chain.first.sender.token, chain.first.url)


def test_a_text_is_rewritten_once_and_delivered(chain: Chain, vendor: XoxzoClient, hook: Hook) -> None:
    [sent] = vendor.send_sms(TEXT, RECIPIENT, SENDER_ID, callbackurl=f"{hook.url}/states").messages
    chain.wait_for("delivered")
    assert vendor.get_sms_delivery_status(sent["msgid"]).message["status"] == "DELIVERED"
    [behind] = chain.second.messages()
    report = chain.second.report(behind.msgid)
    assert report["message"] == sent["message"] == TEXT.replace(TARGET, sent["shortlink"])
    assert (report["links"], report["recipient"], report["sender"]) == ([], RECIPIENT, SENDER_ID)
    told = [request.form for request in hook.wait_for(2, "/states")]
    assert {form["msgid"] for form in told} == {sent["msgid"]}
    until(lambda: "DELIVERED" in [request.form["status"] for request in hook.requests])


def test_a_failure_comes_back_too(chain: Chain, vendor: XoxzoClient) -> None:
    [sent] = vendor.send_sms(TEXT, FAILING, SENDER_ID).messages
    chain.wait_for("failed")
    assert vendor.get_sms_delivery_status(sent["msgid"]).message["status"] == "FAIL"
    assert chain.first.report(sent["msgid"])["receipt"]["reason"] == "unknown"


def test_a_lost_callback_is_replaced_by_a_question(chaining: Chaining) -> None:
    """The second instance calls an address at which nobody is."""
    chain = chaining("xoxzo", api, internal_url="http://127.0.0.1:9")
    vendor = XoxzoClient(chain.first.sender.sid, chain.first.sender.token, chain.first.url)
    vendor.send_sms(TEXT, RECIPIENT, SENDER_ID)
    chain.wait_for("delivered")
