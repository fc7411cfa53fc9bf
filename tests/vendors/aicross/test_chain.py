"""Plain requests, two instances in a chain, and the states that come back through both."""

from typing import Any

import pytest
import requests

from shortener.accounts import senders
from shortener.receipts.keys import account_path
from shortener.sending import vendor_api
from shortener.storage import db
from tests.support.factories import TARGET, TEXT
from tests.support.hooks import Hook
from tests.support.waiting import until
from tests.vendors.chain import SECRET_KEY, Chaining, Instance

NUMBER, FAILING = "09012345678", "09012349902"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second instance is asked sooner than a vendor."""
    monkeypatch.setattr(vendor_api, "ASK_AFTER", 0.3)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def api(second: Instance) -> str:
    return f"http://12345:{second.sender.token}@{second.address}"


def send(instance: Instance, **fields: str) -> dict[str, Any]:
    form = {"token": instance.sender.token, "clientId": "777", "smsCode": "50123", "message": TEXT, **fields}
    found: dict[str, Any] = requests.post(f"{instance.url}/p5/api/mt.json", data=form, timeout=10).json()
    assert found["responseCode"] == 0, found
    return found


def status(instance: Instance, client_tag: str) -> dict[str, Any]:
    parameters = {"token": instance.sender.token, "clientId": "777", "clientTag": client_tag}
    [found] = requests.get(f"{instance.url}/p5/api/status.json", params=parameters, timeout=10).json()["status"]
    assert isinstance(found, dict)
    return found


def configure(instance: Instance, **account: Any) -> None:
    with instance.app.app_context(), db.write() as session:
        senders.configure(session, "shop", account)


def test_a_text_is_rewritten_once_and_its_state_asked(chaining: Chaining, hook: Hook) -> None:
    """The second account rewrites no links."""
    chain = chaining("aicross", api, {"receipts_url": f"{hook.url}/dlr"})
    sent = send(chain.first, phoneNumber=NUMBER, clientTag="order-1")
    chain.wait_for("delivered")
    [front], [behind] = chain.first.messages(), chain.second.messages()
    report = chain.second.report(behind.msgid)
    assert report["message"] == sent["smsMessage"] == TEXT.replace(TARGET, sent["shortlink"])
    assert (report["links"], report["recipient"], report["sender"]) == ([], "+819012345678", "50123")
    assert (behind.client_tag, behind.vendor_fields) == (front.msgid, {"clientId": "12345", "parts": 1})
    [told] = hook.wait_for(1, "/dlr")
    assert '"clientTag": "order-1"' in told.form["json"] and '"clientId": "777"' in told.form["json"]
    found = status(chain.first, "order-1")
    assert (found["statusId"], found["message"]) == ("2", sent["smsMessage"])


def test_a_failure_comes_back_with_its_class(chaining: Chaining) -> None:
    chain = chaining("aicross", api)
    send(chain.first, phoneNumber=FAILING, clientTag="order-1")
    chain.wait_for("failed")
    found = status(chain.first, "order-1")
    assert (found["statusId"], found["detailedStatusId"]) == ("3", "00732")
    assert chain.first.report(chain.first.messages()[0].msgid)["receipt"]["reason"] == "absent_permanent"


def test_a_push_comes_before_the_question(chaining: Chaining, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second account's push goes to the first one's address for receipts."""
    monkeypatch.setattr(vendor_api, "ASK_AFTER", 600.0)
    chain = chaining("aicross", api)
    path = account_path("aicross", chain.first.sender.sid, SECRET_KEY)
    configure(chain.second, receipts_url=f"{chain.first.url}{path}")
    send(chain.first, phoneNumber=NUMBER)
    chain.wait_for("delivered")
    until(lambda: [str(one.state) for one in chain.second.callbacks()] == ["delivered"])


def test_a_wrong_token_keeps_the_message(chaining: Chaining) -> None:
    chain = chaining("aicross", lambda second: f"http://12345:wrong@{second.address}")
    send(chain.first, phoneNumber=NUMBER, clientTag="order-1")
    msgid = chain.first.messages()[0].msgid
    until(lambda: bool(chain.first.report(msgid)["sending"]["attempts"]))
    assert (chain.first.states(), chain.second.messages()) == (["queued"], [])
    assert status(chain.first, "order-1")["statusId"] == "1"
