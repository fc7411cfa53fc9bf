"""The vendor's client, two instances in a chain, and the states that come back through both.

The account of the second instance rewrites no links, and the first one asks it not to: each text is rewritten once.
"""

import base64
import datetime as dt
from typing import Any

import pytest
import requests
from infobip_api_client import ApiClient, Configuration, SmsApi
from infobip_api_client.models import (
    MessageGeneralStatus,
    SmsDestination,
    SmsMessage,
    SmsMessageContent,
    SmsRequest,
    SmsTextContent,
    SmsWebhooks,
)
from sqlalchemy import select

from shortener.accounts import senders
from shortener.storage import db
from shortener.storage.models import SendingAttempt
from tests.support.factories import TARGET, TEXT
from tests.support.hooks import Hook
from tests.support.waiting import until
from tests.vendors.chain import Chain, Chaining, Instance

HOUR = dt.timedelta(hours=1)


def outcomes(instance: Instance) -> list[Any]:
    with instance.app.app_context(), db.read() as session:
        return list(session.scalars(select(SendingAttempt.outcome)))


TO, FAILS, REFUSED = "41793026727", "41793029902", "41793029907"
HTML = f'<p>Hi <a href="{TARGET}">x</a></p>'


def by_key(second: Instance) -> str:
    return f"http://App:{second.sender.token}@{second.address}"


def by_password(second: Instance) -> str:
    return f"http://{second.sender.sid}:{second.sender.token}@{second.address}"


@pytest.fixture
def chain(chaining: Chaining) -> Chain:
    return chaining("infobip", by_key)


@pytest.fixture
def sms(chain: Chain) -> SmsApi:
    return SmsApi(ApiClient(Configuration(host=chain.first.url, api_key=chain.first.sender.token)))


def send(sms: SmsApi, to: str, **fields: Any) -> Any:
    content = SmsMessageContent(SmsTextContent(text=TEXT))
    message = SmsMessage(sender="Acme", destinations=[SmsDestination(to=to)], content=content, **fields)
    [sent] = sms.send_sms_messages(SmsRequest(messages=[message])).messages
    return sent


def reports(sms: SmsApi) -> list[Any]:
    found: list[Any] = []

    def is_there() -> bool:
        found.extend(sms.get_outbound_sms_message_delivery_reports().results or [])
        return bool(found)

    until(is_there)
    return found


def test_a_text_is_rewritten_once_and_delivered(chain: Chain, sms: SmsApi, hook: Hook) -> None:
    webhooks = SmsWebhooks.from_dict({"delivery": {"url": f"{hook.url}/reports"}, "callbackData": "d"})
    sent = send(sms, TO, webhooks=webhooks)
    chain.wait_for("delivered")
    [own], [behind] = chain.first.messages(), chain.second.messages()
    assert (behind.client_tag, behind.recipient, behind.sender) == (own.msgid, f"+{TO}", "Acme")
    report = chain.second.report(behind.msgid)
    assert (report["links"], report["message"].count(chain.first.url)) == ([], 1)
    [told] = reports(sms)
    assert (told.message_id, told.status.group_name) == (sent.message_id, MessageGeneralStatus.DELIVERED)
    [pushed] = hook.wait_for(1, "/reports")
    assert (pushed.json["results"][0]["messageId"], pushed.json["results"][0]["callbackData"]) == (own.msgid, "d")


def test_a_failure_comes_back_with_its_reason(chain: Chain, sms: SmsApi) -> None:
    sent = send(sms, FAILS)
    chain.wait_for("failed")
    [told] = reports(sms)
    assert (told.status.group_name, told.error.name) == (MessageGeneralStatus.UNDELIVERABLE, "EC_UNKNOWN_SUBSCRIBER")
    assert chain.first.report(sent.message_id)["receipt"]["reason"] == "absent_permanent"


def test_what_the_last_gateway_refuses_comes_back(chain: Chain, sms: SmsApi) -> None:
    send(sms, REFUSED)
    chain.wait_for("rejected")
    [told] = reports(sms)
    assert told.status.group_name == MessageGeneralStatus.REJECTED


def test_quiet_hours_of_the_next_instance_are_waited_for(chain: Chain, sms: SmsApi) -> None:
    now = dt.datetime.now(dt.UTC)
    hours = f"{now - HOUR:%H:%M}-{now + HOUR:%H:%M}"
    with chain.second.app.app_context(), db.write() as session:
        senders.configure(session, "shop", {"quiet_hours": hours, "quiet_mode": "refuse"})
    send(sms, TO)
    until(lambda: "busy" in outcomes(chain.first))
    assert (chain.first.states(), chain.second.messages()) == (["queued"], [])


def test_a_mail_goes_through_with_its_files(chaining: Chaining) -> None:
    chain = chaining("infobip", by_password)
    content = {
        "subject": "Parcel",
        "text": TEXT,
        "html": HTML,
        "attachments": [
            {"type": "binary", "content": base64.b64encode(b"%PDF").decode(), "contentType": "a/b", "fileName": "a.pdf"}
        ],
    }
    to = {"to": [{"destination": "jo@example.com", "messageId": "own"}], "replyTo": "help@shop.example"}
    message = {"sender": "Shop <news@shop.example>", "destinations": [to], "content": content}
    headers = chain.first.sender.basic
    answer = requests.post(
        f"{chain.first.url}/email/4/messages", json={"messages": [message]}, headers=headers, timeout=30
    )
    assert answer.status_code == 200, answer.text
    chain.wait_for("delivered")
    [own], [behind] = chain.first.messages(), chain.second.messages()
    report, first = chain.second.report(behind.msgid), chain.first.report(own.msgid)
    assert (report["html"], report["message"]) == (first["html"], first["message"])
    assert first["html"].count(chain.first.url) == 1 and report["links"] == []
    assert (behind.client_tag, report["attachments"][0]["name"]) == (own.msgid, "a.pdf")
