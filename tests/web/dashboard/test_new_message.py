"""The form that makes one message: it is stored once, and its page is shown."""

from sqlalchemy import func, select

from shortener.accounts import message_rates, senders
from shortener.accounts.message_rates import MessageRates
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Message
from tests.support.browsing import Browser
from tests.support.factories import TEXT, Sender, make_message

PAGE = "/dashboard/messages/new"


def stored() -> list[Message]:
    with db.read() as session:
        return list(session.scalars(select(Message).order_by(Message.id)))


def test_a_message_is_stored_and_shown(owner: Browser, sender: Sender) -> None:
    form = owner.open(owner.open("/dashboard/messages").links["Make a message"]).form("/messages/new")
    given = {"recipient": "+818012345678", "sender": "Shop", "client_tag": "order-1", "tags": "parcel, spring"}
    page = owner.send(form, message=f"one\r\n{TEXT}", lt_callbackurl="https://crm.example.com/a", **given)
    assert "The message has been stored." in page.text
    [message] = stored()
    assert (message.recipient, message.sender, message.client_tag) == ("+818012345678", "Shop", "order-1")
    assert (message.tags, message.lt_callbackurl) == (["parcel", "spring"], "https://crm.example.com/a")
    copied = [named["data-copy"] for _, named in page.tags if "data-copy" in named]
    assert copied == ["Rewritten message", "msgid", "Shortlink"]
    assert "one\n" in page.html and "\r" not in page.html


def test_a_form_sent_twice_stores_once(owner: Browser, sender: Sender) -> None:
    form = owner.open(PAGE).form("/messages/new")
    first = owner.send(form, message=TEXT)
    again = owner.send(form, message=TEXT)
    assert "Nothing was stored twice." in again.text
    assert first.address.partition("?")[0] == again.address.partition("?")[0]
    assert len(stored()) == 1


def test_a_form_that_was_changed_asks_first(owner: Browser, sender: Sender) -> None:
    form = owner.open(PAGE).form("/messages/new")
    owner.send(form, message=TEXT)
    page = owner.send(form, message=f"{TEXT}!")
    assert page.status == 422 and "This form has stored a message already" in page.text
    assert "The message has been stored." in owner.send(page.form("/messages/new")).text
    assert len(stored()) == 2


def test_a_used_client_tag_leads_to_its_message(owner: Browser, sender: Sender) -> None:
    msgid = make_message(sender, client_tag="order-1").message.msgid
    page = owner.send(owner.open(PAGE).form("/messages/new"), message=TEXT, client_tag="order-1")
    assert page.status == 422
    assert page.links["Show that message"] == f"/dashboard/messages/{msgid}"


def test_a_used_up_month_stores_nothing(owner: Browser, sender: Sender) -> None:
    with db.write() as session:
        senders.configure(session, sender.name, {"monthly_limit": 0})
    page = owner.send(owner.open(PAGE).form("/messages/new"), message=TEXT)
    assert page.status == 422 and "used up its messages of this month" in page.text
    assert stored() == []


def test_a_used_up_rate_keeps_what_was_typed(owner: Browser, sender: Sender, services: Services) -> None:
    with db.write() as session:
        account = senders.configure(session, sender.name, {"messages_per_second": 1})
        services.message_rates = MessageRates(None, message_rates.memory())
        services.message_rates.count(senders.Sender.of(account), 100)
    page = owner.send(owner.open(PAGE).form("/messages/new"), message=TEXT)
    assert page.status == 422 and "Try again in a minute" in page.text
    assert page.form("/messages/new").fields["message"] == TEXT
    assert stored() == []


def test_what_is_wrong_stands_at_its_field(owner: Browser) -> None:
    page = owner.send(owner.open(PAGE).form("/messages/new"), message=TEXT, lt_callbackurl="ftp://crm.example.com/a")
    assert page.status == 422
    assert next(named for tag, named in page.tags if named.get("id") == "lt_callbackurl")["aria-invalid"] == "true"
    assert page.form("/messages/new").fields["message"] == TEXT
    form = owner.open(PAGE).form("/messages/new")
    assert owner.send(form, message=TEXT, once="").status == 422
    assert stored() == []


def test_a_tried_text_can_be_stored(owner: Browser, viewer: Browser) -> None:
    tried = owner.send(owner.open("/dashboard/try").form("/try"), message=f"\n{TEXT}", detection="smart")
    page = owner.send(tried.form("/messages/new"))
    assert stored() == []
    form = page.form("/messages/new")
    assert (form.fields["message"], form.fields["detection"]) == (f"\n{TEXT}", "smart")
    assert "The message has been stored." in owner.send(form).text
    assert "/messages/new" not in viewer.send(viewer.open("/dashboard/try").form("/try"), message=TEXT).html
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_viewers_cannot_make_a_message(viewer: Browser) -> None:
    assert viewer.open(PAGE).status == 403
    assert "Make a message" not in viewer.open("/dashboard/messages").links
