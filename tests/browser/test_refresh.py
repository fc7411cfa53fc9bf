"""Pages that update themselves: what is new appears, and what people are doing stays as it is."""

from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import delete

from shortener.storage import db
from shortener.storage.models import SignedIn
from tests.browser.conftest import Office
from tests.browser.test_scenarios import send

PATIENCE = 60 * 60_000  # milliseconds of the page's own clock


def waiting(context: BrowserContext, page: Page, office: Office, path: str) -> None:
    """Open a page as Ann; its clock stands still from now on."""
    office.sign_in(context, "ann")
    page.clock.install()
    page.goto(office.url(path))


def test_a_list_updates_and_keeps_what_is_typed(context: BrowserContext, page: Page, office: Office) -> None:
    send(office, client_tag="refresh-old", tags=["refresh"])
    waiting(context, page, office, "/messages?tag=refresh")
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    old = page.get_by_role("link", name="refresh-old")
    row = old.element_handle()
    box = page.get_by_label("Search for")
    box.press_sequentially("refr")
    send(office, client_tag="refresh-new", tags=["refresh"])
    with page.expect_response(lambda answer: "/messages?" in answer.url):
        page.clock.run_for(11_000)
    expect(page.locator("tbody th a").first).to_have_text("refresh-new")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(box).to_be_focused()
    expect(box).to_have_value("refr")
    assert page.evaluate("one => one.isConnected", row)
    assert page.locator("details:not([open])").count() == 0


def test_updates_stop_on_request(context: BrowserContext, page: Page, office: Office) -> None:
    sent = send(office, client_tag="refresh-stopped")
    waiting(context, page, office, f"/messages/{sent['msgid']}")
    page.get_by_role("button", name="Stop updating").click()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.clock.fast_forward(PATIENCE)
    page.reload()
    expect(page.get_by_text("This page does not update itself.")).to_be_visible()
    page.clock.fast_forward(PATIENCE)
    assert len([url for url in requests if "/messages/" in url]) == 1  # the reload
    page.get_by_role("button", name="Update again").click()
    with page.expect_response(lambda answer: sent["msgid"] in answer.url):
        page.clock.run_for(6_000)


def test_updates_stop_when_the_session_ends(context: BrowserContext, page: Page, office: Office) -> None:
    waiting(context, page, office, "/callbacks")
    with office.app.app_context(), db.write() as session:
        session.execute(delete(SignedIn))
    for _ in range(3):
        with page.expect_event("requestfailed"):
            page.clock.fast_forward(60_000)
    expect(page.get_by_text("This page could not be updated.")).to_be_visible()
    assert page.get_by_role("heading", level=1).inner_text() == "Callbacks"
