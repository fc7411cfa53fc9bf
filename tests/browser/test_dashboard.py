"""The dashboard as people use it: with mouse or keyboard, on a phone, in dark mode, in their language."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from shortener.accounts import password_links, people
from shortener.rules.role import Role
from shortener.storage import db
from tests.browser.conftest import Office, Seen
from tests.support import axe
from tests.support.browsing import PASSWORD

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 375, "height": 667}
# The labels of table cells that are taller than their cell and so overlap the next one.
LOW_CELLS = """() => [...document.querySelectorAll(".cards [data-label]")]
  .filter((cell) => cell.clientHeight + 1 < parseFloat(getComputedStyle(cell, "::before").height))
  .map((cell) => cell.dataset.label)"""
# People and the paths that they open; a state stands for a message whose callback or sending is in that state.
PAGES = [
    ("nobody", "/sign-in"),
    ("eve", ""),
    ("eve", "/messages"),
    ("eve", "/callbacks"),
    ("bob", "?days=7&by=hour"),
    ("bob", "/clicks"),
    ("bob", "/messages?clicked=true"),
    ("bob", "/messages?q=parcel"),
    ("bob", "/messages?state=delivered"),
    ("bob", "/messages/{exhausted}"),
    ("bob", "/messages/{held}"),
    ("bob", "/messages/{delivered}/clicks"),
    ("bob", "/callbacks?state=exhausted"),
    ("bob", "/callbacks/test"),
    ("bob", "/callbacks/replay?state=exhausted"),
    ("bob", "/messages/new"),
    ("bob", "/campaigns"),
    ("eve", "/exports"),
    ("bob", "/exports?tag=parcel"),
    ("bob", "/account"),
    ("bob", "/account/audit"),
    ("root", "/operator/audit"),
    ("bob", "/try"),
    ("bob", "/password"),
    ("bob", "/time-zone"),
    ("bob", "/no-such-page"),
    ("root", "/operator"),
]
# Where the focus is, whether it can be seen there, and whether it is still within the same field.
# A field for a time has stops of its own inside, which the browser itself makes visible.
FOCUS = """() => {
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  if (it === document.body) return null;
  const inside = box.width > 0 && box.top < innerHeight && box.bottom > 0 && box.left >= 0 && box.right <= innerWidth;
  const outlined = it.type === "datetime-local" || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const same = it === window.stop_before;
  window.stop_before = it;
  return {place: (it.innerText || it.labels?.[0]?.innerText || it.id).trim(), seen: inside && outlined, same};
}"""
STOPS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"


def opened(context: BrowserContext, page: Page, office: Office, name: str, path: str) -> Page:
    """A page of the dashboard, as this person sees it."""
    if name != "nobody":
        office.sign_in(context, name)
    states = {state: office.msgid(state) for state in re.findall(r"{(\w+)}", path)}
    page.goto(office.url(path.format(**states)))
    return page


def test_an_invited_person_chooses_a_password(page: Page, office: Office) -> None:
    with office.app.app_context(), db.write() as session:
        person = people.invite(session, "ben@example.com", account="shop", role=Role.OWNER, now=db.now(session))
        path = password_links.create(session, person, is_invitation=True, now=db.now(session))
    page.goto(office.url(path.removeprefix("/dashboard")))
    assert axe.faults(page) == []
    page.reload()  # the focus is in the first field
    page.keyboard.type("seven quiet otters")
    page.keyboard.press("Tab")
    page.keyboard.type("seven quiet otters")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("You can sign in with it now.")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work")


def stops(page: Page) -> list[str]:
    """The elements that Tab reaches, in order; the focus is visible at each."""
    while page.evaluate(FOCUS) is not None:  # continue to the end: the page may have set the focus to a field
        page.keyboard.press("Tab")
    found: list[str] = []
    page.keyboard.press("Tab")
    while (focus := page.evaluate(FOCUS)) is not None:
        if not focus["same"]:
            assert focus["seen"], focus["place"]
            found.append(focus["place"])
        assert len(found) < 200, found
        page.keyboard.press("Tab")
    return found


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_a_page_is_accessible_and_self_contained(
    context: BrowserContext, page: Page, office: Office, seen: Seen, name: str, path: str
) -> None:
    opened(context, page, office, name, path)
    assert axe.faults(page) == []
    assert seen.strangers(office.instance.url) == []
    assert seen.refused == []
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_a_japanese_page_fits_a_phone_and_is_accessible(browser: Browser, office: Office, name: str, path: str) -> None:
    context = browser.new_context(locale="ja-JP", viewport=PHONE, is_mobile=True, has_touch=True)
    page = opened(context, context.new_page(), office, name, path)
    assert page.locator("html").get_attribute("lang") == "ja"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert axe.faults(page) == []
    context.close()


@pytest.mark.parametrize("locale", ["en-GB", "ja-JP"])
@pytest.mark.parametrize(("name", "path"), [("bob", "/account"), ("root", "/operator")])
def test_labels_are_readable_on_a_small_phone(
    browser: Browser, office: Office, name: str, path: str, locale: str
) -> None:
    context = browser.new_context(locale=locale, viewport=SMALL_PHONE, is_mobile=True, has_touch=True)
    page = opened(context, context.new_page(), office, name, path)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate(LOW_CELLS) == []
    for one in page.locator("nav a[aria-current]").all():
        current = one.bounding_box()
        assert current is not None
        assert current["x"] >= 0 and current["x"] + current["width"] <= SMALL_PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL_PHONE["width"]
    context.close()


def test_a_phone_shows_the_axis_and_folds_filters(browser: Browser, office: Office) -> None:
    context = browser.new_context(locale="en-GB", viewport=PHONE, is_mobile=True, has_touch=True)
    page = opened(context, context.new_page(), office, "bob", "?days=7")
    for label in page.locator(".axis-labels text").all():
        box = label.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    page.goto(office.url("/callbacks"))
    expect(page.get_by_label("State")).to_be_hidden()
    page.locator("label.fold").tap()
    expect(page.get_by_label("State")).to_be_visible()
    context.close()


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_the_keyboard_reaches_everything_with_visible_focus(
    context: BrowserContext, page: Page, office: Office, name: str, path: str
) -> None:
    opened(context, page, office, name, path)
    reached = stops(page)
    assert reached[0] == "Skip to content"
    assert len(reached) == page.locator(STOPS).filter(visible=True).count()


def test_the_skip_link_leads_past_the_navigation(context: BrowserContext, page: Page, office: Office) -> None:
    opened(context, page, office, "bob", "/try")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_by_night_the_dashboard_is_dark(context: BrowserContext, page: Page, office: Office) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        opened(context, page, office, "bob", "/try")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(int(part) for part in re.findall(r"\d+", ground)[:3]))
    light, dark = grounds
    assert light > 3 * 230 and dark < 3 * 40


def test_a_chosen_language_is_remembered(context: BrowserContext, page: Page, office: Office) -> None:
    opened(context, page, office, "bob", "/try")
    page.get_by_role("link", name="日本語").click()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    page.goto(office.url("/password"))
    expect(page.get_by_role("heading", level=1)).to_have_text("パスワードの変更")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your password")


def test_a_message_is_tried_without_a_mouse(context: BrowserContext, page: Page, office: Office) -> None:
    opened(context, page, office, "bob", "/try")
    page.get_by_label("Message", exact=True).focus()
    page.keyboard.type("Your parcel: https://track.example.com/p/1?lang=en or call javascript:alert(1)")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("This link would be shortened.")
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile("^Your parcel: "))
    marked = page.get_by_role("figure").locator("mark").all_inner_texts()
    assert marked[0] == "https://track.example.com/p/1?lang=en"
    assert re.fullmatch(re.escape(office.instance.url) + "/[A-Za-z0-9]{10}", marked[1])
    assert axe.faults(page) == []


def test_a_person_signs_in_and_out(page: Page, office: Office) -> None:
    page.goto(office.url("/try"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Name or e-mail").fill("ann")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The name or password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Try it")
    page.get_by_role("button", name="Sign out").click()
    page.goto(office.url("/try"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
