"""Take the pictures of docs/images: python bench/screenshots.py

Starts its own instance on SQLite, fills it with a few days of a shop that sends parcels, and takes pictures with
Chromium. It uses the machine's fonts: for Japanese, `apt-get install fonts-noto-cjk`.
"""

import datetime as dt
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import demo_data  # the checkout is on the path from here on
from bench.instance import ROOT, running
from shortener import create_app
from shortener.accounts import logins, passwords, people
from shortener.config.settings import Settings
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Attempt, Callback, Click, Link, Message, Sending
from tests.support import chromium

IMAGES = ROOT / "docs" / "images"
LARGEST = 200_000  # bytes
HIGHEST = 1000  # pixels
HEIGHTS = {"time-line": 1900, "clicks": 1250}  # of pictures that need more than HIGHEST
SETTINGS = {
    "secret_key": "for pictures, and for nothing else at all",
    "public_url": "https://s.example.com",
    "sender_name": "Example Parcels",
    "sender_contact": "https://www.example.com/help",
    "worker": "off",  # nothing is sent, and nothing changes during the pictures
    "processes": "1",
}
PERSON = "staff@example.com"
DESK = {"viewport": {"width": 1200, "height": 900}, "locale": "en-GB"}
PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "en-GB", "color_scheme": "dark", "is_mobile": True}
JAPANESE = {"viewport": {"width": 390, "height": 500}, "locale": "ja-JP", "is_mobile": True}
TRIED = "Your parcel arrives today: https://track.example.com/p/41923?lang=en Questions? www.example.com/help"
Prepare = Callable[[Page], object]


def fill(now: dt.datetime) -> dict[str, str]:
    """Create the data; return a session, msgids of a message with many events and a held one, an expired slug."""
    with db.write() as session:
        shop = demo_data.opened(session, "parcels", now - 120 * demo_data.DAY)
        old = shop.send(now - 100 * demo_data.DAY).link
        shop.live(7, 60, now)
        person = people.create(session, PERSON, passwords.generated(), account="parcels", role="owner", now=now)
        session.flush()
        token = logins.start(session, person, now=now)
        attempts = select(func.count()).where(Attempt.callback_id == Callback.id).scalar_subquery()
        clicks = select(func.count()).where(Click.link_id == Link.id).scalar_subquery()
        story = (
            select(Message.msgid)
            .join(Link)
            .join(Callback, Callback.message_id == Message.id)
            .where(Callback.state == "delivered")
        )
        msgid = session.scalars(story.order_by((attempts > 1).desc(), clicks.desc()).limit(1)).one()
        held = session.scalars(select(Message.msgid).join(Sending).where(Sending.state == "held").limit(1)).one()
        assert old is not None
        return {"token": token, "msgid": msgid, "held": held, "expired": services().slugs.encode(old.number)}


def take(browser: Browser, name: str, url: str, token: str, options: dict[str, Any], prepare: Prepare) -> None:
    """Open a page as the person, prepare it, and take a picture of its upper part."""
    context = browser.new_context(**options, reduced_motion="reduce")
    context.add_cookies([{"name": "dashboard", "value": token, "url": url}])
    page = context.new_page()
    page.goto(url)
    prepare(page)
    path = IMAGES / f"{name}.png"
    width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, HEIGHTS.get(name, HIGHEST))}
    page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]
    context.close()
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
    assert path.stat().st_size < LARGEST, "too large for a page that people load"


def fill_in(page: Page) -> None:
    """Fill in and send the form of a message to try."""
    page.get_by_label("Message", exact=True).fill(TRIED)
    page.get_by_role("button", name="Check").click()
    page.get_by_role("status").wait_for()


def nothing(page: Page) -> None:
    """Leave the page as it is."""


def main() -> None:
    """Take all pictures."""
    executable = chromium.found()
    if executable is None:
        sys.exit(chromium.WANTED)
    IMAGES.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory(prefix="shortener-") as folder, sync_playwright() as playwright:
        database = f"sqlite:///{folder}/parcels.sqlite3"
        with running("shop", database_url=database, **SETTINGS) as instance:
            app = create_app(Settings(database_url=database, data=Path(folder), **SETTINGS))  # type: ignore[arg-type]
            with app.app_context():
                made = fill(now)
                db.db.engine.dispose()
            browser = playwright.chromium.launch(executable_path=executable)
            dashboard = f"{instance.url}/dashboard"
            for name, url, options, prepare in (
                ("overview", dashboard, DESK, nothing),
                ("time-line", f"{dashboard}/messages/{made['msgid']}", DESK, nothing),
                ("decision", f"{dashboard}/messages/{made['held']}", DESK, nothing),
                ("try-it", f"{dashboard}/try", DESK, fill_in),
                ("clicks", f"{dashboard}/clicks", DESK, nothing),
                ("callbacks", f"{dashboard}/callbacks?state=exhausted", DESK, nothing),
                ("overview-phone", dashboard, PHONE, nothing),
                ("expired-japanese", f"{instance.url}/{made['expired']}", JAPANESE, nothing),
            ):
                take(browser, name, url, made["token"], options, prepare)
            browser.close()


if __name__ == "__main__":
    main()
