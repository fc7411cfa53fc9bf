"""A campaign's job: done once however often a process dies, given back at a stop, and ended when it is canceled."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shortener.accounts import senders
from shortener.campaigns import blocks, job, restored, uploads
from shortener.campaigns.options import Options
from shortener.messages import bulk
from shortener.rules.delivery.job_state import JobState
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Campaign, Message
from tests.support.factories import Sender, disable_account

ROWS = 700  # three chunks


@pytest.fixture
def started(app: Flask, sender: Sender) -> Callable[..., str]:
    def started(content: bytes | None = None, form: str = "csv") -> str:
        lines = (f"Your parcel {number}: https://shop.example.com/{number}" for number in range(ROWS))
        file = content or ("text\n" + "\n".join(lines) + "\n").encode()
        with db.write() as session:
            now = db.now(session)
            account = senders.Sender.of(senders.named(session, sender.name))
            campaign = uploads.store(session, account, f"a.{form}", io.BytesIO(file), by="olive", now=now)
            uploads.start(session, campaign, Options(form, columns={"message": "text"}), ROWS, now)
            return campaign.public_id

    return started


def found(public_id: str) -> Campaign:
    with db.read() as session:
        return session.scalars(select(Campaign).where(Campaign.public_id == public_id)).one()


def result(public_id: str) -> list[str]:
    text = b"".join(blocks.read(found(public_id).id, blocks.RESULT)).decode("utf-8-sig")
    return text.removesuffix("\r\n").split("\r\n")


def stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


class DyingError(Exception):
    """The process is gone."""


def end_lease() -> None:
    with db.write() as session:
        session.execute(update(Campaign).values(due_on=db.now(session)))


def test_every_row_is_in_the_result(services: Services, started: Callable[..., str]) -> None:
    public_id = started()
    assert services.campaigns.run_due()
    campaign = found(public_id)
    assert (campaign.state, campaign.rows, campaign.problems, stored()) == (JobState.DELIVERED, ROWS, 0, ROWS)
    header, *rows = result(public_id)
    assert header == "text,msgid,rewritten_message,shortlink,skipped,problem"
    assert len(rows) == ROWS
    assert all(row.startswith(f"Your parcel {number}: ") for number, row in enumerate(rows))
    assert not services.campaigns.run_due()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_process_stores_no_row_twice(
    services: Services, started: Callable[..., str], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """It dies when messages are stored and the progress is not, or when nothing of the second part is stored."""
    public_id = started()
    calls: list[int] = []
    real = bulk.preprocess_entries

    def dying(entries: list[object], *args: object, **named: object) -> object:
        calls.append(len(entries))
        if len(calls) == 2 and moment == "before":
            raise DyingError
        outcomes = real(entries, *args, **named)  # type: ignore[arg-type]
        if len(calls) == 2:
            raise DyingError
        return outcomes

    monkeypatch.setattr(bulk, "preprocess_entries", dying)
    with pytest.raises(DyingError):
        services.campaigns.run_due()
    assert not services.campaigns.run_due()  # its lease has not ended
    assert found(public_id).rows == calls[0]
    end_lease()
    assert services.campaigns.run_due()
    assert (found(public_id).state, stored(), len(result(public_id))) == (JobState.DELIVERED, ROWS, ROWS + 1)
    assert len({row.split(",")[1] for row in result(public_id)}) == ROWS + 1  # a msgid of its own in each


def test_a_process_that_lost_its_lease_stops(services: Services, started: Callable[..., str]) -> None:
    public_id = started()
    with db.write() as session:
        late = job.claim(session, db.now(session))
    assert late is not None
    end_lease()
    assert services.campaigns.run_due()
    assert next(job.run(late, services.site, services.policy, lambda: None)) is False
    assert (stored(), len(result(public_id))) == (ROWS, ROWS + 1)


def test_a_stop_gives_the_rest_back(services: Services, started: Callable[..., str]) -> None:
    public_id = started()
    services.campaigns.request_stop()
    services.campaigns.run_due()
    campaign = found(public_id)
    assert 0 < campaign.rows < ROWS
    assert (campaign.state, campaign.lease_token) == (JobState.PENDING, None)
    services.campaigns.run_due()
    assert found(public_id).rows > campaign.rows


def test_a_canceled_campaign_keeps_what_is_done(services: Services, started: Callable[..., str]) -> None:
    public_id = started()
    with db.write() as session:
        claimed = job.claim(session, db.now(session))
    assert claimed is not None
    steps = job.run(claimed, services.site, services.policy, lambda: None)
    assert next(steps)
    with db.write() as session:
        campaign = session.scalars(select(Campaign)).one()
        uploads.cancel(session, campaign, db.now(session))
    assert not next(steps)
    assert found(public_id).state is JobState.CANCELED
    assert len(result(public_id)) == found(public_id).rows + 1 == stored() + 1


def test_rows_that_cannot_be_used_are_named(services: Services, started: Callable[..., str]) -> None:
    public_id = started(b'text,tag\nhello https://shop.example.com/a,x\n"",y\nlonely\n')
    services.campaigns.run_due()
    assert [row.rpartition(",")[2] for row in result(public_id)] == [
        "problem",
        "",
        "text is required",
        '"The row has 1 cells, and the header 2."'.rpartition(",")[2],
    ]
    assert (found(public_id).problems, stored()) == (2, 1)


def test_json_lines_keep_their_form(services: Services, started: Callable[..., str]) -> None:
    public_id = started('{"text": "荷物 https://shop.example.com/a", "order": 7}\n'.encode(), "jsonl")
    services.campaigns.run_due()
    [line] = b"".join(blocks.read(found(public_id).id, blocks.RESULT)).decode().splitlines()
    assert '"order": 7' in line and '"shortlink": "https://s.example.com/' in line


def test_a_campaign_that_fails_again_and_again_ends(
    services: Services, started: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = started()
    monkeypatch.setattr(job, "MOST_TRIES", 0)
    services.campaigns.run_due()
    assert (found(public_id).state, found(public_id).detail) == (JobState.EXHAUSTED, job.STUCK)


def test_a_disabled_accounts_campaign_stores_nothing(
    services: Services, started: Callable[..., str], sender: Sender
) -> None:
    public_id = started()
    disable_account(sender.name)
    services.campaigns.run_due()
    assert (found(public_id).state, found(public_id).detail, stored()) == (JobState.EXHAUSTED, job.DISABLED, 0)


def test_old_files_are_deleted_with_their_blocks(services: Services, started: Callable[..., str]) -> None:
    started()
    services.campaigns.run_due()
    assert services.campaigns.sweep() == 0
    with db.write() as session:
        session.execute(update(Campaign).values(created_on=db.now(session) - 2 * uploads.KEPT))
    assert services.campaigns.sweep() == 1
    with db.read() as session:
        assert not list(blocks.read(1, blocks.FILE)) + list(session.scalars(select(Campaign)))
    assert stored() == ROWS


def test_a_restored_campaign_waits_for_somebody(services: Services, started: Callable[..., str]) -> None:
    public_id = started()
    with db.write() as session:
        assert restored.hold(session.connection()) == 1
    assert not services.campaigns.run_due()
    assert found(public_id).state is JobState.HELD
