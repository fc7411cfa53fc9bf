"""Preprocess a message: what is stored, returned and refused."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from shortener.config.settings import Settings
from shortener.errors import ClientTagTakenError, IdempotencyKeyReusedError, MessageNotFoundError
from shortener.messages import lookup, preprocess, rewriting
from shortener.messages.analysis import Analysis, analyze
from shortener.messages.from_face import FromFace
from shortener.messages.preprocess import Preprocessed
from shortener.messages.submission import Submission
from shortener.rules.delivery.receiver import Policy
from shortener.running.services import Services
from shortener.running.services import services as services_of_app
from shortener.storage import db
from shortener.storage.models import Account, Link, Message
from tests.conftest import running
from tests.support.factories import DAY, NOW, TARGET, TEXT, Sender, make_account, make_message, slug_of, store
from tests.support.waiting import WITHIN, until


def account_of(sender: Sender) -> Account:
    with db.read() as session:
        return session.scalars(select(Account).where(Account.name == sender.name)).one()


def count(table: type[Message] | type[Link]) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def with_key(sender: Sender, key: str, **fields: object) -> Preprocessed:
    account, site = account_of(sender), services_of_app().site
    analysis = analyze(Submission.check({"message": TEXT, **fields}, Policy()), account, site, key)
    with db.write() as session:
        return store(session, account, analysis, site, now=NOW)


def test_only_the_first_link_becomes_a_shortlink(sender: Sender, services: Services) -> None:
    done = make_message(sender, f"{TEXT} https://other.example.org/x")
    rewritten = rewriting.text(done.text, done.links, services.site)
    shortlink = f"https://s.example.com/{slug_of(done.link)}"
    assert rewritten == f"{TEXT.replace(TARGET, shortlink)} https://other.example.org/x"


def test_all_links_become_shortlinks_if_asked(sender: Sender, services: Services) -> None:
    done = make_message(sender, f"{TEXT} https://other.example.org/x", track="all")
    first, second = (f"https://s.example.com/{slug_of(link)}" for link in done.links)
    rewritten = rewriting.text(done.text, done.links, services.site)
    assert rewritten == f"{TEXT.replace(TARGET, first)} {second}"
    assert [(link.position, link.target) for link in done.links] == [(1, TARGET), (2, "https://other.example.org/x")]


def test_equal_targets_get_shortlinks_of_their_own(sender: Sender) -> None:
    first, second = make_message(sender, f"{TARGET} {TARGET}", track="all").links
    assert (first.target, first.number == second.number) == (second.target, False)


def test_each_message_of_several_gets_its_own_links(sender: Sender, services: Services) -> None:
    texts = ["https://a.example.com/1 https://a.example.com/2", "none", "https://b.example.com/1"]
    account = account_of(sender)
    analyses = [
        analyze(Submission.check({"message": text, "track": "all"}, Policy()), account, services.site) for text in texts
    ]
    with db.writing() as connection:
        done = preprocess.preprocess_all(connection, account, analyses, services.site, now=NOW)
    assert [[link.target for link in each.links] for each in done if isinstance(each, Preprocessed)] == [
        ["https://a.example.com/1", "https://a.example.com/2"],
        [],
        ["https://b.example.com/1"],
    ]


def test_a_number_already_in_use_is_drawn_again(
    sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter([7, 8, 7, 9, 10])
    monkeypatch.setattr("shortener.messages.preprocess.draw_numbers", lambda count: [*islice(numbers, count)])
    make_message(sender)
    done = make_message(sender, f"{TEXT} https://other.example.org/x", track="all")
    assert [(link.position, link.number) for link in done.links] == [(1, 8), (2, 9)]


def test_a_repeated_key_gives_all_links_again(sender: Sender) -> None:
    text = f"{TEXT} https://other.example.org/x"
    first, second = with_key(sender, "k", message=text, track="all"), with_key(sender, "k", message=text, track="all")
    assert (second.links, len(second.links), second.replayed) == (first.links, 2, True)


def test_each_message_gets_a_link_of_its_own(sender: Sender) -> None:
    assert slug_of(make_message(sender).link) != slug_of(make_message(sender).link)


def test_a_link_lives_ninety_days(sender: Sender) -> None:
    link = make_message(sender, now=NOW).link
    assert link is not None
    assert link.expires_on == NOW + 90 * DAY


def test_a_message_without_a_link_is_unchanged(sender: Sender) -> None:
    done = make_message(sender, "see you at 5")
    assert done.link is None
    assert done.text == "see you at 5"


def test_a_message_can_override_the_accounts_tracking(app: object) -> None:
    quiet = make_account("quiet", track_link=False)
    assert make_message(quiet).link is None
    assert make_message(quiet, track_link=True).link is not None


def test_a_message_can_ask_not_to_be_tracked(sender: Sender) -> None:
    done = make_message(sender, track_link="false")
    assert done.link is None
    assert not done.message.track_link


def test_the_link_stores_what_counts_as_click(app: object) -> None:
    careful = make_account("careful", count_as_click="person")
    first, second = make_message(careful).link, make_message(careful, count_as_click="any").link
    assert first is not None and second is not None
    assert (first.count_as_click, second.count_as_click) == ("person", "any")


def test_a_repeated_client_tag_names_the_first_message(sender: Sender) -> None:
    first = make_message(sender, client_tag="order-1")
    with pytest.raises(ClientTagTakenError) as caught:
        make_message(sender, client_tag="order-1")
    assert caught.value.msgid == first.message.msgid
    assert count(Message) == 1
    assert count(Link) == 1


def test_accounts_do_not_share_client_tags(sender: Sender, other_sender: Sender) -> None:
    make_message(sender, client_tag="order-1")
    assert make_message(other_sender, client_tag="order-1").message.client_tag == "order-1"


def test_the_same_idempotency_key_gives_the_first_message_again(sender: Sender) -> None:
    first, second = with_key(sender, "k"), with_key(sender, "k")
    assert second.replayed and not first.replayed
    assert second.message.msgid == first.message.msgid
    assert count(Message) == 1


def test_the_same_key_with_another_body_is_refused(sender: Sender) -> None:
    with_key(sender, "k")
    with pytest.raises(IdempotencyKeyReusedError):
        with_key(sender, "k", client_tag="another")
    assert count(Message) == 1


def request_of(sender: Sender, name: str, *places: int) -> list[Analysis]:
    """A request of a vendor's client for several messages, which share an idempotency key."""
    account, site = account_of(sender), services_of_app().site
    submission = Submission.check({"message": TEXT}, Policy())
    face = FromFace(name="sens", bulk_id=name, request=name.encode())
    keys = [f"k\x1f{place}" if place else "k" for place in places]
    return [analyze(submission, account, site, key, face=face) for key in keys]


def all_stored(session: Session, sender: Sender, analyses: Sequence[Analysis]) -> list[preprocess.Outcome]:
    found, site = account_of(sender), services_of_app().site
    return preprocess.preprocess_all(session.connection(), found, analyses, site, now=NOW)


def test_of_two_requests_with_a_key_one_is_stored(sender: Sender) -> None:
    """They come together, so that neither is there before the other."""
    first, second = request_of(sender, "first", 0, 1), request_of(sender, "second", 0, 1, 2)
    with db.write() as session:
        outcomes = all_stored(session, sender, [*first, *second])
    assert [type(one) for one in outcomes] == [Preprocessed] * 2 + [IdempotencyKeyReusedError] * 3
    assert (count(Message), count(Link)) == (2, 2)


def test_a_request_that_waited_stores_no_rest(app: Flask, sender: Sender, database_kind: str) -> None:
    """Another transaction has stored a shorter request with the key, and commits while ours waits for it."""
    if database_kind != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    first, second = request_of(sender, "first", 0, 1), request_of(sender, "second", 0, 1, 2)

    def in_a_thread() -> list[preprocess.Outcome]:
        with app.app_context(), db.write() as session:
            return all_stored(session, sender, second)

    def waits() -> bool:
        with db.read() as session:
            waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            return bool(session.scalar(waiting))

    with Session(db.db.engine) as other, ThreadPoolExecutor(1) as pool:
        all_stored(other, sender, first)
        waiting = pool.submit(in_a_thread)
        until(waits)
        other.commit()
        outcomes = waiting.result(WITHIN)
    assert {type(one) for one in outcomes} == {IdempotencyKeyReusedError}
    assert (count(Message), count(Link)) == (2, 2)


def test_a_repeated_key_and_tag_is_no_conflict(sender: Sender) -> None:
    first = with_key(sender, "k", client_tag="order-1")
    assert with_key(sender, "k", client_tag="order-1").message.msgid == first.message.msgid


def test_a_body_with_our_live_shortlink_is_unchanged(sender: Sender, services: Services) -> None:
    first = make_message(sender)
    rewritten = rewriting.text(first.text, first.links, services.site)
    again = make_message(sender, f"{rewritten} and https://other.example.org/x too")
    assert again.link is None
    assert again.text.startswith(rewritten)


def test_links_beside_a_live_shortlink_are_named(sender: Sender, services: Services) -> None:
    first = make_message(sender)
    shortlink = services.site.shortlink_of(first.link) if first.link else ""
    again = make_message(sender, f"{shortlink} https://bad.c https://b.example.com/x")
    assert again.message.skipped is not None
    assert [piece["reason"] for piece in again.message.skipped] == ["own", "tld", "kept"]


def test_a_shortlink_of_a_former_address_is_ours(sender: Sender, settings: Settings) -> None:
    services_of_app().prepare()
    first = make_message(sender)
    shortlink = f"https://s.example.com/{slug_of(first.link)}"
    with running(settings.model_copy(update={"public_url": "https://t.example.com"})):
        services_of_app().prepare()
        again = make_message(sender, f"{shortlink} {TARGET}")
    assert again.link is None


def test_a_dead_shortlink_is_skipped_as_target(sender: Sender) -> None:
    first = make_message(sender, now=NOW - 91 * DAY)
    done = make_message(sender, f"https://s.example.com/{slug_of(first.link)} {TARGET}")
    assert done.link is not None
    assert done.link.target == TARGET


@pytest.mark.parametrize(("storage", "kept"), [("full", "+818012345678"), ("masked", "*********5678"), ("none", None)])
def test_the_account_sets_how_recipients_are_stored(app: object, storage: str, kept: str | None) -> None:
    sender = make_account("shop", recipient_storage=storage)
    assert make_message(sender, recipient="+818012345678").message.recipient == kept


def test_a_recipient_of_four_characters_is_masked_whole(app: object) -> None:
    sender = make_account("shop", recipient_storage="masked")
    assert make_message(sender, recipient="1234").message.recipient == "****"


def test_another_accounts_message_is_not_found(sender: Sender, other_sender: Sender) -> None:
    msgid = make_message(sender).message.msgid
    with db.read() as session, pytest.raises(MessageNotFoundError):
        lookup.find(session, account_of(other_sender), msgid)


@pytest.mark.parametrize("msgid", ["", "x", "\0" * 32, "é" * 32, "a" * 33])
def test_what_is_no_msgid_is_not_found(sender: Sender, msgid: str) -> None:
    with db.read() as session, pytest.raises(MessageNotFoundError):
        lookup.find(session, account_of(sender), msgid)


def test_switching_off_twice_keeps_the_first_time(sender: Sender) -> None:
    done = make_message(sender, f"{TEXT} https://other.example.org/x", track="all")
    for now in (NOW, NOW + DAY):
        with db.write() as session:
            message = lookup.find(session, account_of(sender), done.message.msgid)
            lookup.switch_off(session, message, now=now)
    with db.read() as session:
        assert session.scalars(select(Link.off_on)).all() == [NOW, NOW]
