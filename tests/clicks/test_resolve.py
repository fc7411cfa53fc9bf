"""Resolve a slug: its location, and whether the link is live."""

from flask import Flask

from shortener.clicks.resolve import resolve
from shortener.running.services import services
from shortener.storage.models import Link
from tests.support.factories import DAY, NOW, TARGET, Sender, make_message


def number_of(link: Link | None) -> int:
    assert link is not None
    return link.number


def test_an_unknown_number_resolves_to_none(app: Flask) -> None:
    assert resolve(services().readers, 1) is None


def test_a_link_is_live_until_it_expires(sender: Sender) -> None:
    fresh, old = make_message(sender), make_message(sender, now=NOW - 1000 * DAY)
    alive = resolve(services().readers, number_of(fresh.link))
    dead = resolve(services().readers, number_of(old.link))
    assert alive is not None and alive.live and alive.location == TARGET
    assert dead is not None and not dead.live


def test_the_location_is_in_ascii(sender: Sender) -> None:
    done = make_message(sender, "https://例え.jp/道?q=あ#b")
    resolved = resolve(services().readers, number_of(done.link))
    assert resolved is not None
    assert resolved.location == "https://xn--r8jz45g.jp/%E9%81%93?q=%E3%81%82#b"
