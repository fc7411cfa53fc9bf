"""After a restore, no message that may have been handed over since the backup is handed over again."""

import pytest
from sqlalchemy import update

from shortener.rules.delivery.gateway_rules import OnUnsure
from shortener.sending import restored
from shortener.storage import db
from shortener.storage.models import Account
from tests.support.factories import DAY, NOW, Sender
from tests.support.hand_overs import SECOND, claim, message, put, sending


def doubt() -> int:
    with db.write() as session:
        return restored.doubt(session.connection(), NOW + SECOND)


def test_a_waiting_message_is_held_after_a_restore(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    assert doubt() == 1
    assert claim(NOW + SECOND) == []
    assert (sending(message_id).state, message(message_id).state) == ("held", "unknown")


def test_an_account_may_want_it_repeated(sender: Sender) -> None:
    put(sender, now=NOW)
    with db.write() as session:
        session.execute(update(Account).values(on_unsure=OnUnsure.REPEAT))
    assert doubt() == 1
    assert len(claim(NOW + SECOND)) == 1


def test_a_message_that_was_not_due_is_certain(sender: Sender) -> None:
    put(sender, now=NOW, due_on=NOW + DAY)
    assert doubt() == 0
    assert len(claim(NOW + DAY)) == 1


@pytest.mark.usefixtures("app")
def test_a_backup_of_an_older_version_has_none() -> None:
    with db.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE sending RENAME TO something_else")
        assert restored.doubt(session.connection(), NOW) == 0
        session.rollback()
