"""The overview: numbers with links to their rows, a chart with its table, and problems first."""

import datetime as dt
import itertools
import re

import pytest
from flask import Flask
from sqlalchemy import select, update

from shortener.reporting.period_numbers import Bucket
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Callback
from shortener.web.dashboard import chart
from tests.support.browsing import Browser
from tests.support.factories import BROWSER, DAY, Sender, make_message, slug_of
from tests.support.incidents import HOUR, fail

PAGE = "/dashboard"
DEAD = "http://127.0.0.1:9/cb"


def numbers(html: str) -> list[str]:
    """The numbers at the head of the page, in their order."""
    part = html.split('<dl class="numbers">')[1].split("</dl>")[0]
    return [re.sub("<[^>]*>", "", dd).strip() for dd in re.findall(r"<dd[^>]*>(.*?)<small>", part, re.DOTALL)]


def click(app: Flask, sender: Sender, **fields: object) -> None:
    done = make_message(sender, **fields)  # type: ignore[arg-type]
    app.test_client().get(f"/{slug_of(done.link)}", headers={"User-Agent": BROWSER})


def test_every_number_leads_to_the_rows_that_it_counts(
    app: Flask, viewer: Browser, sender: Sender, services: Services
) -> None:
    make_message(sender, "Hello!", client_tag="none")
    make_message(sender, client_tag="not clicked")
    click(app, sender, client_tag="clicked", lt_callbackurl=DEAD)
    services.deliverer.deliver_due()
    click(app, sender, client_tag="clicked too", lt_callbackurl="http://127.0.0.1:10/cb")
    page = viewer.open(PAGE)
    assert numbers(page.html)[:3] == ["4", "2", "66.7%"]
    assert numbers(page.html)[4:] == ["2", "1", "0"]
    part = page.html.split('<dl class="numbers">')[1]
    hrefs = [href.replace("&amp;", "&") for href in re.findall(r'href="([^"]*)"', part) if "/tags" not in href]
    rows = [viewer.open(href).html.split("<tbody>")[-1].count("<tr") for href in hrefs[:4]]
    assert rows == [4, 2, 2, 1]


def test_what_has_failed_stands_first(app: Flask, viewer: Browser, sender: Sender, services: Services) -> None:
    click(app, sender, lt_callbackurl=DEAD)
    assert "Needs attention" not in viewer.open(PAGE).text
    services.deliverer.deliver_due()
    assert "1 callback has not been delivered yet and is being retried." in viewer.open(PAGE).text
    with db.write() as session:
        session.execute(update(Callback).values(state="exhausted", settled_on=db.now(session)))
    page = viewer.open(PAGE)
    assert page.headings[1] == ("h2", "Needs attention")
    assert "1 callback created in this period was not delivered" in page.text
    assert viewer.open(page.links["1 exhausted"]).html.count('data-label="Last attempt"') == 1


def test_receivers_that_failed_before_the_period_are_not_listed(
    app: Flask, viewer: Browser, sender: Sender, services: Services
) -> None:
    for url in (DEAD, "http://127.0.0.1:10/cb", DEAD):
        click(app, sender, lt_callbackurl=url)
    services.deliverer.deliver_due()
    with db.write() as session:
        now = db.now(session)
        session.execute(update(Callback).values(state="exhausted", settled_on=now))
        ids = session.scalars(select(Callback.id).order_by(Callback.id)).all()
        session.execute(update(Callback).where(Callback.id.in_(ids[:2])).values(created_on=now - 30 * DAY))
    page = viewer.open(PAGE)
    assert "1 callback created in this period was not delivered" in page.text
    assert "http://127.0.0.1:10" not in page.text
    assert viewer.open(page.links["1 exhausted"]).html.count('data-label="Last attempt"') == 1


def test_the_default_period_is_seven_days(viewer: Browser, sender: Sender) -> None:
    now = dt.datetime.now(dt.UTC)
    for days in (0, 6, 8, 40, 100):
        make_message(sender, now=now - days * DAY)
    counted = [numbers(viewer.open(PAGE + query).html)[0] for query in ("", "?days=1", "?days=30", "?days=90")]
    assert counted == ["2", "1", "3", "4"]
    start, end = ((now - days * DAY).strftime("%Y-%m-%dT%H:%M") for days in (41, 39))
    form = viewer.open(PAGE).forms[2]
    page = viewer.send(form, **{"from": start, "to": end})
    assert numbers(page.html)[0] == "1"
    assert page.forms[2].fields == {"from": start, "to": end}


@pytest.mark.parametrize(
    "query",
    [
        "days=8",
        "days=x",
        "from=x",
        "from=2026-01-02T00:00&to=2026-01-01T00:00",
        "from=0001-01-01T00:00&to=9999-12-31T23:59",
        "to=0001-01-02T00:00",
    ],
)
def test_an_invalid_period_is_refused_on_a_page(viewer: Browser, query: str) -> None:
    page = viewer.open(f"{PAGE}?{query}")
    assert (page.status, page.title) == (422, "Invalid value")


def test_an_empty_period_is_explained_in_japanese(viewer: Browser) -> None:
    page = viewer.open(f"{PAGE}?from=2026-01-02T00:00&to=2026-01-01T00:00&language=ja")
    assert "開始日時より後で、400日以内の日時にしてください" in page.text


def test_the_chart_has_a_table_with_links(app: Flask, viewer: Browser, sender: Sender) -> None:
    click(app, sender, client_tag="a")
    make_message(sender, client_tag="b")
    for by in ("day", "hour"):
        page = viewer.open(f"{PAGE}?by={by}")
        [row] = re.findall(r'<tr><th scope="row">.*?</tr>', page.html, re.DOTALL)
        assert re.findall(r">(\d+)<", row) == ["2", "1"]
        [href] = re.findall(r'href="([^"]*)"', row)
        assert {"a", "b"} <= set(viewer.open(href.replace("&amp;", "&")).links)
        assert len([tag for tag, named in page.tags if named.get("class") == "bar-messages"]) == 1


def test_an_empty_period_says_what_to_do(viewer: Browser) -> None:
    page = viewer.open(PAGE)
    assert "No messages in this period" in page.text
    assert {"SID and token", "Try a message first"} <= set(page.links)


def test_another_accounts_numbers_are_not_there(stranger: Browser, sender: Sender) -> None:
    make_message(sender)
    assert numbers(stranger.open(PAGE).html)[0] == "0"


@pytest.mark.parametrize("query", ["?days=90", "?days=7&by=hour", "?days=1"])
def test_the_longest_charts_are_light_enough(viewer: Browser, sender: Sender, query: str) -> None:
    for hours in range(168):
        make_message(sender, now=dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours))
    assert len(viewer.open(PAGE + query).html.encode()) < 100_000


# The chart itself


def bucket(start: dt.datetime, messages: int, first_clicks: int) -> Bucket:
    return Bucket(start, start + dt.timedelta(hours=1), messages, first_clicks)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 4), (1, 4), (4, 4), (5, 8), (61, 80), (100, 200), (1_000_001, 2_000_000)]
)
def test_the_scale_reaches_the_highest_bar_in_round_steps(most: int, top: int) -> None:
    drawn = chart.draw([bucket(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), most, 0)])
    assert drawn.lines[-1][0] == top
    assert drawn.bars[0].messages <= drawn.base - chart.TOP


def test_bars_lie_beside_each_other_within_the_picture() -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    bars = chart.draw([bucket(start + place * DAY, place, place // 2) for place in range(90)]).bars
    assert all(one.x + one.width <= two.x + 0.2 for one, two in itertools.pairwise(bars))
    assert bars[0].x >= chart.LEFT and bars[-1].x + bars[-1].width <= chart.WIDTH
    assert sum(bar.label for bar in bars) <= chart.MOST_LABELS


@pytest.mark.parametrize(
    ("hours", "labelled"), [(24, [0, 3, 6, 9, 12, 15, 18, 21]), (48, [0, 6, 12, 18] * 2), (168, [0] * 7)]
)
def test_hours_are_labelled_where_people_look(hours: int, labelled: list[int]) -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    bars = chart.draw([bucket(start + dt.timedelta(hours=place), 1, 0) for place in range(hours)]).bars
    assert [bar.bucket.start.hour for bar in bars if bar.label] == labelled


def test_messages_that_smart_would_rewrite_are_counted(viewer: Browser, sender: Sender) -> None:
    assert "with smart detection" not in viewer.open("/dashboard").text
    make_message(sender, "詳細はhttps://a.example.com/1へ")
    page = viewer.open("/dashboard")
    assert "1 of the newest 1 messages in this period got no shortlink" in page.text


def test_incidents_are_shown_to_their_account(
    viewer: Browser, stranger: Browser, operator: Browser, services: Services
) -> None:
    with db.read() as session:
        now = db.now(session)
    fail("shop", now - HOUR, now)
    services.incidents.check(now)
    for browser, page, shown in ((viewer, PAGE, 1), (stranger, PAGE, 0), (operator, "/dashboard/operator", 1)):
        assert browser.open(page).html.count('<li class="long">receiver failing') == shown
    assert "receiver failing <strong>shop</strong>" in operator.open("/dashboard/operator").html
    assert "Everything is in order" not in operator.open("/dashboard/operator").html
    services.incidents.check(now + 48 * HOUR)
    assert "Past incidents" in viewer.open(PAGE).html
    assert "incident is open" not in viewer.open(PAGE).html
