"""The vendor's own Python clients, of both generations, against a running server with the simulator."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from infobip_api_client import ApiClient, Configuration, SmsApi
from infobip_api_client.exceptions import BadRequestException, UnauthorizedException
from infobip_api_client.models import (
    ApiError,
    MessageGeneralStatus,
    SmsDestination,
    SmsLogsResponse,
    SmsMessage,
    SmsMessageContent,
    SmsMessageOptions,
    SmsMessageRequestOptions,
    SmsRequest,
    SmsRequestSchedulingSettings,
    SmsTextContent,
    SmsWebhooks,
    UrlOptions,
    ValidityPeriod,
)

from tests.support.factories import TEXT, Sender
from tests.support.scripts import old_infobip_python, run_python
from tests.support.waiting import until

TO = "41793026727"
FAILS = "41793029902"
DAY = dt.timedelta(days=1)


@pytest.fixture
def sms(server: str, sender: Sender) -> SmsApi:
    return SmsApi(ApiClient(Configuration(host=server, api_key=sender.token)))


def message(*destinations: SmsDestination, text: str = TEXT, **fields: Any) -> SmsMessage:
    content = SmsMessageContent(SmsTextContent(text=text))
    return SmsMessage(sender="Acme", destinations=[*destinations], content=content, **fields)


def pulled(take: Callable[[], list[Any]], count: int) -> list[Any]:
    """What is given out until there are so many."""
    found: list[Any] = []

    def is_complete() -> bool:
        found.extend(take())
        return len(found) >= count

    until(is_complete)
    return found


# infobip-api-python-client 6.0.0


def test_the_client_reads_what_became_of_each_destination(sms: SmsApi) -> None:
    options = SmsMessageRequestOptions(
        schedule=SmsRequestSchedulingSettings(bulk_id="spring"),
        tracking=UrlOptions(),
        include_sms_count_in_response=True,
    )
    first = SmsDestination(to=TO, message_id="order-1")
    answer = sms.send_sms_messages(
        SmsRequest(messages=[message(first, first, SmsDestination(to=FAILS))], options=options)
    )
    assert (answer.bulk_id, [one.destination for one in answer.messages]) == ("spring", [TO, TO, FAILS])
    assert [one.status.name for one in answer.messages if one.status] == [
        "PENDING_ACCEPTED",
        "REJECTED_DUPLICATE_MESSAGE_ID",
        "PENDING_ACCEPTED",
    ]
    [details, *_] = [one.details for one in answer.messages]
    assert answer.messages[0].message_id == "order-1" and details and details.message_count == 1


def test_the_client_gets_each_report_once(sms: SmsApi) -> None:
    webhooks = SmsWebhooks(callback_data="for us")
    options = SmsMessageOptions(campaign_reference_id="c", validity_period=ValidityPeriod(amount=1))
    both = message(SmsDestination(to=TO), SmsDestination(to=FAILS), webhooks=webhooks, options=options)
    sent = sms.send_sms_messages(SmsRequest(messages=[both]))
    found = pulled(lambda: sms.get_outbound_sms_message_delivery_reports(limit=1).results or [], 2)
    by_number = {report.to: report for report in found}
    arrived, failed = by_number[TO], by_number[FAILS]
    assert (arrived.status.group_name, arrived.error.name) == (MessageGeneralStatus.DELIVERED, "NO_ERROR")
    assert (failed.status.group_name, failed.error.name) == (
        MessageGeneralStatus.UNDELIVERABLE,
        "EC_UNKNOWN_SUBSCRIBER",
    )
    assert (failed.error.permanent, failed.sender, failed.bulk_id) == (True, "Acme", sent.bulk_id)
    assert (arrived.callback_data, arrived.campaign_reference_id) == ("for us", "c")
    assert arrived.sent_at <= arrived.done_at and arrived.message_count == 1
    assert sms.get_outbound_sms_message_delivery_reports().results == []


def test_the_client_goes_through_the_logs_by_cursor(sms: SmsApi) -> None:
    ids = [f"m{number}" for number in range(5)]
    destinations = [SmsDestination(to=TO, message_id=name) for name in ids]
    sms.send_sms_messages(SmsRequest(messages=[message(*destinations)]))
    found: list[str | None] = []
    cursor: str | None = None
    while True:
        page: SmsLogsResponse = sms.get_outbound_sms_message_logs(limit=2, use_cursor=True, cursor=cursor)
        found += [log.message_id for log in page.results or []]
        assert page.cursor and page.cursor.limit == 2
        cursor = page.cursor.next_cursor
        if cursor is None:
            break
    assert found == ids[::-1]


def test_the_client_filters_the_logs(sms: SmsApi) -> None:
    sms.send_sms_messages(
        SmsRequest(messages=[message(SmsDestination(to=TO, message_id="a"), SmsDestination(to=FAILS))])
    )
    now = dt.datetime.now(dt.UTC)
    [log] = (
        sms.get_outbound_sms_message_logs(message_id=["a", "b"], sent_since=now - DAY, sent_until=now + DAY).results
        or []
    )
    assert (log.destination, log.sender) == (TO, "Acme")
    assert re.search(r"http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9]{10} ", log.content.actual_instance.text)
    assert [one.message_id for one in sms.get_outbound_sms_message_logs(destination=TO).results or []] == ["a"]
    assert sms.get_outbound_sms_message_logs(sent_until=now - DAY).results == []
    assert sms.get_outbound_sms_message_logs(sender="Other").results == []
    until(
        lambda: len(sms.get_outbound_sms_message_logs(general_status=MessageGeneralStatus.DELIVERED).results or []) == 1
    )


def test_the_client_parses_our_errors(sms: SmsApi, server: str) -> None:
    with pytest.raises(BadRequestException) as bad:
        sms.send_sms_messages(SmsRequest(messages=[message(SmsDestination(to=""))]))
    assert isinstance(bad.value.data, ApiError)
    assert [fault.var_property for fault in bad.value.data.violations] == ["messages[0].destinations[0].to"]
    with pytest.raises(UnauthorizedException) as wrong:
        SmsApi(ApiClient(Configuration(host=server))).get_outbound_sms_message_logs()
    assert isinstance(wrong.value.data, ApiError) and wrong.value.data.error_code == "E401"


# infobip-api-python-sdk 5.0.1

OLD = """
import time
from datetime import datetime, timezone
from infobip_channels.sms.channel import SMSChannel

url, token, sid, to, fails, text = args
channel = SMSChannel.from_auth_params({"base_url": url, "api_key": token})
body = {
    "bulk_id": "b",
    "messages": [{"from": "Acme", "text": text, "destinations": [{"to": to}, {"to": fails, "message_id": "own"}],
                  "callback_data": "d"}],
    "url_options": {"shorten_url": True, "track_clicks": True},
}
sent = channel.send_sms_message(body)
again = channel.send_sms_message(body)
query = channel.send_sms_message_over_query_parameters(
    {"username": sid, "password": token, "from": "Acme", "to": [to, to], "text": text}
)
reports = []
for _ in range(600):  # a report is there once its message is final, which only this call tells
    reports += channel.get_outbound_sms_delivery_reports({"bulk_id": "b", "limit": 1}).results
    if len(reports) >= 3:
        break
    time.sleep(0.05)
logs = channel.get_outbound_sms_message_logs({"bulk_id": ["b", "c"], "message_id": ["own"]})
since = channel.get_outbound_sms_message_logs({"sent_since": datetime(2020, 1, 1, tzinfo=timezone.utc), "from": "Acme"})
wrong = SMSChannel.from_auth_params({"base_url": url, "api_key": "wrong"}).get_outbound_sms_message_logs()
bad = channel.send_sms_message({"messages": [{"text": "x", "destinations": [{"to": ""}]}]})
answer({
    "classes": [type(one).__name__ for one in (sent, again, query, logs, wrong, bad)],
    "sent": [[one.to, one.status.name, one.message_id] for one in sent.messages],
    "again": [one.status.name for one in again.messages],
    "query": len(query.messages),
    "reports": sorted([one.to, one.status.group_name, one.error.group_name, one.callback_data] for one in reports),
    "logs": [[one.message_id, one.sms_count, one.price.price_per_message] for one in logs.results],
    "since": len(since.results),
    "wrong": wrong.request_error.service_exception.message_id,
    "bad": bad.request_error.service_exception.validation_errors,
})
"""


def test_the_older_client_sends_reports_and_lists(server: str, sender: Sender) -> None:
    found = run_python(old_infobip_python(), OLD, f"{server}", sender.token, sender.sid, TO, FAILS, TEXT)
    assert found["classes"] == [
        *("SendSMSResponse", "SendSMSResponse", "SendSMSResponse", "OutboundMessageLogsResponse"),
        *("SMSResponseError", "SMSResponseError"),
    ]
    assert [one[:2] for one in found["sent"]] == [[TO, "PENDING_ACCEPTED"], [FAILS, "PENDING_ACCEPTED"]]
    assert found["sent"][1][2] == "own"
    assert found["again"] == ["PENDING_ACCEPTED", "REJECTED_DUPLICATE_MESSAGE_ID"]
    assert found["reports"] == [
        [TO, "DELIVERED", "Ok", "d"],
        [TO, "DELIVERED", "Ok", "d"],
        [FAILS, "UNDELIVERABLE", "HANDSET_ERRORS", "d"],
    ]
    assert (found["query"], found["logs"], found["since"]) == (2, [["own", 1, 0.0]], 5)
    assert (found["wrong"], [*found["bad"]]) == ("UNAUTHORIZED", ["messages[0].destinations[0].to"])
