"""List the `href` values of an HTML part, each with what a reader sees in and around the link."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final

from shortener.rules.links.html.references import decode
from shortener.rules.links.html.tokenizer import Attribute, Tag, Text, tokenize

_LONGEST: Final = 300  # characters of HTML that are kept of each text
_LINKS: Final = frozenset({"a", "area"})
_LINE_ENDS_AT: Final = frozenset(
    {"address", "article", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3"}
    | {"h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"}
)


@dataclass(slots=True)
class Anchor:
    """An `href` value as it stands in the HTML, `[start, end)`, and `value`, what a browser makes of it.

    `label` is the text of the link with its pictures' `alt`. `before` and `after` are on the same line or in the same
    block. `is_off`: the sender wrote `data-track="off"`.
    """

    start: int
    end: int
    value: str
    is_off: bool
    before: str
    label: str = ""
    after: str = ""


def anchors(html: str) -> Iterator[Anchor]:
    """Yield the `href` values of `<a>` and `<area>` in their order. Never raises."""
    reader = _Reader(html)
    for token in tokenize(html):
        done = reader.take(token)
        if done:
            yield done
    if reader.latest:
        yield reader.latest


class _Reader:
    """Collects the texts of one anchor at a time: the latest, which the next one ends."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._before = ""
        self._is_open = False  # the link whose label is read
        self._is_followed = False  # the latest link, on its line
        self.latest: Anchor | None = None

    def take(self, token: Tag | Text) -> Anchor | None:
        """Take the next token. Return the anchor that is complete with it."""
        if isinstance(token, Text):
            self._take_text(token)
        elif token.name in _LINKS and not token.closes:
            return self._begin(token)
        elif token.name == "a":
            self._end_label()
        elif token.name in _LINE_ENDS_AT and not self._is_open:
            self._end_line()
        elif token.name == "img" and self._is_open and self.latest:
            self.latest.label = _joined(self.latest.label, f" {self._decoded(token.attribute('alt'))} ")
        return None

    def _take_text(self, token: Text) -> None:
        start, end = token.start, token.end
        head = unescape(self._html[start : min(end, start + _LONGEST)])
        if self.latest and self._is_open:
            self.latest.label = _joined(self.latest.label, head)
        else:
            self._before = (self._before + unescape(self._html[max(start, end - _LONGEST) : end]))[-_LONGEST:]
            if self.latest and self._is_followed:
                self.latest.after = _joined(self.latest.after, head)

    def _begin(self, tag: Tag) -> Anchor | None:
        complete, self.latest = self.latest, None
        href, track = tag.attribute("href"), tag.attribute("data-track")
        self._is_open, self._is_followed = tag.name == "a", True
        if href:
            is_off = self._decoded(track).strip().lower() == "off"
            self.latest = Anchor(href.start, href.end, self._decoded(href), is_off, self._before)
            if not self._is_open:
                self.latest.label = self._decoded(tag.attribute("alt"))
        self._before = ""
        return complete

    def _end_label(self) -> None:
        self._is_open = False
        self._before = ""

    def _end_line(self) -> None:
        if not self._before.rstrip().endswith((":", "：")):  # a colon announces the next line
            self._before = ""
        self._is_followed = False

    def _decoded(self, attribute: Attribute | None) -> str:
        return decode(self._html[attribute.start : attribute.end]) if attribute else ""


def _joined(text: str, more: str) -> str:
    return (text + more)[:_LONGEST]
