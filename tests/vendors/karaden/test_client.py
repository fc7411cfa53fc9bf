"""The vendor's own client library, as it comes from the package index, against a real server on loopback."""

import datetime as dt
from collections.abc import Iterator

import pytest
import requests
from flask import Flask
from karaden.config import Config
from karaden.exception.bad_request_exception import BadRequestException
from karaden.exception.not_found_exception import NotFoundException
from karaden.exception.too_many_requests_exception import TooManyRequestsException
from karaden.exception.unauthorized_exception import UnauthorizedException
from karaden.exception.unprocessable_entity_exception import UnprocessableEntityException
from karaden.model.message import Message
from karaden.param.message_cancel_params import MessageCancelParams
from karaden.param.message_create_params import MessageCreateParams, MessageCreateParamsBuilder
from karaden.param.message_detail_params import MessageDetailParams
from karaden.param.message_list_params import MessageListParams
from karaden.request_options import RequestOptions

from shortener.accounts import senders
from shortener.storage import db
from tests.support.factories import BROWSER, TARGET, TEXT, Sender, make_account
from tests.support.hooks import Hook
from tests.support.waiting import until

JAPAN = dt.timezone(dt.timedelta(hours=9))
NUMBER = "09012345678"


@pytest.fixture(autouse=True)
def config(server: str, sender: Sender) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config, "api_base", f"{server}/api")
        patch.setattr(Config, "tenant_id", sender.sid)
        patch.setattr(Config, "api_key", sender.token)
        yield


def new(body: str = TEXT, to: str = NUMBER) -> MessageCreateParamsBuilder:
    return MessageCreateParams.new_builder().with_service_id(1).with_to(to).with_body(body).with_is_shorten(True)


def create(body: str = TEXT, to: str = NUMBER) -> Message:
    return Message.create(new(body, to).build())


def detail(msgid: str) -> Message:
    return Message.detail(MessageDetailParams.new_builder().with_id(msgid).build())


def test_a_message_is_sent_and_delivered() -> None:
    sent = Message.create(new(f"{TARGET} https://shop.example.com/2").with_tags(["a", "b"]).build())
    shortlinks = sent.body.split()
    assert isinstance(sent, Message)
    assert (sent.service_id, sent.to, sent.tags, sent.is_shorten) == (1, NUMBER, ["a", "b"], True)
    assert sent.is_shorten_clicked is False and TARGET not in shortlinks
    until(lambda: detail(sent.id).sent_result == "received")
    found = detail(sent.id)
    assert (found.status, found.result, found.body) == ("done", "done", sent.body)
    assert sent.created_at <= found.sent_at <= found.received_at == found.updated_at

    opened = requests.get(shortlinks[1], headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=10)
    assert opened.headers["Location"] == "https://shop.example.com/2"
    assert detail(sent.id).is_shorten_clicked is True


def test_a_failed_message_is_out_of_reach() -> None:
    sent = create(to="09012349902")  # no longer in use
    until(lambda: detail(sent.id).result == "done")
    assert detail(sent.id).sent_result == "unconnected"


def test_a_list_takes_the_clients_parameters() -> None:
    made = [create(to=f"0901234567{number}").id for number in range(3)]
    now = dt.datetime.now(JAPAN)
    builder = MessageListParams.new_builder().with_service_id(1).with_start_at(now - dt.timedelta(hours=1))
    everything = Message.list(builder.with_end_at(now + dt.timedelta(hours=1)).build())
    assert ([found.id for found in everything.data], everything.has_more) == (made[::-1], False)
    page = Message.list(builder.with_page(1).with_per_page(2).build())
    assert ([found.id for found in page.data], page.has_more) == (made[:1], False)
    first = Message.list(builder.with_page(0).with_per_page(2).build())
    assert ([found.id for found in first.data], first.has_more) == (made[:0:-1], True)
    assert Message.list(MessageListParams.new_builder().with_to("09012345671").build()).data[0].id == made[1]
    assert Message.list(MessageListParams.new_builder().with_tag("x").build()).data == []
    assert Message.list(MessageListParams.new_builder().with_status("canceled").build()).data == []


def test_a_reservation_is_taken_back() -> None:
    at = dt.datetime.now(JAPAN).replace(microsecond=0) + dt.timedelta(hours=1)
    params = new().with_scheduled_at(at).with_limited_at(at + dt.timedelta(hours=1)).build()
    sent = Message.create(params)
    assert (sent.status, sent.scheduled_at, sent.limited_at) == ("waiting", at, at + dt.timedelta(hours=1))
    canceled = Message.cancel(MessageCancelParams.new_builder().with_id(sent.id).build())
    assert (canceled.status, canceled.result, canceled.sent_result) == ("canceled", "done", "none")


def test_a_sent_message_cannot_be_taken_back() -> None:
    sent = create()
    until(lambda: detail(sent.id).result == "done")
    with pytest.raises(UnprocessableEntityException):
        Message.cancel(MessageCancelParams.new_builder().with_id(sent.id).build())


def test_each_error_is_an_exception_of_the_client(other_sender: Sender) -> None:
    with pytest.raises(UnprocessableEntityException) as unprocessable:
        create(body="あ" * 661)
    assert unprocessable.value.error.errors.get_property("body") == ["must be at most 660 characters"]
    with pytest.raises(NotFoundException) as not_found:
        detail("82bdf9de-a532-4bf5-86bc-c9a1366e5f4a")
    assert (not_found.value.error.code, not_found.value.error.object) == ("not_found", "error")
    builder = RequestOptions.new_builder()
    with pytest.raises(UnauthorizedException):
        Message.create(new().build(), builder.with_api_key(other_sender.token).build())
    with pytest.raises(BadRequestException):
        Message.create(new().build(), RequestOptions.new_builder().with_api_version("newest").build())
    limited = make_account("limited", monthly_limit=0)
    options = RequestOptions.new_builder().with_tenant_id(limited.sid).with_api_key(limited.token).build()
    with pytest.raises(TooManyRequestsException):
        Message.create(new().build(), options)


def test_a_final_state_calls_back(app: Flask, hook: Hook) -> None:
    with db.write() as session:
        senders.configure(session, "shop", {"receipts_url": f"{hook.url}/karaden"})
    sent = create()
    [told] = hook.wait_for(1, "/karaden")
    assert (told.method, told.headers["karaden-version"]) == ("POST", "2024-03-01")
    document = told.json
    assert (document["id"], document["sent_result"], document["project_id"]) == (sent.id, "received", 1)
    assert not {"to", "body"} & document.keys()
