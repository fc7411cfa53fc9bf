"""docs/integrate/sending.md: its tables are complete, and its examples work."""

import re

from shortener.rules.delivery.message_state import MessageState
from tests.support import ROOT

TEXT = (ROOT / "docs" / "integrate" / "sending.md").read_text(encoding="utf-8")


def test_every_state_is_listed_in_the_order_of_ranks() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (yes)? ?\|$", TEXT.partition("## States")[2], re.MULTILINE)
    assert [(name, final == "yes") for name, final in rows] == [(state, state.is_final) for state in MessageState]
