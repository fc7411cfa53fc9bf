"""Messages that go on through NAVER's wire format to a second installation, whose states come back by questions."""

import json
from typing import Any
from urllib.parse import quote

import requests
from sqlalchemy import select

from shortener.accounts import senders
from shortener.storage import db
from shortener.storage.models import Sending, SendingAttempt
from tests.support import sens
from tests.support.scripts import run_node
from tests.support.waiting import until
from tests.vendors.chain import Chain, Chaining, Instance

TEXT = "Parcel: https://a.example.com/1 bye"
BUTTON = {"type": "WL", "name": "Shop", "linkMobile": "https://shop.example.com/a?b=1"}
PICKK = """
const [base, accessKey, secretKey, given] = args;
const { SmsClient } = require("@pickk/sens");
const sms = new SmsClient({ accessKey, secretKey, smsServiceId: "shop", callingNumber: "0215441234" });
sms.baseUrl = `${base}/sms/v2/services/shop`;
answer(await sms.send(given));
"""


def url(second: Instance) -> str:
    """The second one's address, with its account's credentials and the ids of two services."""
    secret = quote(second.sender.signing_secret, safe="")
    return f"http://{second.sender.sid}:{secret}@{second.address}/ncp:sms:kr:1:shop/ncp:kkobizmsg:kr:1:shop"


def get(first: Instance, target: str) -> Any:
    answer = requests.get(first.url + target, headers=sens.headers(first.sender, "GET", target), timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(first: Instance, target: str, document: Any) -> Any:
    headers = {**sens.headers(first.sender, "POST", target), "Content-Type": "application/json"}
    answer = requests.post(first.url + target, data=json.dumps(document), headers=headers, timeout=10)
    assert answer.status_code == 202, answer.text
    return answer.json()


def extras_of(instance: Instance) -> list[Any]:
    with instance.app.app_context(), db.read() as session:
        return list(session.scalars(select(Sending.extras).order_by(Sending.id)))


def outcomes(instance: Instance) -> list[Any]:
    with instance.app.app_context(), db.read() as session:
        return list(session.scalars(select(SendingAttempt.outcome)))


def texts(instance: Instance) -> list[str]:
    return sorted(instance.report(message.msgid)["message"] for message in instance.messages())


def wait_for(chain: Chain, *states: str) -> None:
    """Wait until both instances have messages in these states: those sent together arrive in any order."""
    until(lambda: all(sorted(map(str, each.states())) == sorted(states) for each in (chain.first, chain.second)))
    assert texts(chain.first) == texts(chain.second)  # rewritten once: the account of the second rewrites nothing
    assert all(chain.first.url in text for text in texts(chain.first))


def test_sms_go_on_and_their_ends_come_back(chaining: Chaining) -> None:
    chain = chaining("sens", url)
    given = {"to": ["01012345678", "01012349902"], "content": TEXT, "type": "LMS"}
    sent = run_node(PICKK, chain.first.url, chain.first.sender.sid, chain.first.sender.signing_secret, given)
    wait_for(chain, "delivered", "failed")
    behind = chain.second.messages()
    assert {message.recipient for message in behind} == {"+821012345678", "+821012349902"}
    assert {(message.vendor_fields or {})["type"] for message in behind} == {"LMS"}
    arrived, failed = get(chain.first, f"/sms/v2/services/shop/messages?requestId={sent['requestId']}")["messages"]
    assert (arrived["status"], arrived["statusCode"]) == ("COMPLETED", "0")
    assert (failed["statusCode"], failed["to"]) == ("3001", "01012349902")


def test_friendtalk_goes_on_with_its_buttons(chaining: Chaining) -> None:
    chain = chaining("sens", url)
    friend = {"to": "01012345678", "content": TEXT, "buttons": [BUTTON], "isAd": False, "useSmsFailover": True}
    friends = [friend, {**friend, "to": "01012349908"}]  # of the second one the simulator says no more
    sent = post(chain.first, sens.TALK, {"plusFriendId": "@안녕", "messages": friends})
    wait_for(chain, "delivered", "sent")
    extras = {"plusFriendId": "@안녕", "buttons": [BUTTON], "isAd": False, "useSmsFailover": True, "countryCode": "82"}
    assert [found for found in extras_of(chain.second) if found] == [extras]  # what is final has none any more
    first, second = get(chain.first, f"{sens.TALK}?requestId={sent['requestId']}")["messages"]
    assert (first["messageStatusCode"], first["messageStatusName"]) == ("0000", "success")
    assert (second["messageStatusCode"], second["messageStatusName"]) == (None, "processing")


def test_the_limit_of_the_second_is_waited_for(chaining: Chaining) -> None:
    chain = chaining("sens", url)
    with chain.second.app.app_context(), db.write() as session:
        senders.configure(session, "shop", {"monthly_limit": 0})
    sent = post(chain.first, sens.TALK, sens.talk())
    until(lambda: "busy" in outcomes(chain.first))
    [found] = get(chain.first, f"{sens.TALK}?requestId={sent['requestId']}")["messages"]
    assert (found["messageStatusCode"], found["messageStatusName"]) == (None, "processing")
    assert chain.second.messages() == []
