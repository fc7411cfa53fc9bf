"""Messages submitted at the same moment: one transaction, an outcome for each."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from shortener.accounts.authentication import authenticate
from shortener.errors import ClientTagTakenError, InvalidFieldsError
from shortener.messages import portions
from shortener.messages.analysis import Analysis, analyze
from shortener.messages.group_commit import GroupCommit
from shortener.messages.preprocess import Outcome, Preprocessed
from shortener.messages.submission import Submission
from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.receiver import Policy
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account, Message
from tests.support.factories import DAY, TEXT, Sender
from tests.support.waiting import until


def account_of(sender: Sender) -> Account:
    return authenticate(services().readers, sender.sid, sender.token)[0]


def analysis(sender: Sender, **fields: object) -> Analysis:
    submission = Submission.check({"message": TEXT, **fields}, Policy())
    return analyze(submission, account_of(sender), services().site)


def unstorable(sender: Sender) -> Analysis:
    """A message with a value that no database accepts."""
    return analysis(sender)._replace(track_link=None)  # type: ignore[arg-type]


def together(app: Flask, *handed_in: tuple[Sender, Analysis]) -> list[Future[Preprocessed]]:
    """Submit these in this order, as if another thread were committing until all are there."""
    group_commit, site = services().group_commit, services().site

    def preprocess(sender: Sender, made: Analysis) -> Preprocessed:
        with app.app_context():
            return group_commit.preprocess(account_of(sender), made, site)

    group_commit._is_storing = True
    with ThreadPoolExecutor(len(handed_in)) as pool:
        futures = []
        for number, (sender, made) in enumerate(handed_in, 1):
            futures.append(pool.submit(preprocess, sender, made))
            until(lambda number=number: len(group_commit._queue) == number)
        group_commit._queue[0].wake_up.release()
    return futures


def commits(work: Callable[[], object]) -> int:
    counted: list[object] = []

    @event.listens_for(db.db.engine, "commit")
    def count(connection: object) -> None:
        counted.append(connection)

    work()
    return len(counted)


def stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


def of(futures: Sequence[Future[Preprocessed]]) -> list[Message]:
    """The stored messages, in this order."""
    with db.read() as session:
        return [session.get_one(Message, future.result().message.id) for future in futures]


def test_messages_that_come_together_share_one_commit(app: Flask, sender: Sender) -> None:
    handed_in = [(sender, analysis(sender, client_tag=f"order-{number}")) for number in range(5)]
    done: list[Future[Preprocessed]] = []
    assert commits(lambda: done.extend(together(app, *handed_in))) == 1
    assert [message.client_tag for message in of(done)] == [f"order-{number}" for number in range(5)]
    assert all(future.result().link for future in done)
    assert stored() == 5


def test_messages_that_come_meanwhile_share_the_next_commit(app: Flask, sender: Sender) -> None:
    group_commit, site, account = services().group_commit, services().site, account_of(sender)
    later = [analysis(sender) for _ in range(3)]
    groups: list[object] = []

    def preprocess(made: Analysis) -> Preprocessed:
        with app.app_context():
            return group_commit.preprocess(account, made, site)

    with ThreadPoolExecutor(len(later)) as pool:

        def hand_in(connection: object) -> None:
            groups.append(connection)
            if len(groups) == 1:
                futures.extend(pool.submit(preprocess, made) for made in later)
                until(lambda: len(group_commit._queue) == len(later))

        futures: list[Future[Preprocessed]] = []
        event.listen(db.db.engine, "commit", hand_in)
        try:
            preprocess(analysis(sender))
            assert all(future.result().link for future in futures)
        finally:
            event.remove(db.db.engine, "commit", hand_in)
    assert (len(groups), stored()) == (2, 4)


def test_each_account_gets_its_own(app: Flask, sender: Sender, other_sender: Sender) -> None:
    both = (sender, other_sender, sender)
    done = together(app, *((each, analysis(each, client_tag=f"order-{place}")) for place, each in enumerate(both)))
    assert [message.account_id for message in of(done)] == [account_of(each).id for each in both]


def test_the_first_of_equal_client_tags_is_stored(app: Flask, sender: Sender) -> None:
    first, second = together(app, *[(sender, analysis(sender, client_tag="order-7"))] * 2)
    assert isinstance(second.exception(), ClientTagTakenError)
    assert first.result().message.msgid in str(vars(second.exception()))
    assert stored() == 1


def test_an_unstorable_message_does_not_affect_others(app: Flask, sender: Sender) -> None:
    good, bad, other = together(
        app, (sender, analysis(sender)), (sender, unstorable(sender)), (sender, analysis(sender))
    )
    assert isinstance(bad.exception(), SQLAlchemyError)
    assert good.result().link and other.result().link
    assert stored() == 2


def test_a_call_with_many_messages_has_an_outcome_for_each(sender: Sender) -> None:
    analyses = [analysis(sender, client_tag=tag) for tag in ("a", "b", "a")]
    done: list[Outcome] = []
    many = services().group_commit.preprocess_all
    assert commits(lambda: done.extend(many(account_of(sender), analyses, services().site))) == 1
    assert [type(outcome) for outcome in done] == [Preprocessed, Preprocessed, ClientTagTakenError]


def test_a_call_with_very_many_messages_has_several_commits(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "SIZE", 2)
    analyses = [analysis(sender, client_tag=tag) for tag in ("a", "b", "c", "a", "d")]
    done: list[Outcome] = []
    many = services().group_commit.preprocess_all
    assert commits(lambda: done.extend(many(account_of(sender), analyses, services().site))) == 3
    assert [isinstance(outcome, ClientTagTakenError) for outcome in done] == [False, False, False, True, False]


def test_a_call_with_too_many_links_is_refused(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "MOST_LINKS", 1)
    with pytest.raises(InvalidFieldsError):
        services().group_commit.preprocess_all(account_of(sender), [analysis(sender)] * 2, services().site)
    assert stored() == 0


def test_what_earlier_transactions_of_a_call_stored_stays(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "SIZE", 2)
    analyses = [analysis(sender), analysis(sender), unstorable(sender)]
    with pytest.raises(SQLAlchemyError):
        services().group_commit.preprocess_all(account_of(sender), analyses, services().site)
    assert stored() == 2


def test_of_a_call_that_fails_nothing_is_stored(sender: Sender) -> None:
    analyses = [analysis(sender), unstorable(sender)]
    with pytest.raises(SQLAlchemyError):
        services().group_commit.preprocess_all(account_of(sender), analyses, services().site)
    assert stored() == 0


def test_what_is_to_be_sent_is_announced_after_the_commit(sender: Sender) -> None:
    simulator = GatewayName.SIMULATOR
    gateways = Gateways(dict.fromkeys(Channel, simulator), frozenset({simulator}))
    site = dataclasses.replace(services().site, gateways=gateways)
    announced: list[int] = []
    queue = GroupCommit(lambda: announced.append(stored()))

    def submit(**fields: object) -> None:
        given = Submission.check({"message": TEXT, "sender": "SHOP", "recipient": "+818012345678", **fields}, Policy())
        queue.preprocess(account_of(sender), analyze(given, account_of(sender), site), site)

    submit()
    submit(gateway="none")
    submit(send_on=(dt.datetime.now(dt.UTC) + DAY).isoformat())
    assert announced == [1]


def test_after_a_commit_that_failed_nothing_is_tried_again(app: Flask, sender: Sender) -> None:
    tried: list[object] = []

    def fail(connection: object) -> None:
        tried.append(connection)
        raise OperationalError("COMMIT", None, Exception("the connection broke off"))

    event.listen(db.db.engine, "commit", fail)
    try:
        done = together(app, *((sender, analysis(sender)) for _ in range(2)))
    finally:
        event.remove(db.db.engine, "commit", fail)
    assert all(isinstance(future.exception(), DBAPIError) for future in done)
    assert (len(tried), stored()) == (1, 0)
    assert services().group_commit.preprocess(account_of(sender), analysis(sender), services().site).link
