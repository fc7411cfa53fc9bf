"""The API reference as developers see it: on a phone, in light and in dark mode."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from shortener import create_app
from shortener.config.settings import Settings
from shortener.storage.db import db
from tests.browser.conftest import Seen
from tests.conftest import SECRET_KEY
from tests.support import axe


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = create_app(Settings(data=tmp_path_factory.mktemp("data"), secret_key=SECRET_KEY))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.engine.dispose()


@pytest.mark.timeout(300)
def test_the_reference_is_accessible_and_self_contained(page: Page, seen: Seen, address: str) -> None:
    page.goto(f"{address}/docs")
    assert axe.faults(page) == []
    assert seen.strangers(address) == []
    assert seen.refused == []


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_of_it_stands_beside_the_screen(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{address}/docs")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_the_text_before_the_calls(page: Page, address: str) -> None:
    page.goto(f"{address}/docs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**#preprocess_message")


def test_a_phone_unfolds_the_navigation(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/docs")
    call = page.get_by_role("navigation").get_by_role("link", name="POST /v1/messages", exact=True)
    expect(call).to_be_hidden()
    page.get_by_label("Show all operations").focus()
    page.keyboard.press("Space")
    expect(call).to_be_visible()
    expect(page.get_by_role("link", name="Dashboard")).to_be_visible()
