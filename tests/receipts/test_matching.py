"""Messages of receipts are found through indexes that lead to them alone, however many there are."""

from typing import Any

import pytest

from shortener.accounts import senders
from shortener.receipts import take_in
from shortener.storage import db
from tests.receipts.test_take_in import receipt
from tests.support import sendings
from tests.support.databases import listening
from tests.support.factories import NOW, Sender, make_message
from tests.support.plans import scans, steps

OF_ACCOUNT = "(account_id=?)"  # the step that reads all rows of an account
REFERENCES: dict[str, dict[str, Any]] = {
    "by the gateway's reference": {"gateway_ref": "ref-0"},
    "by a msgid": {"gateway_ref": "0" * 32, "references": ("order-1",)},
    "by a client tag": {"gateway_ref": "", "references": ("order-1", "order-2")},
    "unknown": {"gateway_ref": "ref-9", "references": ("order-9",)},
}


@pytest.mark.parametrize("fields", REFERENCES.values(), ids=list(REFERENCES))
def test_no_tables_or_accounts_rows_are_read_whole(sender: Sender, database_kind: str, fields: dict[str, Any]) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL reads small tables whole, as it should")
    for number in range(3):
        message = make_message(sender, client_tag=f"order-{number}").message
        with db.write() as session:
            sendings.add(session, message, "acme", gateway_ref=f"ref-{number}" if number < 2 else None)
    with db.write() as session, listening() as asked:
        account = senders.Sender.of(senders.named(session, sender.name))
        assert take_in.take_all(session, account, [receipt(**fields), receipt("accepted", **fields)], now=NOW) == 2
    questions = [(statement, values) for statement, values in asked if statement.startswith(("SELECT", "UPDATE"))]
    assert len(questions) > 4
    assert [(step, question[0]) for question in questions for step in scans(*question)] == []
    assert [
        (step, question[0]) for question in questions for step in steps(*question) if step.endswith(OF_ACCOUNT)
    ] == []
