"""The visitor pages as recipients see or hear them: in each language, in light and in dark mode."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Response, Route
from sqlalchemy.exc import OperationalError
from werkzeug.serving import make_server

from shortener import create_app
from shortener.config.settings import Settings
from shortener.storage.db import db
from shortener.web.visitor_texts import TEXTS
from tests.browser.conftest import Seen
from tests.conftest import SECRET_KEY
from tests.support import axe, databases
from tests.support.factories import DAY, NOW, make_account, make_message, slug_of

SMALL_PHONE = {"width": 320, "height": 568}
RELOAD = '<meta http-equiv="refresh" content="5">'
LONG = "https://shop.example.com/" + "a-page-without-a-place-to-break-it" * 4


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The URL of the application, served on its own port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def pages(sqlite_template: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The URL of each page, by its name."""
    folder = tmp_path_factory.mktemp("pages")
    settings = Settings(
        database_url=databases.copy_sqlite(sqlite_template, folder),
        data=folder,
        secret_key=SECRET_KEY,
        spool_bytes=65536,
        sender_name="Example Shop",
        sender_contact=LONG,
    )
    app = create_app(settings)
    _add_what_goes_wrong(app)
    with app.app_context():
        shop = make_account("shop")
        expired, off = make_message(shop, now=NOW - 1000 * DAY), make_message(shop)
        app.test_client().post(f"/v1/messages/{off.message.msgid}/off", headers=shop.bearer)
        paths = {"unknown": "AAAAAAAAAA", "expired": slug_of(expired.link), "off": slug_of(off.link)}
        with serving(app) as url:
            yield {name: f"{url}/{paths.get(name, name)}" for name in TEXTS["en"]}
        db.session.remove()
        db.engine.dispose()


def _add_what_goes_wrong(app: Flask) -> None:
    """Three URLs, by the names of their pages."""

    def unavailable() -> str:
        raise OperationalError("SELECT", {}, Exception("could not connect"))

    def failed() -> str:
        raise ZeroDivisionError

    app.add_url_rule("/unavailable", view_func=unavailable)
    app.add_url_rule("/failed", view_func=failed)
    app.add_url_rule("/refused", "refused", lambda: "", methods=["POST"])


def opened(page: Page, address: str) -> Response:
    """Open a page. The page that reloads itself is stopped, or it would reload while the test examines it."""
    page.route(address, _hold_still)
    answer = page.goto(address)
    assert answer is not None
    return answer


def _hold_still(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace(RELOAD, ""))


@pytest.fixture(scope="module", params=TEXTS)
def reader(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, Page]]:
    """A language, and a page of a browser in that language, on a small phone."""
    context = browser.new_context(locale=request.param, viewport=SMALL_PHONE)
    yield request.param, context.new_page()
    context.close()


@pytest.mark.parametrize("name", TEXTS["en"])
def test_a_page_is_accessible_and_fits_a_phone(reader: tuple[str, Page], pages: dict[str, str], name: str) -> None:
    language, page = reader
    opened(page, pages[name])
    assert page.title() == TEXTS[language][name].title
    assert page.locator("html").get_attribute("lang") == language
    assert axe.faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL_PHONE["width"]


@pytest.mark.parametrize("name", TEXTS["en"])
def test_a_page_is_one_request_with_its_style(page: Page, pages: dict[str, str], seen: Seen, name: str) -> None:
    assert len(opened(page, pages[name]).body()) < 4096
    assert seen.requests == [pages[name]]
    assert seen.refused == []
    assert page.locator("h1").evaluate("it => getComputedStyle(it).fontSize") == "24px"


def test_an_injected_style_is_blocked_by_the_policy(page: Page, pages: dict[str, str], seen: Seen) -> None:
    page.goto(pages["unknown"])
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<style>h1 { font-size: 99px }</style>')")
    assert page.locator("h1").evaluate("it => getComputedStyle(it).fontSize") == "24px"
    assert len(seen.refused) == 1


def test_by_night_the_page_is_dark(page: Page, pages: dict[str, str]) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(pages["expired"])
        shades[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shades["light"] == "rgb(255, 255, 255)"
    assert all(int(part) < 64 for part in shades["dark"].removeprefix("rgb(").removesuffix(")").split(","))


def test_the_keyboard_reaches_retry_and_contact(context: BrowserContext, page: Page, pages: dict[str, str]) -> None:
    opened(page, pages["unavailable"])
    page.keyboard.press("Tab")
    assert page.locator(":focus-visible").inner_text() == "Try again"
    assert page.locator(":focus-visible").evaluate("it => getComputedStyle(it).outlineStyle") == "solid"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.locator(":focus-visible").get_attribute("href") == LONG
