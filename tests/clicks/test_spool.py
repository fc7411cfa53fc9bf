"""The spool of clicks: written clicks can be read, whatever else is in the file."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from shortener.clicks.new_click import NewClick
from shortener.clicks.spool import ClickSpool, pack, unpack
from shortener.rules.visitors.device import NO_DEVICE, Device
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.rules.wire.moments import to_micros
from tests.support.factories import DAY, NOW

CLICK = NewClick(1, UUID(int=7), NOW, Verdict(Visitor.PERSON, "browser"), counts=True, network="203.0.113.0/24")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[ClickSpool]:
    made = ClickSpool(tmp_path, 4096, lambda: "installation")
    yield made
    made.close()


@pytest.mark.parametrize("network", [None, "203.0.113.0/24"])
@pytest.mark.parametrize("device", [NO_DEVICE, Device("ios", "safari", "phone")])
def test_a_packed_click_is_unpacked_unchanged(network: str | None, device: Device) -> None:
    click = dataclasses.replace(CLICK, network=network, device=device)
    assert unpack(pack(click)) == click


def test_a_record_of_an_earlier_version_is_read() -> None:
    record = (
        b'{"id":"00000000000000000000000000000007","link":1,"clicked_on":%d,"visitor":"person","reason":"browser",'
        b'"counts":true,"network":"203.0.113.0/24"}'
    )
    assert unpack(record % to_micros(NOW)) == CLICK


@pytest.mark.parametrize("record", [b"", b"nonsense", b"[1]", b"{}", b"null", pack(CLICK)[:-1]])
def test_other_records_are_not_clicks(record: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a click|Expecting|Unterminated"):
        unpack(record)


def test_clicks_are_read_earliest_first(spool: ClickSpool) -> None:
    later = dataclasses.replace(CLICK, clicked_on=NOW + DAY)
    assert spool.add(later) and spool.add(CLICK)
    [file] = spool.files()
    assert spool.new_clicks(file.read()[0]) == [CLICK, later]


def test_a_click_without_room_is_refused_and_counted(spool: ClickSpool) -> None:
    while spool.add(CLICK):
        pass
    spool.count_lost(CLICK)
    written, lost = spool.counts()
    assert (written > 10, lost) == (True, 1)
    assert spool.fault() == "the file of this process is full"


def test_an_unreadable_record_is_set_aside(spool: ClickSpool, tmp_path: Path) -> None:
    assert spool.new_clicks([b"nonsense", pack(CLICK)]) == [CLICK]
    assert (tmp_path / "installation-refused.jsonl").read_bytes() == b"nonsense\n"
