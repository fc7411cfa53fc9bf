"""A real Kannel and a real Postfix: a message goes out, its receipt comes back, its link is clicked."""

import base64
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bench.instance import ROOT, Instance, running
from tests.support import carrier, kannel, postfix
from tests.support.carrier import Carrier
from tests.support.factories import BROWSER, TARGET
from tests.support.servers import Call, receiving
from tests.support.smtp import mailbox
from tests.support.waiting import WITHIN, until

SECRET_KEY = "k" * 40
TEXT = f"荷物をお届けします {TARGET} ありがとう"
SMPP = "id:1 sub:001 dlvrd:000 submit date:2611290837 done date:2611290838 stat:{stat} err:001 text:x"


def send(instance: Instance, recipient: str, message: str = TEXT, **fields: Any) -> str:
    """Send a message; its msgid."""
    body = {"message": message, "sender": "13013", "recipient": recipient, **fields}
    auth = (instance.sid, instance.token)
    answer = requests.post(f"{instance.url}/v1/messages", json=body, auth=auth, timeout=WITHIN)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["msgid"])


def report(instance: Instance, msgid: str) -> dict[str, Any]:
    auth = (instance.sid, instance.token)
    document: dict[str, Any] = requests.get(f"{instance.url}/v1/messages/{msgid}", auth=auth, timeout=WITHIN).json()
    return document


def state(instance: Instance, msgid: str) -> str:
    return str(report(instance, msgid)["receipt"]["state"])


def states(instance: Instance, msgid: str) -> set[str]:
    """The states that receipts have told."""
    return {receipt["state"] for receipt in report(instance, msgid)["receipts"]}


def clicked(text: str) -> str | None:
    """Click the link of a text, as its recipient does; where it leads."""
    [shortlink] = re.findall(r"http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9]{10}", text)
    answer = requests.get(shortlink, headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=WITHIN)
    return answer.headers.get("Location")


def test_a_text_reaches_a_phone_and_is_clicked(database_url: str, tmp_path: Path) -> None:
    with kannel.running(tmp_path / "kannel") as house:
        given = {"gateway": "kannel", "kannel_url": house.url(), "secret_key": SECRET_KEY}
        with running("phones", database_url=database_url, **given) as instance:
            msgid = send(instance, "+818012345678", sender="Acme")
            until(lambda: state(instance, msgid) == "delivered")
            [(sender, recipient, text)] = house.phones()
            assert (sender, recipient) == ("Acme", "+818012345678")
            assert text.startswith("荷物をお届けします http://127.0.0.1:") and text.endswith(" ありがとう")
            assert clicked(text) == TARGET
            told = report(instance, msgid)
    assert told["link_tracking"]["accessed"] is True
    assert {receipt["state"] for receipt in told["receipts"]} == {"accepted", "delivered"}


@pytest.fixture(scope="module")
def phones() -> Iterator[Carrier]:
    with carrier.carrying() as made:
        yield made


@pytest.fixture(scope="module")
def house(phones: Carrier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[kannel.Kannel]:
    limits = 'white-list-regex = "^[+]81"'
    with kannel.running(tmp_path_factory.mktemp("kannel"), carrier=f"{phones.url}/mt", limits=limits) as made:
        yield made


@pytest.fixture(scope="module")
def instance(own_database_url: str, house: kannel.Kannel) -> Iterator[Instance]:
    given = {"gateway": "sms=kannel,email=simulator", "kannel_url": house.url(), "secret_key": SECRET_KEY}
    with running("carrier", database_url=own_database_url, **given) as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "stat", "reached"),
    [
        (1, "DELIVRD", "delivered"),
        (4, "ENROUTE", "buffered"),
        (2, "UNDELIV", "failed"),
        (2, "EXPIRED", "expired"),
        (2, "REJECTD", "rejected"),
        (2, "UNKNOWN", "unknown"),
    ],
)
def test_a_report_of_a_carrier_sets_the_state(
    instance: Instance, house: kannel.Kannel, phones: Carrier, kind: int, stat: str, reached: str
) -> None:
    text = f"text {uuid.uuid4()}"  # the carrier serves both databases
    msgid = send(instance, "+818012345678", text)
    until(lambda: phones.taken(text) is not None)
    until(lambda: "accepted" in states(instance, msgid))  # or Kannel may not know the message yet
    phones.report(house, text, kind, SMPP.format(stat=stat))
    until(lambda: reached in states(instance, msgid))
    if reached != "buffered":
        assert state(instance, msgid) == reached


def test_a_refusal_of_the_carrier_rejects_a_message(instance: Instance, phones: Carrier) -> None:
    phones.refuses.add("refuse me")
    msgid = send(instance, "+818012345678", "refuse me")
    until(lambda: state(instance, msgid) == "rejected")


def test_a_refusal_of_the_gateway_rejects_a_message(instance: Instance) -> None:
    msgid = send(instance, "+4915112345678")
    until(lambda: state(instance, msgid) == "rejected")
    receipt = report(instance, msgid)["receipt"]
    assert (receipt["code"], receipt["reason"]) == ("400", "provider_block")


def test_a_hanging_gateway_delays_no_other(database_url: str) -> None:
    def hang(call: Call) -> None:
        call.hang()

    with receiving(hang) as server:
        url = f"http://tester:foobar@127.0.0.1:{server.port}"
        given = {"gateway": "sms=kannel,email=simulator", "kannel_url": url, "secret_key": SECRET_KEY}
        with running("hanging", database_url=database_url, gateway_in_flight="64", **given) as instance:
            stuck = [send(instance, f"+8180{number:08}") for number in range(64)]
            until(lambda: server.calls > 0)
            msgid = send(instance, "anna@example.com", sender="news@acme.example")
            until(lambda: state(instance, msgid) == "delivered")
            assert {state(instance, one) for one in stuck} == {"queued"}


def test_a_stopped_gateway_gets_its_messages_later(database_url: str, tmp_path: Path) -> None:
    """Nothing is refused or lost meanwhile; the first retries come after five and thirty seconds."""
    with carrier.carrying() as phones, kannel.running(tmp_path / "kannel", carrier=f"{phones.url}/mt") as house:
        house.stop()
        given = {"gateway": "kannel", "kannel_url": house.url(), "secret_key": SECRET_KEY}
        with running("stopped", database_url=database_url, **given) as instance:
            ids = [send(instance, "+818012345678", f"text {number}") for number in range(5)]
            until(lambda: all(report(instance, one)["sending"]["attempts"] for one in ids))
            assert {state(instance, one) for one in ids} == {"queued"}
            house.boxes()
            until(lambda: len(phones.messages) > 0)
            until(lambda: {state(instance, one) for one in ids} == {"accepted"})
    assert sorted(given["text"] for given in phones.messages) == sorted(f"text {number}" for number in range(5))


PAGE = ROOT / "docs" / "operate" / "gateways.md"
PDF = base64.b64encode(b"%PDF").decode()
HTML = f'<p>荷物 <a href="{TARGET}">track</a></p>'


def script(instance: Instance, folder: Path) -> str:
    """The script of docs/operate/gateways.md, for this instance."""
    text = PAGE.read_text(encoding="utf-8").split("```sh\n")[1].split("```")[0]
    netrc, path = folder / "netrc", folder / "receipt"
    netrc.write_text(f"machine 127.0.0.1 login {instance.sid} password {instance.token}\n")
    path.write_text(text.replace("/etc/shortener/netrc", str(netrc)).replace("https://s.example.com", instance.url))
    path.chmod(0o755)
    return str(path)


def test_a_mail_is_delivered_and_reported(database_url: str) -> None:
    """Postfix pipes its notifications to the script of the documentation."""
    refused = {"nobody@next.example": "550 5.1.1 no such user", "later@next.example": "450 4.2.0 later"}
    with mailbox(refused=refused) as box:
        transports = {"here.example": "discard:", "next.example": f"smtp:[127.0.0.1]:{box.port}"}
        with postfix.running(transports, delayed="1s", lifetime="4s") as relay:
            given = {"gateway": "smtp", "smtp_url": relay.url, "secret_key": SECRET_KEY}
            with running("mails", database_url=database_url, **given) as instance:
                relay.pipe_bounces_to(script(instance, relay.folder))
                mail = {"sender": "news@acme.example", "subject": "お知らせ", "html": HTML}
                file = {
                    "name": "a.pdf",
                    "content_type": "application/pdf",
                    "content": base64.b64encode(b"%PDF").decode(),
                }
                ids = {
                    recipient: send(instance, recipient, **mail, attachments=[file])
                    for recipient in ("anna@here.example", "anna@next.example", *refused)
                }
                ends = {"anna@here.example": "delivered", "anna@next.example": "accepted"}
                ends |= {"nobody@next.example": "failed", "later@next.example": "expired"}
                until(lambda: {to: state(instance, msgid) for to, msgid in ids.items()} == ends)
                late = report(instance, ids["later@next.example"])["receipts"]
                assert {receipt["state"] for receipt in late} == {"buffered", "expired"}
                assert report(instance, ids["nobody@next.example"])["receipt"]["reason"] == "no_such_address"
                [kept] = box.kept
                text, alternative = (kept.mail.get_body((kind,)) for kind in ("plain", "html"))
                assert text is not None and alternative is not None
                assert clicked(text.get_content()) == TARGET
                assert re.search(r'<a href="http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9]{10}">', alternative.get_content())
                assert [part.get_payload(decode=True) for part in kept.mail.iter_attachments()] == [b"%PDF"]
