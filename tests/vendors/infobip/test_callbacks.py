"""What is pushed: reports in the form of the send, and clicks."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
import requests
from infobip_api_client.models import EmailWebhookTrackResponse, SmsDeliveryResult

from shortener.callbacks.forms import Told
from shortener.receipts.incoming import Given
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.infobip import callbacks, clicks, receipts
from tests.support.factories import BROWSER, TARGET, TEXT, Sender
from tests.support.hooks import Hook

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
TO = "41793026727"
MESSAGE = FaceMessage(
    id=1,
    msgid="m" * 32,
    sid="s" * 32,
    client_tag="own",
    bulk_id="b",
    fields={"form": "sms/2", "callbackData": "d"},
    sender="Acme",
    recipient=f"+{TO}",
    text="Hi",
    received_on=NOON - dt.timedelta(minutes=1),
    state=MessageState.DELIVERED,
    state_on=NOON,
)
TOLD = Told(
    event_id="evt_1",
    url="https://crm.example.com/r",
    at=NOON - dt.timedelta(seconds=3),
    created_on=NOON,
    message=MESSAGE,
    state=MessageState.FAILED,
    code="3",
    reason=Reason.ABSENT_PERMANENT,
)
FORMS = sorted(callbacks.BY_FORM)


def told(form: str, **changes: Any) -> Told:
    message = dataclasses.replace(MESSAGE, fields={**MESSAGE.fields, "form": form})
    return dataclasses.replace(TOLD, message=message, **changes)


def pushed(one: Told) -> Any:
    made = callbacks.FORM.request(one, ["secret"])
    assert made == callbacks.FORM.request(one, ["secret", "another"])
    assert (made.method, made.url, made.headers) == ("POST", None, {"Content-Type": "application/json"})
    return json.loads(made.body)


def test_a_push_is_a_report_of_what_is_told() -> None:
    [report] = pushed(told("sms/2"))["results"]
    assert (report["messageId"], report["to"], report["bulkId"], report["callbackData"]) == ("own", TO, "b", "d")
    assert (report["status"]["name"], report["error"]["id"]) == ("UNDELIVERABLE_NOT_DELIVERED", 1)
    assert (report["sentAt"], report["doneAt"]) == ("2026-11-28T11:59:00.000+0000", "2026-11-28T11:59:57.000+0000")
    assert report["smsCount"] == 1 and "messageCount" not in report


def test_a_push_after_a_new_send_has_the_new_form() -> None:
    parsed = SmsDeliveryResult.from_dict(pushed(told("sms/3")))
    assert parsed and parsed.results
    assert (parsed.results[0].sender, parsed.results[0].message_count) == ("Acme", 1)


@pytest.mark.parametrize("form", FORMS)
def test_our_reader_of_receipts_understands_every_push(form: str) -> None:
    [receipt] = receipts.read(Given(pushed(told(form))))
    assert (receipt.state, receipt.gateway_ref, receipt.reason) == (
        MessageState.FAILED,
        "own",
        Reason.ABSENT_PERMANENT,
    )
    assert receipt.at == TOLD.at and receipt.references == ("own", "d")


def test_a_click_in_an_sms_has_the_time_of_the_click() -> None:
    click = pushed(told("sms/2", state=None, link=TARGET))
    assert (click["notificationType"], click["url"], click["recipient"]) == ("CLICKED", TARGET, TO)
    assert click["sendDateTime"] == int((NOON.timestamp() - 3) * 1000)
    assert (click["messageId"], click["bulkId"], click["callbackData"]) == ("own", "b", "d")
    assert (click["recipientInfo"], click["geoLocationInfo"]) == ({}, {})


def test_a_click_in_a_mail_has_an_id_and_the_time_of_sending() -> None:
    message = dataclasses.replace(MESSAGE, sender="Shop <news@shop.example>", recipient="jo@example.com")
    click = clicks.of_mail(dataclasses.replace(TOLD, message=message, state=None, link=TARGET))
    assert (click["eventId"], click["domain"], click["recipient"]) == ("evt_1", "shop.example", "jo@example.com")
    assert click["sendDateTime"] == int((NOON.timestamp() - 60) * 1000)
    assert EmailWebhookTrackResponse.from_dict({**click, "messageId": None}) is not None


def test_a_recipient_that_is_not_stored_is_null() -> None:
    nobody = dataclasses.replace(MESSAGE, recipient=None)
    assert pushed(dataclasses.replace(TOLD, message=nobody))["results"][0]["to"] is None


@pytest.mark.parametrize(
    ("status", "is_accepted"), [(200, True), (201, False), (204, False), (302, False), (500, False)]
)
def test_only_200_counts_as_delivered(status: int, is_accepted: bool) -> None:
    assert callbacks.FORM.accepts(status) is is_accepted


# Over the wire


def send(server: str, sender: Sender, hook: Hook, **fields: Any) -> Any:
    message = {"from": "Acme", "destinations": [{"to": TO, "messageId": "own"}], "text": TEXT, "callbackData": "d"}
    body = {"messages": [message | fields], "urlOptions": {"trackingUrl": f"{hook.url}/clicked"}}
    headers = {"Authorization": f"App {sender.token}"}
    answer = requests.post(f"{server}/sms/2/text/advanced", json=body, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["messages"][0]


def test_a_final_report_is_pushed_to_its_url(server: str, sender: Sender, hook: Hook) -> None:
    send(server, sender, hook, notifyUrl=f"{hook.url}/reports")
    [request] = hook.wait_for(1, "/reports")
    [report] = request.json["results"]
    assert (report["messageId"], report["status"]["groupName"]) == ("own", "DELIVERED")
    assert request.headers["content-type"] == "application/json"


def test_every_state_is_pushed_with_intermediate_report(server: str, sender: Sender, hook: Hook) -> None:
    send(server, sender, hook, notifyUrl=f"{hook.url}/reports", intermediateReport=True)
    names = {request.json["results"][0]["status"]["name"] for request in hook.wait_for(3, "/reports")}
    assert names == {"PENDING_WAITING_DELIVERY", "PENDING_ENROUTE", "DELIVERED_TO_HANDSET"}


def test_a_click_is_pushed_to_the_tracking_url(server: str, sender: Sender, hook: Hook) -> None:
    shortlink = send(server, sender, hook)["shortlink"]
    for _ in range(2):
        requests.get(shortlink, headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=30)
    [click] = hook.wait_for(1, "/clicked")
    assert (click.json["notificationType"], click.json["url"], click.json["messageId"]) == ("CLICKED", TARGET, "own")
