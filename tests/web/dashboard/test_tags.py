"""The list of tags, and the page of one."""

import datetime as dt

from flask import Flask

from tests.support.browsing import Browser
from tests.support.factories import BROWSER, Sender, make_message, slug_of

PAGE = "/dashboard/tags"


def test_the_list_shows_numbers_and_leads_on(app: Flask, viewer: Browser, sender: Sender) -> None:
    made = [make_message(sender, tags=["sale", "a/b//c"]) for _ in range(2)]
    make_message(sender, tags=["news"])
    app.test_client().get(f"/{slug_of(made[0].link)}", headers={"User-Agent": BROWSER})
    page = viewer.open(f"{PAGE}?order=messages")
    assert "50.0%" in page.text
    assert [text for text in page.links if text in ("sale", "news", "a/b//c")] == ["a/b//c", "sale", "news"]
    assert viewer.open(page.links["a/b//c"]).title == "Tag: a/b//c"
    assert viewer.open(f"{PAGE}.csv").html.splitlines()[1].startswith("news,1,1,0,0.0,")


def test_the_best_tag_of_a_period_stands_first(app: Flask, viewer: Browser, sender: Sender) -> None:
    for number in range(3):
        made = make_message(sender, tags=["all", "best"] if number else ["all"])
        if number:
            app.test_client().get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
    make_message(sender, tags=["worst"])
    make_message(sender, "No link", tags=["none"])
    page = viewer.open(viewer.open(f"{PAGE}?days=7").links["Highest click rate first"])
    assert [text for text in page.links if text in ("all", "best", "worst", "none")] == ["best", "all", "worst", "none"]
    best = viewer.open(page.links["best"])
    assert "days=" not in page.links["best"] and "from=" in page.links["best"]
    assert "Most first clicks: " in best.text
    assert "from=" in best.links["All tags"]


def test_tags_are_listed_page_by_page(viewer: Browser, sender: Sender) -> None:
    for number in range(7):
        make_message(sender, tags=[f"t{place}" for place in range(number * 8, number * 8 + 8)])
    first = viewer.open(PAGE)
    second = viewer.open(first.links["Show more"])
    names = [text for page in (first, second) for text, link in page.links.items() if link.startswith(f"{PAGE}/")]
    assert len(names) == len(set(names)) == 56
    assert "Show more" not in second.links


def test_without_tags_the_list_says_how(viewer: Browser, sender: Sender) -> None:
    make_message(sender)
    assert "No message of this period has a tag." in viewer.open(PAGE).text
    assert viewer.open(f"{PAGE}?days=3").status == 422


def test_the_page_of_a_tag_shows_what_became_of_it(app: Flask, viewer: Browser, sender: Sender) -> None:
    now = dt.datetime.now(dt.UTC)
    clicked = make_message(sender, tags=["sale"])
    make_message(sender, "https://Other.example.com", tags=["sale"], now=now - dt.timedelta(days=2))
    make_message(sender, tags=["news"])
    app.test_client().get(f"/{slug_of(clicked.link)}", headers={"User-Agent": BROWSER})
    page = viewer.open(f"{PAGE}/sale")
    assert (page.title, page.status) == ("Tag: sale", 200)
    for text in ("50.0%", "other.example.com", "shop.example.com", "median", "2 with a link"):
        assert text in page.text
    listed = viewer.open(page.links["2"])
    assert listed.text.count("sale") >= 2
    assert "news" not in listed.text
    exported = viewer.open(page.links["Export those not clicked (CSV)"])
    assert "https://Other.example.com" in exported.html
    assert len(exported.html.splitlines()) == 2
    by_week = viewer.open(f"{PAGE}/sale?by=week")
    assert by_week.status == 200


def test_others_do_not_see_the_tag(stranger: Browser, sender: Sender) -> None:
    make_message(sender, tags=["sale"])
    assert "No message of the last 400 days has this tag." in stranger.open(f"{PAGE}/sale").text
    assert "sale" not in stranger.open(PAGE).links
