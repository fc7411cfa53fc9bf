"""Infobip's two clients in Python send mails, and read reports, logs and errors into their own models."""

import base64
import json
from typing import Any

import pytest
import requests
from infobip_api_client import ApiClient, Configuration
from infobip_api_client.api.email_api import EmailApi
from infobip_api_client.exceptions import BadRequestException, NotFoundException, UnauthorizedException
from infobip_api_client.models.api_error import ApiError
from infobip_api_client.models.email_group_destination import EmailGroupDestination
from infobip_api_client.models.email_media_binary_attachment import EmailMediaBinaryAttachment
from infobip_api_client.models.email_media_binary_image import EmailMediaBinaryImage
from infobip_api_client.models.email_message import EmailMessage
from infobip_api_client.models.email_message_content import EmailMessageContent
from infobip_api_client.models.email_message_delivery_reporting import EmailMessageDeliveryReporting
from infobip_api_client.models.email_message_general_status import EmailMessageGeneralStatus
from infobip_api_client.models.email_message_options import EmailMessageOptions
from infobip_api_client.models.email_message_request_options import EmailMessageRequestOptions
from infobip_api_client.models.email_report import EmailReport
from infobip_api_client.models.email_request import EmailRequest
from infobip_api_client.models.email_request_scheduling_settings import EmailRequestSchedulingSettings
from infobip_api_client.models.email_send_mime_request_schema import EmailSendMimeRequestSchema
from infobip_api_client.models.email_to_destination import EmailToDestination
from infobip_api_client.models.email_url_options import EmailUrlOptions
from infobip_api_client.models.email_webhook_dlr_report_response import EmailWebhookDLRReportResponse
from infobip_api_client.models.email_webhooks import EmailWebhooks

from tests.support.factories import BROWSER, TARGET, Sender
from tests.support.hooks import Hook
from tests.support.scripts import old_infobip_python, run_python
from tests.support.tls_front import TlsFront
from tests.support.waiting import WITHIN, until

HTML = f'<p><a href="{TARGET}">track</a> <img src="cid:logo.png"></p>'
CONTENT = EmailMessageContent(subject="お知らせ", text=f"Your parcel: {TARGET}", html=HTML)


def api(front: TlsFront, token: str) -> EmailApi:
    return EmailApi(ApiClient(Configuration(host=front.url, api_key=token, ssl_ca_cert=str(front.authority))))


@pytest.fixture
def mails(tls_server: TlsFront, sender: Sender) -> EmailApi:
    return api(tls_server, sender.token)


def message(*to: str, **given: Any) -> EmailMessage:
    destinations = [EmailGroupDestination(to=[EmailToDestination(destination=one) for one in to])]
    return EmailMessage(
        **{"sender": "Acme <news@acme.example>", "destinations": destinations, "content": CONTENT, **given}
    )


def send(mails: EmailApi, *messages: EmailMessage, **options: Any) -> Any:
    request_options = EmailMessageRequestOptions(**options) if options else None
    return mails.send_email(EmailRequest(messages=list(messages), options=request_options))


def reports(mails: EmailApi, count: int, **given: Any) -> list[EmailReport]:
    """So many reports, each of which is given out once."""
    found: list[EmailReport] = []

    def complete() -> bool:
        found.extend(mails.get_email_delivery_reports(**given).results)
        return len(found) >= count

    until(complete)
    return found


def test_a_mail_is_sent_and_reported_once(mails: EmailApi) -> None:
    sent = send(mails, message("anna@example.com"))
    [answered] = sent.messages
    assert answered.destination == "anna@example.com"
    assert (answered.status.group_name, answered.status.name) == (
        *[EmailMessageGeneralStatus.PENDING, "PENDING_ACCEPTED"],
    )
    [report] = reports(mails, 1)
    assert (report.message_id, report.to, report.sender) == (
        *[answered.message_id, "anna@example.com", "Acme <news@acme.example>"],
    )
    assert (report.status.group_name, report.error.name, report.error.permanent) == ("DELIVERED", "NO_ERROR", False)
    assert (report.price.price_per_message, report.message_count) == (0, 1)
    assert report.done_at >= report.sent_at
    assert mails.get_email_delivery_reports().results == []


def test_every_option_is_taken(mails: EmailApi, hook: Hook) -> None:
    file = base64.b64encode(bytes(range(256))).decode()
    group = EmailGroupDestination(
        to=[EmailToDestination(destination="anna@example.com", message_id="mine", placeholders='{"name": "Anna"}')],
        cc=[EmailToDestination(destination="carl@example.com")],
        bcc=[EmailToDestination(destination="dora@example.com")],
        reply_to="help@acme.example",
        preserve_recipients=True,
    )
    content = EmailMessageContent(
        subject="Hello {{name}}",
        html=HTML,
        attachments=[EmailMediaBinaryAttachment(content=file, contentType="x/y", fileName="a.bin")],
        inlineImages=[EmailMediaBinaryImage(content=file, contentType="image/png", fileName="logo.png")],
        defaultPlaceholders='{"name": "you"}',
        headers='{"X-Campaign": "spring"}',
    )
    webhooks = EmailWebhooks(
        delivery=EmailMessageDeliveryReporting(url=f"{hook.url}/reports"),
        contentType="application/json",
        callbackData="4711",
    )
    sent = send(
        mails,
        EmailMessage(
            sender="news@acme.example",
            destinations=[group],
            content=content,
            webhooks=webhooks,
            options=EmailMessageOptions(campaignReferenceId="spring"),
        ),
        schedule=EmailRequestSchedulingSettings(bulkId="b1", sendAt="2001-01-01T00:00:00.000+0000"),
        tracking=EmailUrlOptions(trackClicks=True, trackOpens=True, trackingUrl=f"{hook.url}/clicks"),
    )
    assert sent.bulk_id == "b1"
    assert [one.destination for one in sent.messages] == [f"{name}@example.com" for name in ("anna", "carl", "dora")]
    assert sent.messages[0].message_id == "mine"
    found = reports(mails, 3, bulk_id="b1")
    assert {(one.callback_data, one.campaign_reference_id, one.bulk_id) for one in found} == {("4711", "spring", "b1")}


def test_reports_and_clicks_are_pushed(mails: EmailApi, hook: Hook) -> None:
    delivery = EmailMessageDeliveryReporting(url=f"{hook.url}/reports", intermediateReport=True)
    sent = send(
        mails,
        message("anna@example.com", webhooks=EmailWebhooks(delivery=delivery, callbackData="4711")),
        tracking=EmailUrlOptions(trackingUrl=f"{hook.url}/clicks"),
    )
    link = json.loads(mails.get_email_logs_with_http_info().raw_data)["results"][0]["text"].split()[-1]
    requests.get(link, headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=WITHIN)
    pushed = [EmailWebhookDLRReportResponse.from_json(one.body.decode()) for one in hook.wait_for(3, "/reports")]
    told = [report for one in pushed for report in one.results or []]
    assert {(report.to, report.message_id, report.callback_data) for report in told} == {
        ("anna@example.com", sent.messages[0].message_id, "4711")
    }
    assert "DELIVERED" in {report.status.group_name for report in told}
    [click] = [one.json for one in hook.wait_for(1, "/clicks")]
    assert (click["notificationType"], click["url"], click["recipient"], click["domain"]) == (
        *["CLICKED", TARGET, "anna@example.com", "acme.example"],
    )
    assert click["eventId"]


def test_logs_are_filtered_and_paged(mails: EmailApi) -> None:
    sent = send(mails, message("anna@example.com", "ben@example.com", "carl@example.com"))
    ids = [one.message_id for one in sent.messages]
    assert [row.message_id for row in mails.get_email_logs(message_id=ids[:2]).results] == [ids[1], ids[0]]
    [row] = mails.get_email_logs(destination="ben@example.com", sender="news@acme.example").results
    assert (row.message_id, row.bulk_id, row.sender) == (ids[1], sent.bulk_id, "Acme <news@acme.example>")
    assert "shop.example.com" not in row.text
    first = mails.get_email_logs(limit=2, use_cursor=True)
    rest = mails.get_email_logs(limit=2, use_cursor=True, cursor=first.cursor.next_cursor)
    assert (len(first.results), len(rest.results), rest.cursor.next_cursor) == (2, 1, None)


@pytest.mark.parametrize(
    ("recipient", "group", "error"),
    [
        ("anna+failed@example.com", "UNDELIVERABLE", "HANDSET_ERRORS"),
        ("anna+rejected@example.com", "REJECTED", "USER_ERRORS"),
        ("anna+expired@example.com", "EXPIRED", "HANDSET_ERRORS"),
    ],
)
def test_failures_fit_the_clients_model(mails: EmailApi, recipient: str, group: str, error: str) -> None:
    send(mails, message(recipient))
    [report] = reports(mails, 1)
    assert (report.status.group_name, report.error.group_name) == (group, error)


def test_errors_are_the_clients_own(mails: EmailApi, tls_server: TlsFront) -> None:
    with pytest.raises(BadRequestException) as caught:
        send(mails, message("nonsense"))
    error = ApiError.from_json(caught.value.body)
    assert (error.error_code, error.violations[0].var_property) == (
        *["E400", "messages[0].destinations[0].to[0].destination"],
    )
    with pytest.raises(UnauthorizedException) as refused:
        api(tls_server, "wrong").get_email_logs()
    assert ApiError.from_json(refused.value.body).error_code == "E401"
    with pytest.raises(NotFoundException) as missing:
        mails.send_mime_email(EmailSendMimeRequestSchema(mimeMessage="Subject: Hello"))
    assert ApiError.from_json(missing.value.body).error_code == "E404"


OLD = """
import io
from infobip_channels.email.channel import EmailChannel

base_url, key, hook, folder = args
channel = EmailChannel.from_auth_params({"base_url": base_url, "api_key": key})
least = {"from": "Acme <news@acme.example>", "to": "anna@example.com", "subject": "Hello", "text": TEXT}

def told(response):
    return type(response).__name__, json.loads(response.json(exclude={"raw_response"}))

with open(folder + "/a.bin", "rb") as file, open(folder + "/logo.png", "rb") as image:
    whole = {
        **least, "cc": "carl@example.com", "bcc": "dora@example.com", "HTML": HTML, "attachment": file,
        "inlineImage": image, "replyto": "help@acme.example", "defaultplaceholders": '{"name": "you"}',
        "preserverecipients": True, "trackingUrl": hook + "/clicks", "trackclicks": True, "trackopens": True,
        "callbackData": "4711", "intermediateReport": True, "notifyUrl": hook + "/reports",
        "notifyContentType": "application/json", "bulkId": "b1", "messageId": "mine",
        "sendAt": "2001-01-01T00:00:00.000000",
    }
    sent = told(channel.send_email_message(whole))
plain = told(channel.send_email_message(least))
reports, tries = [], 0
while len(reports) < 4 and tries < 200:
    name, document = told(channel.email_delivery_reports())
    assert name == "DeliveryReportsResponse", name
    reports += document["results"]
    tries += 1
logs = told(channel.get_email_logs({"messageId": "mine,other", "generalStatus": "DELIVERED", "limit": 10}))
faulty = told(channel.send_email_message({**least, "to": "nonsense"}))
wrong = EmailChannel.from_auth_params({"base_url": base_url, "api_key": "wrong"})
answer([sent, plain, reports, logs, faulty, told(wrong.email_delivery_reports())])
"""


def test_the_older_client_works_unchanged(server: str, sender: Sender, hook: Hook, tmp_path: Any) -> None:
    content = bytes(range(256)) * 100
    for name in ("a.bin", "logo.png"):
        (tmp_path / name).write_bytes(content)
    script = f"TEXT, HTML = {json.dumps([f'See {TARGET}', HTML])}\n{OLD}"
    sent, plain, reports, logs, faulty, refused = run_python(
        old_infobip_python(), script, server, sender.token, hook.url, str(tmp_path)
    )
    assert [sent[0], plain[0], logs[0]] == ["SendEmailResponse", "SendEmailResponse", "GetLogsResponse"]
    assert [one["to"] for one in sent[1]["messages"]] == [f"{name}@example.com" for name in ("anna", "carl", "dora")]
    assert sent[1]["messages"][0]["message_id"] == "mine"
    assert len(reports) == 4
    assert {(one["channel"], one["status"]["group_name"], one["error"]["name"]) for one in reports} == {
        ("EMAIL", "DELIVERED", "NO_ERROR")
    }
    [log] = logs[1]["results"]
    assert (log["message_id"], log["from_email"], log["bulk_id"]) == ("mine", "Acme <news@acme.example>", "b1")
    assert [faulty[0], refused[0]] == ["EmailResponseError", "EmailResponseError"]
    assert refused[1]["request_error"]["service_exception"]["message_id"] == "UNAUTHORIZED"
