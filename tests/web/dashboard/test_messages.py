"""The list of messages: filtered, page by page, and as a file."""

import datetime as dt
import json

import pytest
from flask import Flask

from tests.support.browsing import Browser, Page
from tests.support.factories import BROWSER, DAY, NOW, TARGET, Sender, make_message, slug_of

PAGE = "/dashboard/messages"
EVIL = "<script>alert(1)</script>\"'>"


def shown(page: Page) -> list[str]:
    """The names of the messages on a page, in order."""
    assert page.status == 200
    names = [
        text
        for text, link in page.links.items()
        if link.startswith(PAGE + "/") and "export" not in link and not link.endswith("/new")
    ]
    return [name for name in names if name]


def test_the_newest_come_first_with_what_became_of_them(app: Flask, viewer: Browser, sender: Sender) -> None:
    make_message(sender, client_tag="old", now=NOW)
    done = make_message(sender, client_tag="new", now=NOW + DAY)
    app.test_client().get(f"/{slug_of(done.link)}", headers={"User-Agent": BROWSER})
    make_message(sender, "Hello!", client_tag="none", now=NOW + 2 * DAY)
    page = viewer.open(PAGE)
    assert shown(page) == ["none", "new", "old"]
    assert "no link" in page.text and "not yet" in page.text


def test_click_on_another_link_is_a_click(app: Flask, viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, "https://a.example.com https://b.example.com", track="all")
    assert "not yet" in viewer.open(PAGE).text
    app.test_client().get(f"/{slug_of(done.links[1])}", headers={"User-Agent": BROWSER})
    assert "not yet" not in viewer.open(PAGE).text


def test_every_filter_selects(app: Flask, viewer: Browser, sender: Sender) -> None:
    make_message(sender, client_tag="a-1", tags=["gift", "a&b"], recipient="+818012345678", now=NOW)
    done = make_message(sender, client_tag="b-1", now=dt.datetime.now(dt.UTC))
    app.test_client().get(f"/{slug_of(done.link)}", headers={"User-Agent": BROWSER})
    page = viewer.open(PAGE)
    assert "Client tag, msgid or shortlink" in page.text
    form = page.forms[2]
    for fields, expected in (
        ({"text": "a-"}, ["a-1"]),
        ({"text": done.message.msgid[:8]}, ["b-1"]),
        ({"text": f"SM{done.message.msgid}"}, ["b-1"]),
        ({"recipient": "+818012345678"}, ["a-1"]),
        ({"text": f" http://old.example/{slug_of(done.link)}. "}, ["b-1"]),
        ({"tag": "a&b"}, ["a-1"]),
        ({"clicked": "true"}, ["b-1"]),
        ({"clicked": "false"}, ["a-1"]),
        ({"visitor": "person"}, ["b-1"]),
        ({"visitor": "bot"}, []),
        ({"from": "2026-11-22T10:00"}, ["b-1"]),
        ({"to": "2026-11-22T10:00"}, ["a-1"]),
    ):
        page = viewer.send(form, **fields)
        assert shown(page) == expected, fields
        again = page.forms[2].fields
        assert {name: again[name] for name in fields} == fields
    assert "No messages match the filter." in viewer.send(form, visitor="bot").text


def test_recipients_and_subjects_are_shown(viewer: Browser, sender: Sender) -> None:
    make_message(sender, None, html=f'<a href="{TARGET}">Track it</a>', subject="On its way", recipient="a@b.example")
    assert "Recipient: a@b.example · On its way" in viewer.open(PAGE).text


def test_a_tag_on_the_page_leads_to_its_messages(viewer: Browser, sender: Sender) -> None:
    make_message(sender, client_tag="a", tags=["x=1&y#z"])
    make_message(sender, client_tag="b")
    page = viewer.open(PAGE)
    assert shown(viewer.open(page.links["x=1&y#z"])) == ["a"]


def test_the_next_page_has_the_same_filter(viewer: Browser, sender: Sender) -> None:
    for number in range(27):
        make_message(sender, client_tag=f"batch-x{number:02}", now=NOW + number * DAY / 100)
        make_message(sender, client_tag=f"batch-y{number:02}", now=NOW + number * DAY / 100)
    first = viewer.open(PAGE + "?text=batch-x")
    rest = viewer.open(first.links["Show older"])
    assert shown(first) + shown(rest) == [f"batch-x{number:02}" for number in reversed(range(27))]
    assert "Show older" not in rest.links


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=%00",
        "cursor=" + "A" * 5000,
        "from=yesterday",
        "visitor=wizard",
        "clicked=maybe",
        "surprise=1",
        "text=" + "x" * 201,
        "tag=" + "x" * 100_000,
        "tag=a%00b",
        "limit=1e9",
        "&".join(f"a{number}=1" for number in range(2000)),
    ],
)
def test_an_unusable_filter_is_refused_on_a_page(viewer: Browser, query: str) -> None:
    page = viewer.open(f"{PAGE}?{query}")
    assert (page.status, page.title) == (422, "Invalid value")
    assert len(page.html) < 200_000


def test_script_in_what_a_sender_sent_stays_text(viewer: Browser, sender: Sender) -> None:
    make_message(sender, f"{EVIL} https://a.example.com/1", client_tag=EVIL, tags=[EVIL])
    for page in (viewer.open(PAGE), viewer.send(viewer.open(PAGE).forms[2], text=EVIL, tag=EVIL)):
        assert EVIL in page.text
        assert "script" not in [tag for tag, _ in page.tags]


def test_an_empty_list_says_what_to_do(viewer: Browser) -> None:
    page = viewer.open(PAGE)
    assert "curl -u SID:TOKEN https://s.example.com/v1/messages" in page.text
    assert {"SID and token", "Try a message first"} <= set(page.links)


def test_another_accounts_messages_are_not_there(stranger: Browser, sender: Sender) -> None:
    make_message(sender, client_tag="order-1", tags=["gift"])
    assert shown(stranger.open(PAGE)) == []
    assert shown(stranger.open(PAGE + "?text=order")) == []
    with stranger.client.get(PAGE + "/export?format=jsonl") as answer:
        assert answer.status_code == 200
        assert b"order-1" not in answer.data


def test_what_is_filtered_is_taken_along_as_a_file(viewer: Browser, sender: Sender) -> None:
    make_message(sender, client_tag="a", tags=["gift"])
    make_message(sender, client_tag="b")
    page = viewer.open(PAGE + "?tag=gift")
    with viewer.client.get(page.links["JSON Lines"]) as answer:  # its end releases the export's place
        assert [json.loads(line)["client_tag"] for line in answer.text.splitlines()] == ["a"]
        assert answer.headers["Content-Disposition"].startswith("attachment")
    with viewer.client.get(page.links["CSV"]) as answer:
        assert answer.content_type.startswith("text/csv")
        assert len(answer.text.strip().splitlines()) == 2


@pytest.mark.parametrize("query", ["", "format=exe", "format=csv&surprise=1", "format=csv&from=x"])
def test_a_failed_export_is_reported_on_a_page(viewer: Browser, query: str) -> None:
    page = viewer.open(f"{PAGE}/export?{query}")
    assert (page.status, page.title) == (422, "Invalid value")


def test_too_many_exports_say_when_to_retry(viewer: Browser) -> None:
    running = []
    while (answer := viewer.client.get(PAGE + "/export?format=csv", buffered=False)).status_code == 200:
        running.append(answer)
    assert (answer.status_code, answer.headers["Retry-After"], len(running) > 0) == (429, "5", True)
    for one in running:
        one.close()


def test_a_failed_export_names_all_faults(viewer: Browser) -> None:
    page = viewer.open(f"{PAGE}/export?format=exe&surprise=1&from=x")
    assert all(f"<code>{name}</code>" in page.html for name in ("format", "surprise", "from"))


def test_a_full_page_is_light_enough(viewer: Browser, sender: Sender) -> None:
    for number in range(26):
        make_message(
            sender, "x" * 500 + " https://a.example.com/1", client_tag=f"order-{number:020}", tags=["a" * 20, "b"]
        )
    assert len(viewer.open(PAGE).html.encode()) < 50_000


def test_the_list_says_how_many_were_clicked(app: Flask, viewer: Browser, sender: Sender) -> None:
    made = [make_message(sender, tags=["sale"]) for _ in range(3)]
    make_message(sender)
    app.test_client().get(f"/{slug_of(made[0].link)}", headers={"User-Agent": BROWSER})
    page = viewer.open(f"{PAGE}?tag=sale")
    assert "3 messages, 1 clicked (33.3%)" in page.text
    assert viewer.open(page.links["Numbers of this tag"]).title == "Tag: sale"
    assert "2 messages" in viewer.open(f"{PAGE}?tag=sale&clicked=false").text
