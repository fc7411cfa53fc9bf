"""Tasks of support, marketing and an operator in Japan: each takes at most three steps from the overview."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Download, Locator, Page, expect
from sqlalchemy import select, update

from bench.demo_data import DAY, HOUR, MINUTE, Shop
from shortener.accounts import audit, people, senders
from shortener.accounts.audit import Actor
from shortener.rules.deed import Deed, Origin
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.storage import db
from shortener.storage.models import Account, Credential, Message
from tests.browser.conftest import MILLISECONDS, Office
from tests.support.browsing import make_person

MOST = 3  # steps
TOKYO = ZoneInfo("Asia/Tokyo")
WIDTHS = {"desktop": 1280, "phone": 390}
RECIPIENT, AS_SPELLED = "+818041234567", "080-4123-4567"
TAG, ORDER = "spring-sale", "order-spring-sale"
only_desktop = pytest.mark.parametrize("page", ["desktop"], indirect=True)
PERSON = Verdict(Visitor.PERSON, "navigate")


@dataclass
class Walk:
    """A way through the dashboard. A click and a form that is sent are a step each; typing is none."""

    page: Page
    clicked_on: dt.datetime  # when the recipient clicked, in Tokyo
    steps: int = 0

    def click(self, name: str, role: str = "link", within: Locator | None = None) -> None:
        """Click the first link or button of that name."""
        self.press((within or self.page.get_by_role("main")).get_by_role(role, name=name).first)  # type: ignore[arg-type]

    def go(self, name: str) -> None:
        """Click a page's name in the navigation."""
        self.click(name, within=self.page.get_by_role("navigation").first)

    def press(self, place: Locator) -> None:
        """Click that place."""
        self.steps += 1
        place.click()

    def find(self, words: str) -> None:
        """Search from the overview."""
        self.page.get_by_role("searchbox").fill(words)
        self.click("Search", "button")

    def save(self, name: str) -> Download:
        """Click what leads to a file."""
        with self.page.expect_download() as downloading:
            self.click(name)
        return downloading.value


def prepare(office: Office) -> dt.datetime:
    """Add a sale whose messages are all clicked, something done yesterday, and a person; return when the sale began."""
    with office.app.app_context():
        make_person("tess", "parcels", operator=True)
        with db.write() as session:
            people.set_time_zone(people.named(session, "tess"), TOKYO.key)
            shop, now = Shop(session, senders.named(session, "parcels")), db.now(session)
            sent = now - 2 * HOUR
            for number in range(12):
                fields = {"client_tag": f"{ORDER}-{number}", "recipient": f"{RECIPIENT[:-2]}{67 + number}"}
                link = shop.send(sent, tags=[TAG], **fields).link
                assert link is not None
                shop.click([shop._new_click(link, PERSON, sent + 7 * MINUTE)])
            own = session.scalars(select(Account.id).where(Account.name == "parcels")).one()
            audit.record(session, Deed.TOKEN_ROTATED, Actor(Origin.DASHBOARD, "bob"), now=now - DAY, account_id=own)
            sale = Message.client_tag.startswith(ORDER)
            session.execute(update(Message).where(sale).values(state="delivered", state_on=sent + MINUTE))
            session.execute(update(Credential).where(Credential.account_id == own).values(used_on=now - HOUR))
    return (sent + 7 * MINUTE).astimezone(TOKYO)


@pytest.fixture(scope="module")
def clicked_on(office: Office) -> dt.datetime:
    return prepare(office)


@pytest.fixture(scope="module", params=WIDTHS)
def page(browser: Browser, office: Office, clicked_on: dt.datetime, request: pytest.FixtureRequest) -> Iterator[Page]:
    """One browser for all tasks of a width, in which Tess has signed in."""
    context = browser.new_context(
        locale="en-GB", timezone_id="Asia/Seoul", viewport={"width": WIDTHS[request.param], "height": 844}
    )
    context.set_default_timeout(MILLISECONDS)
    office.sign_in(context, "tess")
    yield context.new_page()
    context.close()


@pytest.fixture
def walk(page: Page, office: Office, clicked_on: dt.datetime) -> Iterator[Walk]:
    page.goto(office.url())
    walk = Walk(page, clicked_on)
    yield walk
    assert 0 < walk.steps <= MOST


def test_support_finds_a_recipients_message(walk: Walk) -> None:
    walk.find(AS_SPELLED)
    expect(walk.page.get_by_role("heading", level=1)).to_have_text(f"Message {ORDER}-0")


def test_support_sees_when_it_was_clicked(walk: Walk) -> None:
    walk.find(AS_SPELLED)
    expect(walk.page.get_by_text(f"First click: {walk.clicked_on:%-d %b %Y %H:%M}")).to_contain_text("7 min 0 s after")


def test_support_sees_whether_it_was_delivered(walk: Walk) -> None:
    walk.find(AS_SPELLED)
    delivery = walk.page.get_by_role("region", name="Delivery")
    expect(delivery).to_contain_text("delivered")
    expect(delivery).to_contain_text(f"{walk.clicked_on - 6 * MINUTE:%-d %b %Y %H:%M}")


@only_desktop
def test_support_replays_a_callback_that_failed(walk: Walk) -> None:
    walk.click("not delivered", within=walk.page.get_by_role("region", name="Needs attention"))
    expect(walk.page.get_by_role("row").nth(1)).to_contain_text(re.compile("name not found|not 200"))
    walk.click("Replay the callback of", "button")
    expect(walk.page.get_by_role("status").first).to_contain_text("will be replayed")


def test_support_switches_a_link_off_and_on(walk: Walk) -> None:
    walk.find(AS_SPELLED)
    walk.press(walk.page.get_by_text("Switch the link off", exact=True))
    walk.click("Switch the link off now", "button")
    expect(walk.page.locator(".line > li").filter(has_text="Link switched off")).to_have_count(1)
    walk.page.get_by_role("button", name="Switch the link on").click()
    expect(walk.page.get_by_text("Switch the link off", exact=True)).to_be_visible()


def test_marketing_sees_this_weeks_best_campaign(walk: Walk) -> None:
    walk.click("By tag")
    expect(walk.page.locator("tbody th a").first).to_have_text(TAG)


def test_marketing_sees_when_a_campaign_is_clicked(walk: Walk) -> None:
    walk.click("By tag")
    walk.click(TAG)
    expect(walk.page.get_by_text("7 min 0 s")).to_be_visible()
    hour = walk.clicked_on.hour
    expect(walk.page.get_by_role("region", name="Hours of the week")).to_contain_text(
        f"Most first clicks: {walk.clicked_on:%A}, {hour}:00 to {hour + 1}:00 (12)"
    )


@only_desktop
def test_marketing_exports_what_was_not_clicked(walk: Walk) -> None:
    walk.click("By tag")
    walk.click("parcel")
    rows = list(csv.DictReader(io.StringIO(walk.save("Export those not clicked (CSV)").path().read_text("utf-8-sig"))))
    assert rows and all(row["tags"] == "parcel" and not row["accessed_on"] for row in rows)


@only_desktop
def test_marketing_makes_a_message_by_hand(walk: Walk) -> None:
    walk.click("Make a message")
    walk.page.get_by_label("Message", exact=True).fill("Our sale begins: https://www.example.com/sale")
    walk.click("Store the message", "button")
    expect(walk.page.locator("mark").first).to_contain_text("/")


@only_desktop
def test_marketing_uploads_ten_thousand_rows(walk: Walk) -> None:
    rows = "".join(f"News {number}: https://www.example.com/news,autumn-news\n" for number in range(10_000))
    walk.click("Campaigns from files")
    file = {"name": "autumn.csv", "mimeType": "text/csv", "buffer": f"message,tags\n{rows}".encode()}
    walk.page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    walk.click("Upload", "button")
    walk.click("Store 10000 messages", "button")
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text("Campaign autumn.csv")
    expect(walk.page.get_by_role("progressbar").or_(walk.page.get_by_text("10,000 of 10,000")).first).to_be_visible()


@only_desktop
def test_an_owner_makes_a_token_to_read(walk: Walk) -> None:
    walk.go("Account")
    expect(walk.page.get_by_role("row", name="main")).not_to_contain_text("never")
    walk.press(walk.page.get_by_text("Create a new token"))
    walk.page.get_by_label("Name", exact=True).fill("statistics")
    for scope in ("send messages", "manage messages and callbacks", "report receipts"):
        walk.page.get_by_label(scope).uncheck()
    walk.click("Create the token", "button")
    expect(walk.page.get_by_role("row", name="statistics")).to_contain_text("read")


@only_desktop
def test_an_owner_sees_what_was_done_yesterday(walk: Walk) -> None:
    walk.go("Account")
    walk.go("Audit log")
    walk.click("Yesterday")
    row = walk.page.get_by_role("row").nth(1)
    expect(row).to_contain_text("Token replaced")
    expect(row).to_contain_text("bob")


def test_an_operator_sees_whether_all_is_well(walk: Walk) -> None:
    walk.go("Operator")
    notices = walk.page.get_by_role("main").locator(".notice")
    expect(notices.filter(has_text="need a decision")).to_be_visible()
    expect(notices.filter(has_text="lost")).to_have_count(0)


@only_desktop
def test_everybody_chooses_the_time_zone(walk: Walk) -> None:
    walk.press(walk.page.get_by_role("contentinfo").get_by_role("link", name="Change"))
    walk.click("Use the time zone of this browser", "button")
    expect(walk.page.get_by_role("contentinfo")).to_contain_text("Asia/Seoul")
