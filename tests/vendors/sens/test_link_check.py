"""The sixteen kinds of links that NAVER refuses, in each place that has a link."""

from typing import Any

import pytest

from shortener.rules.links.detection import BareDomains
from shortener.vendors.sens import link_check

# NAVER's examples of links that are not sent, with other domains.
REFUSED = (
    "https://#{link}",
    "https://{link}",
    "https://www.example.com{path}",
    "https://https://www.example.com",
    "https://customscheme://action",
    "https://search.example.comsearch?q=a",
    "https://search.example.com%2Fsearch%3Fq=a",
    "https://20231016-000001",
    "https://サービス名",
    "https://?q=a",
    "https://.example.com",
    "https://localhost:8080/a",
    "https:////www.example.com",
    "https:// www.example.com",
    "https://www.example.c",
    "https://www.example.comm",
)
TAKEN = ("https://shop.example.com/track?id=1&x=%20", "http://example.com", "https://日本語.jp/a", "www.example.com")


def fault(**links: Any) -> str | None:
    image = {"imageId": "1", "imageLink": links.pop("imageLink")} if "imageLink" in links else None
    buttons = [{"type": "BK"}, {"type": "WL", **links}] if links else []
    return link_check.fault(buttons, image, BareDomains.CAREFUL)


def test_there_are_sixteen_kinds() -> None:
    assert len(set(REFUSED)) == 16


@pytest.mark.parametrize("place", ["linkMobile", "linkPc", "imageLink"])
@pytest.mark.parametrize("link", REFUSED)
def test_a_link_that_leads_nowhere_is_refused(place: str, link: str) -> None:
    found = fault(**{place: link})
    assert found is not None
    assert found.startswith("image.imageLink: " if place == "imageLink" else f"buttons[1].{place}: ")
    assert link not in found


@pytest.mark.parametrize("place", ["linkMobile", "linkPc", "imageLink"])
@pytest.mark.parametrize("link", TAKEN)
def test_a_link_that_opens_is_taken(place: str, link: str) -> None:
    assert fault(**{place: link}) is None


def test_other_fields_are_no_links() -> None:
    assert fault(schemeIos="shop://a", schemeAndroid="shop://a", linkPc="", linkMobile=None) is None
    assert link_check.fault([], None, BareDomains.CAREFUL) is None
