"""The clients of NAVER SENS from npm, unmodified but for the host, against a real server on loopback."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.factories import BROWSER, Sender
from tests.support.scripts import run_node
from tests.support.waiting import until

SCRIPT = """
const [base, accessKey, secretKey, service, client, given] = args;
const path = `/sms/v2/services/${service}/messages`;
const calls = {
  pickk() {
    const { SmsClient } = require("@pickk/sens");
    const sms = new SmsClient({ accessKey, secretKey, smsServiceId: service, callingNumber: "0215441234" });
    sms.baseUrl = `${base}/sms/v2/services/${service}`;
    return sms.send(given);
  },
  nodeSens() {
    const { NCPClient } = require("node-sens");
    const sms = new NCPClient({ phoneNumber: "0215441234", serviceId: service, secretKey, accessKey });
    sms.url = base + path;
    return sms.sendSMS(given);
  },
  ncp() {
    require("ncp-client/dist/shared/baseurl").BaseURL.sens = base;
    const { SENS } = require("ncp-client");
    const sms = new SENS().smsService({ accessKey, secretKey }, { phone: "0215441234", serviceId: service });
    return sms[given.call](...given.with);
  },
};
try {
  answer({ value: await calls[client]() });
} catch (error) {
  answer({ status: error.response?.status, body: error.response?.data, error: String(error) });
}
"""
SERVICE = "ncp:sms:kr:123456789012:shop"
TARGET = "https://a.example.com/1"
TEXT = f"Parcel: {TARGET} bye"
Call = Callable[..., Any]


@pytest.fixture
def call(server: str, sender: Sender) -> Call:
    """Make a call of a client, as the account `shop`; return what the client says."""

    def run(client: str, given: Any, secret: str = sender.signing_secret, service: str = SERVICE) -> Any:
        return run_node(SCRIPT, server, sender.sid, secret, service, client, given)

    return run


def ncp(call: Call, name: str, *arguments: Any, **more: Any) -> Any:
    """A call of ncp-client, which reports errors in its answer."""
    return call("ncp", {"call": name, "with": arguments}, **more)["value"]


def sent(call: Call, to: str = "01012345678") -> str:
    """The id of the message that ncp-client has sent to somebody."""
    request_id = ncp(call, "sendSMS", {"to": to, "content": TEXT})["preprocessed"]["requestId"]
    [msgid] = ncp(call, "searchMessageRequest", request_id)["preprocessed"]["messageIds"]
    found: str = msgid
    return found


def result_of(call: Call, msgid: str) -> Any:
    answer = ncp(call, "searchMessageResult", msgid)
    assert answer["isSuccess"], answer
    return answer["preprocessed"]["messages"][0]


def arrived(call: Call, msgid: str) -> Any:
    """The result of a message, once it is completed."""
    until(lambda: result_of(call, msgid)["status"] == "COMPLETED")
    return result_of(call, msgid)


def test_pickk_sends_to_several_recipients(call: Call) -> None:
    answer = call("pickk", {"to": ["01011112222", "01033334444"], "content": TEXT})["value"]
    assert (answer["statusCode"], answer["statusName"]) == ("202", "success")
    messages = ncp(call, "searchMessageRequest", answer["requestId"])["data"]["messages"]
    assert [message["to"] for message in messages] == ["01011112222", "01033334444"]
    assert len({message["content"] for message in messages}) == 2


def test_pickk_sends_to_one_recipient(call: Call) -> None:
    answer = call("pickk", {"to": "01012345678", "content": TEXT, "type": "LMS", "contentType": "AD"})["value"]
    [message] = ncp(call, "searchMessageRequest", answer["requestId"])["data"]["messages"]
    assert (message["type"], message["contentType"], message["countryCode"]) == ("LMS", "AD", "82")


def test_pickk_reports_what_is_wrong(call: Call, sender: Sender) -> None:
    refused = call("pickk", {"to": "010-1234-5678", "content": TEXT})
    assert (refused["status"], refused["body"]["errors"][0][:14]) == (400, "messages[0].to")
    wrong = call("pickk", {"to": "01012345678", "content": TEXT}, sender.token)
    assert (wrong["status"], wrong["body"]["error"]["errorCode"]) == (401, "200")


def test_node_sens_succeeds_with_202(call: Call, sender: Sender) -> None:
    assert call("nodeSens", {"to": "01012345678", "content": TEXT})["value"]["success"] is True
    assert call("nodeSens", {"to": "9012345678", "content": TEXT, "countryCode": "81"})["value"]["status"] == 202
    assert call("nodeSens", {"to": "x", "content": TEXT})["value"] == {
        "success": False,
        "status": 400,
        "msg": "BAD REQUEST",
    }
    assert call("nodeSens", {"to": "01012345678", "content": TEXT}, sender.token)["value"]["status"] == 401


def test_ncp_client_finds_request_and_result(call: Call) -> None:
    answer = ncp(call, "sendSMS", [{"to": "01011112222", "content": TEXT}, {"to": "01033334444", "content": "Hello"}])
    assert answer["isSuccess"] and answer["preprocessed"]["result"] == "success"
    request_id = answer["preprocessed"]["requestId"]
    found = ncp(call, "searchMessageRequest", request_id)["preprocessed"]
    assert (found["result"], found["requestId"], len(found["messageIds"])) == ("success", request_id, 2)
    first, second = (arrived(call, msgid) for msgid in found["messageIds"])
    assert (second["content"], second["to"], second["from"]) == ("Hello", "01033334444", "0215441234")
    assert (first["statusCode"], first["statusName"], first["status"]) == ("0", "success", "COMPLETED")
    assert first["completeTime"] >= first["requestTime"]


def test_a_click_on_a_recipients_link_is_a_redirect(call: Call) -> None:
    shortlink = arrived(call, sent(call))["content"].split()[1]
    opened = requests.get(shortlink, headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=10)
    assert (opened.status_code, opened.headers["Location"]) == (302, TARGET)


def test_ncp_client_sees_a_failure_with_its_reason(call: Call) -> None:
    failed = arrived(call, sent(call, "01012349902"))
    assert (failed["statusCode"], failed["statusName"]) == ("3001", "fail")
    assert failed["statusMessage"] == "The number is no longer in use. Take it off your lists."


def test_ncp_client_reports_errors_in_its_answer(call: Call, sender: Sender) -> None:
    wrong = ncp(call, "sendSMS", {"to": "01012345678", "content": TEXT}, secret=sender.token)
    assert (wrong["isSuccess"], wrong["errorMessage"]) == (False, "Unexpected HTTP Status Code : 401")
    unknown = ncp(call, "searchMessageResult", "x" * 32)
    assert unknown["errorMessage"] == "Unexpected HTTP Status Code : 404"
    blank = ncp(call, "sendSMS", {"to": "01012345678", "content": ""})
    assert blank["errorMessage"] == "Unexpected HTTP Status Code : 400"
    assert ncp(call, "searchMessageRequest", "unknown")["preprocessed"]["messageIds"] == []


def test_other_service_ids_have_other_messages(call: Call) -> None:
    msgid = sent(call)
    assert ncp(call, "searchMessageResult", msgid, service="other")["isSuccess"] is False
    assert ncp(call, "sendSMS", {"to": "01012345678", "content": TEXT}, service="a-b_c.1")["isSuccess"] is True
