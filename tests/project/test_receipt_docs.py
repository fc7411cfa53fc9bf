"""docs/integrate/receipts.md: its tables are complete."""

import re
from typing import get_type_hints

from shortener import vendors
from shortener.receipts.fields import MOST_RECEIPTS
from shortener.receipts.storing import MOST
from shortener.rules.delivery.event import ReceiptData, ReceiptEvent
from shortener.rules.delivery.reason import CODES, MEANINGS
from tests.support import ROOT

TEXT = (ROOT / "docs" / "integrate" / "receipts.md").read_text(encoding="utf-8")


def test_every_reason_has_its_row() -> None:
    """Change a row with its reason in `rules/delivery/reason.py`."""
    numbers = {reason: number for number, reason in CODES.items()}
    expected = [
        (numbers.get(reason, ""), str(reason), "yes" if meaning.permanent else "", meaning.en, meaning.ja)
        for reason, meaning in MEANINGS.items()
    ]
    row = re.compile(r"^\| ?(\d*) \| `(\w+)` \| ?(yes)? ?\| (.*)<br>(.*) \|$", re.MULTILINE)
    assert row.findall(TEXT.partition("## Reasons")[2]) == expected


def test_every_vendor_whose_receipts_we_read_is_named() -> None:
    names = re.findall(r"^\| [A-Z][\w ]+ \| `(\w+)` \|", TEXT, re.MULTILINE)
    assert set(names) == vendors.receipt_readers().keys()


def test_every_field_of_the_event_is_explained() -> None:
    fields = [name for name in get_type_hints(ReceiptEvent) if name != "data"]
    fields += [f"data.{name}" for name in get_type_hints(ReceiptData)]
    assert [name for name in fields if f"`{name}`" not in TEXT] == []


def test_the_limits_are_those_of_the_code() -> None:
    text = " ".join(TEXT.split())
    assert f"most {MOST} receipts" in text and f"{MOST_RECEIPTS:,} receipts" in text
