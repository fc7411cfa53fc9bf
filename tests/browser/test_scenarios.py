"""The main tasks in the dashboard, from the message to the answer, with a real click in between."""

import csv
import io
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Office, Seen
from tests.support.factories import BROWSER, TARGET, TEXT
from tests.support.servers import OK, Call, receiving
from tests.support.waiting import WITHIN, until

REFUSAL = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nbroken"


@pytest.fixture
def go(context: BrowserContext, page: Page, office: Office) -> Callable[[str, str], Page]:
    """Opens a page as a signed-in person."""

    def go(name: str, path: str = "") -> Page:
        office.sign_in(context, name)
        page.goto(office.url(path))
        return page

    return go


def send(office: Office, **fields: object) -> dict[str, str]:
    """Send a message of the account `shop`; return its msgid, shortlink and the URL of its report."""
    auth = (office.instance.sid, office.instance.token)
    answer = requests.post(
        f"{office.instance.url}/v1/messages", json={"message": TEXT, **fields}, auth=auth, timeout=WITHIN
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    return {"msgid": told["msgid"], "shortlink": told["link_tracking"]["shortlink"]}


def state(office: Office, msgid: str) -> str | None:
    """The state of the message's callback, if there is one."""
    auth = (office.instance.sid, office.instance.token)
    told = requests.get(f"{office.instance.url}/v1/messages/{msgid}", auth=auth, timeout=WITHIN).json()
    return (told["callback"] or {}).get("state")


def follow(browser: Browser, shortlink: str) -> tuple[int, str | None, str]:
    """Click the link on a phone; return the status, the `Location`, and the text if it is one of our pages."""
    phone = browser.new_context(user_agent=BROWSER, is_mobile=True, has_touch=True, locale="en-GB")
    page = phone.new_page()
    page.set_content(f'<p>Your parcel is here: <a href="{shortlink}">{shortlink}</a> thank you</p>')
    with page.expect_response(shortlink) as answered:
        page.get_by_role("link").click(no_wait_after=True)
    status, place = answered.value.status, answered.value.header_value("location")
    read = "" if place else page.get_by_role("main").inner_text()
    phone.close()
    return status, place, read


def test_the_time_line_shows_click_and_callback(browser: Browser, go: Callable[..., Page], office: Office) -> None:
    with receiving(OK) as receiver:
        sent = send(office, lt_callbackurl=receiver.url(), client_tag="order-real-click", tags=["parcel"])
        page = go("ann", "/messages?tag=parcel")
        page.get_by_role("link", name="order-real-click").click()
        expect(page.locator(".line > li").first).to_contain_text("Received from the sender")
        assert page.locator("mark").all_inner_texts() == [sent["shortlink"], TARGET]
        assert follow(browser, sent["shortlink"])[:2] == (302, TARGET)
        until(lambda: state(office, sent["msgid"]) == "delivered")
    page.reload()
    line = page.locator(".line > li")
    expect(line.filter(has_text="First click")).to_contain_text("person")
    expect(line.filter(has_text="Callback, attempt 1")).to_contain_text("(200)")


def test_a_failed_callback_is_found_and_retried(browser: Browser, go: Callable[..., Page], office: Office) -> None:
    well: list[bool] = []

    def ill_at_first(call: Call) -> None:
        call.say(OK if well else REFUSAL)

    with receiving(ill_at_first) as receiver:
        sent = send(office, lt_callbackurl=receiver.url(), client_tag="order-once-more")
        follow(browser, sent["shortlink"])
        until(lambda: state(office, sent["msgid"]) == "exhausted")
        page = go("ann")
        page.get_by_role("region", name="Needs attention").get_by_role("link", name="not delivered").click()
        well.append(True)
        page.get_by_role("button", name="Replay the callback of").click()
        expect(page.get_by_role("status")).to_contain_text("will be replayed")
        until(lambda: state(office, sent["msgid"]) == "delivered")
    page.goto(office.url(f"/messages/{sent['msgid']}"))
    line = page.locator(".line > li")
    expect(line.filter(has_text="Callback, attempt 1")).to_contain_text("(500)")
    expect(line.filter(has_text="Replay of the callback requested by")).to_contain_text("ann")
    expect(line.filter(has_text="Callback, attempt 3")).to_contain_text("(200)")


@pytest.mark.parametrize("kind", ["CSV", "JSON Lines"])
def test_what_is_filtered_is_exported_and_nothing_else(go: Callable[..., Page], office: Office, kind: str) -> None:
    page = go("bob", "/messages")
    page.get_by_label("Tag", exact=True).fill("return")
    page.get_by_label("Clicked", exact=True).select_option("yes")
    page.get_by_role("button", name="Show").click()
    page.wait_for_load_state()
    shown = page.locator("tbody tr").count()
    with page.expect_download() as downloading:
        page.get_by_role("link", name=kind).click()
    text = downloading.value.path().read_text(encoding="utf-8")
    assert 0 < shown < 25
    assert downloading.value.suggested_filename == ("messages.csv" if kind == "CSV" else "messages.jsonl")
    rows = list(csv.DictReader(io.StringIO(text))) if kind == "CSV" else text.splitlines()
    assert len(rows) == shown
    assert all("return" in str(row) for row in rows)


def test_the_keyboard_switches_a_link_off(browser: Browser, go: Callable[..., Page], office: Office) -> None:
    sent = send(office, client_tag="order-off")
    page = go("ann", f"/messages/{sent['msgid']}")
    page.get_by_text("Switch the link off", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Switch the link off now")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".line > li").filter(has_text="Link switched off")).to_be_visible()
    status, _, read = follow(browser, sent["shortlink"])
    assert status == 410
    assert read.startswith("Link switched off")


def test_a_message_made_by_hand_is_copied(context: BrowserContext, go: Callable[..., Page], seen: Seen) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = go("ann", "/messages/new")
    page.get_by_label("Message", exact=True).fill("Your parcel: https://shop.example.com/track")
    page.get_by_role("button", name="Store the message").click()
    shortlink = page.locator("[data-copy=Shortlink]").inner_text()
    for name, expected in (("Shortlink", shortlink), ("Rewritten message", f"Your parcel: {shortlink}")):
        page.get_by_role("button", name=f"Copy: {name}").click()
        expect(page.locator(".copied")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == expected
    assert seen.refused == []
