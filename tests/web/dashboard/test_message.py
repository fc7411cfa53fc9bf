"""The message page: text, link, time line; switching off, replaying; and access only for its account."""

import datetime as dt
import re

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shortener.messages import erasing
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Callback, Link, Message, Replay
from tests.support import sens
from tests.support.browsing import Browser
from tests.support.factories import BROWSER, DAY, NOW, PREVIEW, TARGET, TEXT, Sender, make_message, slug_of
from tests.support.servers import OK, receiving

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
FAILS = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s" % (len(EVIL), EVIL.encode())


def click(app: Flask, link: Link | None, agent: str = BROWSER) -> None:
    assert app.test_client().get(f"/{slug_of(link)}", headers={"User-Agent": agent}).status_code == 302


def exhaust() -> None:
    """Give up all callbacks, as if every attempt had failed."""
    with db.write() as session:
        values = {"state": "exhausted", "settled_on": NOW, "exhausted_because": "all 11 attempts failed"}
        session.execute(update(Callback).values(values))


def asked() -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Replay.asked_by)))


def test_an_erased_text_is_not_shown(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender)
    with db.write() as session:
        erasing.erase_message(session, session.get_one(Message, done.message.id))
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    assert "The text has been erased." in page.text
    assert "parcel" not in page.text
    assert "parcel" not in viewer.open("/dashboard/messages").text


def test_both_texts_are_shown_with_marked_links(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, client_tag="order-1", recipient="+81 90", tags=["a", "b"], metadata={"n": 1})
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    assert page.title == "Message order-1"
    assert f"<mark>{TARGET}</mark> thank you" in page.html
    assert f"<mark>https://s.example.com/{slug_of(done.link)}</mark> thank you" in page.html
    for shown in (done.message.msgid, "+81 90", '{"n": 1}', "No click has been counted yet."):
        assert shown in page.text
    assert page.links["b"] == "/dashboard/messages?tag=b"


def test_the_time_line_tells_what_happened_in_its_order(
    app: Flask, viewer: Browser, sender: Sender, services: Services
) -> None:
    with receiving(FAILS) as receiver:
        done = make_message(sender, lt_callbackurl=receiver.url())
        click(app, done.link, PREVIEW)
        click(app, done.link)
        click(app, done.link)
        services.deliverer.deliver_due()
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    line = re.split(r"<li class=", page.html.split('<ol class="line">')[1].split("</ol>")[0])[1:]
    words = [" ".join(re.sub("<[^>]*>", " ", entry.partition(">")[2]).split()) for entry in line]
    assert "Received from the sender" in words[0]
    assert "Click : preview" in words[1].replace("Click:", "Click :")
    assert "First click : person · a browser · Android · Chrome" in words[2]
    assert "Click: person · a browser" in words[3] and "First" not in words[3]
    assert "Callback, attempt 1: not 200 (500)" in words[4]
    assert "Next attempt of the callback" in words[5]
    assert "Link expires" in words[6]
    assert len(words) == 7
    assert re.search(r"First click: .* s after the message was received\.", page.text)


def test_a_japanese_page_tells_the_story_without_english_sentences(
    app: Flask, owner: Browser, sender: Sender, services: Services
) -> None:
    with receiving(FAILS) as receiver:
        done = make_message(sender, lt_callbackurl=receiver.url())
        click(app, done.link)
        services.deliverer.deliver_due()
        exhaust()
        page = owner.open(f"/dashboard/messages/{done.message.msgid}?language=ja")
        owner.send(page.form("/replay"))
        exhaust()
    text = owner.open(f"/dashboard/messages/{done.message.msgid}").text
    assert "エラー応答（500） 配信済みになるのは、ステータス200の応答だけです。" in text
    assert "コールバックの再試行を終了 ：11回の送信がすべて失敗しました" in text
    assert "ユーザー「olive」がコールバックの再送を依頼" in text
    assert not re.search(r"answered|attempts failed|person olive", text)


def test_what_a_receiver_answered_is_shown_as_text(
    app: Flask, viewer: Browser, sender: Sender, services: Services
) -> None:
    with receiving(FAILS) as receiver:
        done = make_message(sender, lt_callbackurl=receiver.url())
        click(app, done.link)
        services.deliverer.deliver_due()
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    assert EVIL in page.text
    assert not [tag for tag, named in page.tags if tag in {"script"} or "onerror" in named]


def test_script_in_what_a_sender_sent_stays_text(app: Flask, viewer: Browser, sender: Sender) -> None:
    fields = {"client_tag": EVIL, "recipient": EVIL, "tags": [EVIL], "metadata": {EVIL: EVIL}}
    done = make_message(sender, f"{EVIL} {TARGET} {{{{7*7}}}} javascript:alert(1)", **fields)
    click(app, done.link, f"Mozilla/5.0 {EVIL}")
    for path in (f"/dashboard/messages/{done.message.msgid}", f"/dashboard/messages/{done.message.msgid}/clicks"):
        page = viewer.open(path)
        assert page.status == 200
        assert EVIL in page.text
        assert not [tag for tag, named in page.tags if tag == "script" or "onerror" in named]
        assert not [link for link in page.links.values() if link.startswith("javascript")]


def test_counts_by_class_lead_to_the_clicks_behind_them(app: Flask, viewer: Browser, sender: Sender) -> None:
    done = make_message(sender)
    for agent in (BROWSER, PREVIEW, PREVIEW):
        click(app, done.link, agent)
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    for count, expected in (("1", ["person"]), ("2", ["preview"] * 2), ("3", ["preview", "preview", "person"])):
        clicks = viewer.open(page.links[count])
        assert clicks.status == 200
        assert re.findall(r'<td[^>]*><span class="visitor (\w+)"', clicks.html) == expected
        assert clicks.html.count('data-label="Opened with">Android · Chrome<') == expected.count("person")


def test_clicks_are_shown_page_by_page(app: Flask, viewer: Browser, sender: Sender) -> None:
    done = make_message(sender)
    for _ in range(103):
        click(app, done.link)
    path = f"/dashboard/messages/{done.message.msgid}"
    assert "Only the newest of 103 clicks are shown here" in viewer.open(path).text
    first = viewer.open(f"{path}/clicks?visitor=person")
    rest = viewer.open(first.links["Show older"])
    assert [page.html.count('<td data-label="Visitor">') for page in (first, rest)] == [100, 3]
    assert "Show older" not in rest.links


def test_clicks_in_a_row_are_counted_together(app: Flask, viewer: Browser, sender: Sender) -> None:
    done = make_message(sender)
    for _ in range(6):
        click(app, done.link)
    text = viewer.open(f"/dashboard/messages/{done.message.msgid}").text
    assert "First click : person · a browser" in text
    assert "5 more clicks: person 5" in text


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%00", "cursor=" + "A" * 5000, "visitor=wizard", "cursor=é"])
def test_an_invalid_cursor_is_refused_on_a_page(viewer: Browser, sender: Sender, query: str) -> None:
    done = make_message(sender)
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}/clicks?{query}")
    assert (page.status, page.title) == (422, "Invalid value")


def test_without_matching_clicks_the_page_advises(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender)
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}/clicks?visitor=bot")
    assert "No clicks by this kind of visitor." in page.text
    assert "Show all clicks" in page.links


def test_a_message_without_a_link_says_why(viewer: Browser, sender: Sender) -> None:
    none = make_message(sender, "Hello!")
    assert "No link was found in this message." in viewer.open(f"/dashboard/messages/{none.message.msgid}").text
    left = make_message(sender, track_link="false")
    assert "The link was not shortened" in viewer.open(f"/dashboard/messages/{left.message.msgid}").text
    for part in ("clicks", "qr.svg"):
        assert viewer.open(f"/dashboard/messages/{none.message.msgid}/{part}").status == 404


def test_what_was_skipped_is_named(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, f"http://localhost/ {TARGET}")
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    assert "http://localhost/" in page.text and "recipient's own device" in page.text


def test_an_expired_link_is_called_that(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=dt.datetime.now(dt.UTC) - 91 * DAY)
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    assert "link expired" in page.text and "Link expired" in page.text
    assert not [form for form in page.forms if form.action.endswith("/off")]


def test_the_qr_code_is_a_picture_and_runs_nothing(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender)
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    [source] = [named["src"] for tag, named in page.tags if tag == "img"]
    answer = viewer.client.get(str(source))
    assert answer.content_type == "image/svg+xml"
    assert answer.text.startswith("<svg") and "<path" in answer.text
    assert "<script" not in answer.text and "style=" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert len(answer.data) < 5000
    answer = viewer.client.get(page.links["Save as PNG"])
    assert (answer.content_type, answer.data[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")


# What may be done


def test_an_owner_switches_the_link_off_and_on(app: Flask, owner: Browser, sender: Sender) -> None:
    done = make_message(sender)
    path = f"/dashboard/messages/{done.message.msgid}"
    page = owner.send(owner.open(path).form("/off"))
    assert "The link has been switched off." in page.text
    assert "Link switched off" in page.text
    assert app.test_client().get(f"/{slug_of(done.link)}").status_code == 410
    assert not [form for form in page.forms if form.action.endswith("/off")]
    page = owner.send(page.form("/on"))
    assert "The link has been switched on again." in page.text
    assert app.test_client().get(f"/{slug_of(done.link)}").status_code == 302
    with db.read() as session:
        assert session.scalars(select(Link.expires_on)).one() == done.link.expires_on


def test_an_owner_has_a_callback_attempted_once_more(
    app: Flask, owner: Browser, sender: Sender, services: Services
) -> None:
    with receiving(OK) as receiver:
        done = make_message(sender, lt_callbackurl=receiver.url())
        click(app, done.link)
        exhaust()
        page = owner.open(f"/dashboard/messages/{done.message.msgid}")
        assert "exhausted" in page.text
        page = owner.send(page.form("/replay"))
        assert "The callback will be replayed." in page.text
        assert "Replay of the callback requested by person olive" in page.text
        services.deliverer.deliver_due()
        assert receiver.calls == 1
    page = owner.open(f"/dashboard/messages/{done.message.msgid}")
    assert "attempt 1: delivered (200)" in page.text
    assert asked() == ["person olive"]


def test_a_callback_that_is_still_attempted_is_not_replayed(app: Flask, owner: Browser, sender: Sender) -> None:
    done = make_message(sender, lt_callbackurl="http://127.0.0.1:9/cb")
    click(app, done.link)
    exhaust()
    form = owner.open(f"/dashboard/messages/{done.message.msgid}").form("/replay")
    assert owner.send(form).status == 200
    page = owner.send(form)
    assert (page.status, page.title) == (409, "Not possible right now")
    assert len(asked()) == 1


def test_a_viewer_is_offered_no_change_and_gets_none(app: Flask, viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, lt_callbackurl="http://127.0.0.1:9/cb")
    click(app, done.link)
    exhaust()
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    assert [form.action for form in page.forms] == ["/dashboard/sign-out"]
    token = page.forms[0].fields
    with db.read() as session:
        event_id = session.scalars(select(Callback.event_id)).one()
    for path in (f"/dashboard/messages/{done.message.msgid}/off", f"/dashboard/callbacks/{event_id}/replay"):
        assert viewer.client.post(path, data=token).status_code == 403
    with db.read() as session:
        assert session.scalars(select(func.count()).where(Link.off_on.is_not(None))).one() == 0
    assert asked() == []


def test_another_accounts_message_is_not_there_whatever_is_asked(app: Flask, stranger: Browser, sender: Sender) -> None:
    done = make_message(sender, lt_callbackurl="http://127.0.0.1:9/cb")
    click(app, done.link)
    exhaust()
    with db.read() as session:
        event_id = session.scalars(select(Callback.event_id)).one()
    message = f"/dashboard/messages/{done.message.msgid}"
    for path in (message, f"{message}/clicks", f"{message}/qr.svg"):
        page = stranger.open(path)
        assert (page.status, page.title) == (404, "Page not found")
        assert TEXT not in page.html and done.message.msgid not in page.text
    token = stranger.open("/dashboard/try").form("/sign-out").fields
    for path in (f"{message}/off", f"{message}/on", f"/dashboard/callbacks/{event_id}/replay"):
        assert stranger.client.post(path, data=token).status_code == 404
    assert app.test_client().get(f"/{slug_of(done.link)}", headers={"User-Agent": BROWSER}).status_code == 302
    assert asked() == []


@pytest.mark.parametrize("msgid", ["x", "0" * 32, "%00" * 32, "é" * 32, "x" * 5000, "..%2f..", "' OR 1=1 --"])
def test_a_msgid_that_there_is_not_is_not_there(viewer: Browser, msgid: str) -> None:
    assert viewer.open(f"/dashboard/messages/{msgid}").status == 404


def test_both_parts_are_shown_with_their_links(viewer: Browser, sender: Sender) -> None:
    html = f'<p><a href="{TARGET}">Parcel</a> <a href="https://shop.example.com/more">More</a></p>'
    done = make_message(sender, html=html, track="all", subject="Your parcel")
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    shortlinks = [f"https://s.example.com/{slug_of(link)}" for link in done.links]
    assert f"<mark>{TARGET}</mark> thank you" in page.html
    assert f"&lt;p&gt;&lt;a href=&#34;<mark>{TARGET}</mark>&#34;&gt;Parcel" in page.html
    assert page.html.count("<mark>https://s.example.com/") == 3
    assert all(shortlink in page.text for shortlink in shortlinks)
    assert ("h2", "Links") in page.headings
    assert "Your parcel" in page.text


def test_sms_parts_are_shown_of_sms_alone(viewer: Browser, sender: Sender) -> None:
    for fields, expected in (({"recipient": "+818012345678"}, True), ({"recipient": "ann@shop.example"}, False)):
        page = viewer.open(f"/dashboard/messages/{make_message(sender, **fields).message.msgid}")
        assert ("SMS parts after" in page.text) == expected


def test_what_a_vendors_client_said_is_shown(app: Flask, viewer: Browser, sender: Sender) -> None:
    own = viewer.open(f"/dashboard/messages/{make_message(sender).message.msgid}")
    assert "Wire format" not in own.text
    fields = {"from": "Shop", "to": "447700900001", "text": TEXT, "client-ref": "order-7"}
    sent = app.test_client().post("/sms/json", json=fields, headers=sender.basic).get_json()
    page = viewer.open(f"/dashboard/messages/{sent['messages'][0]['message-id']}")
    assert "Wire format Vonage client-ref order-7" in page.text
    requested = sens.post(app.test_client(), sender, sens.SMS, sens.sms()).get_json()
    page = viewer.open(f"/dashboard/messages/{requested['messages'][0]['messageId']}")
    assert f"Wire format NAVER SENS requestId {requested['requestId']} service ncp:sms:kr:123:shop" in page.text


def test_several_links_are_switched_off_together(app: Flask, owner: Browser, sender: Sender) -> None:
    done = make_message(sender, f"{TARGET} https://shop.example.com/more", track="all")
    page = owner.open(f"/dashboard/messages/{done.message.msgid}")
    assert page.text.count(TARGET) == 2  # the original text and the table
    assert "Switch all links of the message off" in page.text
    owner.send(page.form("/off"))
    assert {app.test_client().get(f"/{slug_of(link)}").status_code for link in done.links} == {410}


def test_long_part_is_shown_in_part(viewer: Browser, sender: Sender) -> None:
    html = f'<p>{"long " * 5_000}<a href="{TARGET}">Parcel</a></p>'
    done = make_message(sender, "Hello", html=html)
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}")
    assert "Only the first 20,000 characters are shown." in page.text
    assert "Parcel" not in page.text


def test_clicks_on_all_links_are_listed(app: Flask, viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, f"{TARGET} https://shop.example.com/more", track="all")
    for link in done.links:
        click(app, link)
    page = viewer.open(f"/dashboard/messages/{done.message.msgid}/clicks")
    assert page.html.count('data-label="Visitor"') == 2
