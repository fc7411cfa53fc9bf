"""The check of the links in buttons and pictures, which NAVER makes when a message is requested."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shortener.rules.links import target
from shortener.rules.links.detection import BareDomains

BUTTON_LINKS: Final = ("linkMobile", "linkPc")


def fault(buttons: list[dict[str, Any]], image: Mapping[str, Any] | None, bare_domains: BareDomains) -> str | None:
    """Return what is wrong with the first link that recipients could not open; None if each is one.

    It is the check of `/v1/links/check`. Shortlinks of our own are links too: a sender may have made one for a button.
    """
    for place, link in _links(buttons, image):
        verdict = target.judge(link, bare_domains=bare_domains)
        if isinstance(verdict, target.Refusal):
            return f"{place}: {verdict.reason.sentence}"
    return None


def _links(buttons: list[dict[str, Any]], image: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for index, button in enumerate(buttons):
        for name in BUTTON_LINKS:
            if button.get(name):
                yield f"buttons[{index}].{name}", button[name]
    if image and image.get("imageLink"):
        yield "image.imageLink", image["imageLink"]
