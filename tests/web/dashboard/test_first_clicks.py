"""The page about who clicked, when and where to."""

import re
from collections import Counter

import pytest
from flask import Flask

from shortener.config.settings import Settings
from shortener.rules.visitors import agents
from shortener.web.dashboard.first_clicks import MOST, rows
from tests.conftest import running
from tests.support.browsing import Browser, make_person, seated
from tests.support.factories import Sender, make_account, make_message, slug_of

PAGE = "/dashboard/clicks"
ANDROID, IPHONE = agents.ORDINARY[0], agents.ORDINARY[3]


def open_link(app: Flask, sender: Sender, agent: str, host: str = "shop.example.com") -> None:
    slug = slug_of(make_message(sender, f"See https://{host}/1").link)
    app.test_client().get(f"/{slug}", headers={"User-Agent": agent})


def table(html: str, caption: str) -> list[str]:
    """The rows of a table as text."""
    body = html.split(f"<caption>{caption}</caption>")[1].split("<tbody>")[1].split("</tbody>")[0]
    return [" ".join(re.sub("<[^>]*>", " ", row).split()) for row in body.split("</tr>")[:-1]]


def test_shares_name_systems_apps_devices_and_hosts(app: Flask, viewer: Browser, sender: Sender) -> None:
    for agent in (IPHONE, IPHONE, IPHONE, ANDROID):
        open_link(app, sender, agent)
    page = viewer.open(PAGE)
    assert "4 first clicks on the links" in page.text
    assert table(page.html, "By system") == ["iOS 3 75.0%", "Android 1 25.0%"]
    assert table(page.html, "By browser or app") == ["Safari 3 75.0%", "Chrome 1 25.0%"]
    assert table(page.html, "By device") == ["phone 4 100.0%"]
    assert table(page.html, "The hosts that the clicked links lead to") == ["shop.example.com 4 100.0%"]


def test_the_heat_map_has_a_row_for_each_day(app: Flask, viewer: Browser, sender: Sender) -> None:
    open_link(app, sender, IPHONE)
    page = viewer.open(PAGE)
    days = table(page.html, "First clicks of messages by day and hour (UTC)")
    assert [day[:3] for day in days] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert sum(int(number) for day in days for number in day.split()[1:]) == 1
    assert page.html.count('class="heat-5"') == 1
    assert "Most first clicks: " in page.text


def test_another_accounts_clicks_are_not_shown(app: Flask, stranger: Browser, sender: Sender) -> None:
    open_link(app, sender, IPHONE)
    assert "No first clicks in this period" in stranger.open(PAGE).text


def test_a_period_that_is_too_long_is_refused(viewer: Browser) -> None:
    answer = viewer.open(f"{PAGE}?from=2001-01-01T00:00:00Z&to=2026-01-01T00:00:00Z")
    assert answer.status == 422


def test_the_page_says_that_devices_are_turned_off(settings: Settings) -> None:
    with running(settings.model_copy(update={"store_device": "off"})) as app:
        sender = make_account("shop")
        open_link(app, sender, IPHONE)
        make_person("vera", role="viewer")
        page = seated(app, "vera").open(PAGE)
        assert table(page.html, "By system") == ["not known 1 100.0%"]
        assert "The operator has turned off" in page.text


def test_rare_names_stand_together_at_the_end() -> None:
    counts = Counter({f"{number}.example.com": 100 - number for number in range(MOST + 3)}) + Counter({"": 7})
    shown = rows(counts, {})
    assert len(shown) == MOST + 1
    assert (str(shown[-1].name), shown[-1].count) == ("others together", 90 + 89 + 88 + 7)
    assert sum(row.share for row in shown) == pytest.approx(1)
