"""What Kannel reports, in our states: every kind of report, also from a real Kannel."""

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.rules.delivery import server_address
from shortener.rules.delivery.message_state import MessageState as State
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending.gateway import Outgoing, Taken
from shortener.sending.kannel import receipts
from shortener.sending.kannel.gateway import Kannel
from tests.support import carrier, kannel
from tests.support.carrier import Carrier
from tests.support.waiting import until

SMPP = "id:64cee326 sub:001 dlvrd:{dlvrd} submit date:2611290837 done date:2611290838 stat:{stat} err:{err} text:Hello"


def read(**fields: str) -> IncomingReceipt:
    [receipt] = receipts.read(Given(fields))
    return receipt


@pytest.mark.parametrize(
    ("kind", "answer", "state", "code", "reason"),
    [
        ("8", "ACK/", State.ACCEPTED, "", Reason.NONE),
        ("16", "NACK/0x0000000b/Invalid Destination Address", State.REJECTED, "0x0000000b", Reason.UNREACHABLE),
        ("16", "NACK/0x000000ff/Unknown Error", State.REJECTED, "0x000000ff", None),
        ("16", "NACK/no route", State.REJECTED, "no route", Reason.NO_ROUTE),
        ("16", "NACK/", State.REJECTED, "", Reason.UNKNOWN),
        ("1", SMPP.format(dlvrd="001", stat="DELIVRD", err="000"), State.DELIVERED, "000", Reason.NONE),
        ("1", "", State.DELIVERED, "", Reason.NONE),
        ("4", SMPP.format(dlvrd="000", stat="ACCEPTD", err="000"), State.BUFFERED, "000", Reason.NONE),
        ("4", SMPP.format(dlvrd="000", stat="ENROUTE", err="000"), State.BUFFERED, "000", Reason.NONE),
        ("2", SMPP.format(dlvrd="000", stat="UNDELIV", err="001"), State.FAILED, "001", None),
        ("2", SMPP.format(dlvrd="000", stat="EXPIRED", err="000"), State.EXPIRED, "000", Reason.UNKNOWN),
        ("2", SMPP.format(dlvrd="000", stat="DELETED", err="000"), State.FAILED, "000", Reason.UNKNOWN),
        ("2", SMPP.format(dlvrd="000", stat="REJECTD", err="069"), State.REJECTED, "069", None),
        ("2", SMPP.format(dlvrd="000", stat="UNKNOWN", err="000"), State.UNKNOWN, "000", Reason.UNKNOWN),
        ("2", "stat:expired", State.EXPIRED, "", Reason.UNKNOWN),
        ("2", "", State.FAILED, "", Reason.UNKNOWN),
        ("2", "what a carrier says", State.FAILED, "", Reason.UNKNOWN),
        ("32", "", State.BUFFERED, "", Reason.NONE),
    ],
)
def test_every_report_has_a_state(kind: str, answer: str, state: State, code: str, reason: Reason | None) -> None:
    receipt = read(type=kind, answer=answer, ref="F1", at="1795941457")
    assert (receipt.state, receipt.code, receipt.reason) == (state, code, reason)
    assert (receipt.gateway, receipt.gateway_ref) == ("kannel", "F1")
    assert receipt.at == dt.datetime(2026, 11, 29, 8, 37, 37, tzinfo=dt.UTC)


@pytest.mark.parametrize("at", ["", "soon", "-1", "99999999999", "0", "%T", "1.5"])
def test_a_report_without_a_time_has_none(at: str) -> None:
    assert read(type="1", at=at).at is None


@pytest.mark.parametrize("kind", ["", "3", "%d", "one", "1 2"])
def test_another_kind_is_refused(kind: str) -> None:
    with pytest.raises(InvalidFieldsError):
        read(type=kind)


@given(st.dictionaries(st.sampled_from(["type", "answer", "ref", "at", "x"]), st.text(max_size=300)))
def test_any_fields_are_read_or_refused(fields: dict[str, str]) -> None:
    try:
        receipt = read(**fields)
    except InvalidFieldsError:
        return
    assert len(receipt.code) <= 40 and len((receipt.raw or "").encode()) <= 2048


@pytest.mark.parametrize("odd", ["\0", "\ud800", "x" * 5000, "stat:DELIVRD \0" * 400])
def test_no_word_of_a_carrier_loses_a_receipt(odd: str) -> None:
    receipt = read(type="1", answer=odd, ref=odd, at=odd)
    assert (receipt.state, receipt.at) == (State.DELIVERED, None)
    assert len(receipt.gateway_ref) <= 200
    assert "\0" not in receipt.gateway_ref + receipt.code + (receipt.raw or "")


@pytest.fixture(scope="module")
def phones() -> Iterator[Carrier]:
    with carrier.carrying() as made:
        yield made


@pytest.fixture(scope="module")
def house(phones: Carrier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[kannel.Kannel]:
    with kannel.running(tmp_path_factory.mktemp("kannel"), carrier=f"{phones.url}/mt") as made:
        yield made


def sent(house: kannel.Kannel, phones: Carrier, text: str, msgid: str) -> None:
    gateway = Kannel(server_address.parse(house.url(), HTTP_PORTS))
    url = f"{phones.url}/receipts/kannel/{msgid}/NOGLjZJ0qpoF-Eau"
    outgoing = Outgoing(msgid=msgid, sender="13013", recipient="+818012345678", text=text, receipt_url=url)
    assert isinstance(gateway.hand_over(outgoing), Taken)


def states(phones: Carrier, msgid: str) -> set[State]:
    return {receipt.state for report in phones.reported(msgid) for receipt in receipts.read(Given(report))}


WORDS = {
    "UNDELIV": State.FAILED,
    "EXPIRED": State.EXPIRED,
    "DELETED": State.FAILED,
    "REJECTD": State.REJECTED,
    "UNKNOWN": State.UNKNOWN,
}


def test_a_real_kannel_reports_a_delivery(house: kannel.Kannel, phones: Carrier) -> None:
    sent(house, phones, "first line\nsecond", "delivered")
    until(lambda: states(phones, "delivered") == {State.ACCEPTED})
    assert phones.messages[-1]["text"] == "first line\nsecond"
    phones.report(house, "first line\nsecond", 1, SMPP.format(dlvrd="001", stat="DELIVRD", err="000"))
    until(lambda: states(phones, "delivered") == {State.ACCEPTED, State.DELIVERED})
    last = receipts.read(Given(phones.reported("delivered")[-1]))[0]
    assert last.gateway_ref.startswith("F") and last.at is not None


def test_a_real_kannel_reports_a_delay(house: kannel.Kannel, phones: Carrier) -> None:
    sent(house, phones, "buffered", "buffered")
    until(lambda: states(phones, "buffered") == {State.ACCEPTED})
    phones.report(house, "buffered", 4, SMPP.format(dlvrd="000", stat="ENROUTE", err="000"))
    until(lambda: State.BUFFERED in states(phones, "buffered"))


def test_a_real_kannel_reports_a_refusal(house: kannel.Kannel, phones: Carrier) -> None:
    phones.refuses.add("refuse me")
    sent(house, phones, "refuse me", "refused")
    until(lambda: states(phones, "refused") == {State.REJECTED})


def test_a_real_kannel_tries_again_later(house: kannel.Kannel, phones: Carrier) -> None:
    phones.delays.add("not now")
    sent(house, phones, "not now", "late")
    until(lambda: states(phones, "late") == {State.ACCEPTED})
    assert [given["text"] for given in phones.messages].count("not now") == 2


@pytest.mark.parametrize("stat", WORDS)
def test_a_real_kannel_reports_a_failure(house: kannel.Kannel, phones: Carrier, stat: str) -> None:
    sent(house, phones, f"text {stat}", stat)
    until(lambda: states(phones, stat) == {State.ACCEPTED})
    phones.report(house, f"text {stat}", 2, SMPP.format(dlvrd="000", stat=stat, err="001"))
    until(lambda: WORDS[stat] in states(phones, stat))
