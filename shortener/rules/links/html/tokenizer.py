"""Read HTML into tags and text, with their offsets, by the WHATWG rules for tokenization.

Browsers and mail programs agree on these rules also for broken HTML. Comments (also conditional ones), declarations,
CDATA sections and processing instructions are passed over, and so is the content of scripts, styles, titles and the
like, as in a program that runs no scripts. A tag that never ends is no tag. The time is linear in the length.

The tree is not built. So inside `<svg>` and `<math>`, where browsers switch to other rules, a `<title>` or `<style>`
hides its content as it does elsewhere.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from shortener.rules.links.html.raw_text import HIDING, end_of_content

_SPACE: Final = r"\t\n\f\r "
_SIGN: Final = re.compile(r"<(?=[A-Za-z/!?])")
_TAG: Final = re.compile(rf"<(/?)([A-Za-z][^{_SPACE}/>]*+)")
_VALUE: Final = rf"""(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<torn>["'])|(?P<unquoted>[^{_SPACE}>]*+))"""
_NEXT_IN_TAG: Final = re.compile(
    rf"[{_SPACE}/]*+"
    rf"(?:(?P<end>>)|(?P<name>[^{_SPACE}/>][^{_SPACE}/>=]*+)(?:[{_SPACE}]*+=[{_SPACE}]*+{_VALUE})?+)"
)
_COMMENT_END: Final = re.compile(r"(?<=<!--)-?>|--!?>")
_LETTERS: Final = str.maketrans(
    {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)} | {"\0": "\ufffd"}
)


class Attribute(NamedTuple):
    """An attribute; `[start, end)` is its value as it stands in the HTML, without quotes, empty if it has none."""

    name: str
    start: int
    end: int


class Tag(NamedTuple):
    """A start tag, or an end tag if `closes`, at `[start, end)`. The first of several equal attributes counts."""

    name: str
    closes: bool
    start: int
    end: int
    attributes: tuple[Attribute, ...]

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute that counts for a name in lower case."""
        return next((each for each in self.attributes if each.name == name), None)


class Text(NamedTuple):
    """Text at `[start, end)` that a reader sees."""

    start: int
    end: int


def tokenize(html: str) -> Iterator[Tag | Text]:
    """Yield the tags and texts in their order. Never raises."""
    position = 0
    while sign := _SIGN.search(html, position):
        if sign.start() > position:
            yield Text(position, sign.start())
        begin = _TAG.match(html, sign.start())
        tag = _tag(html, begin) if begin else None
        if begin and not tag:
            return
        if tag:
            yield tag
            position = end_of_content(html, tag.name, tag.end) if tag.name in HIDING and not tag.closes else tag.end
        else:
            position = _end_of_markup(html, sign.start())
    if position < len(html):
        yield Text(position, len(html))


def _end_of_markup(html: str, start: int) -> int:
    """Return where the comment or declaration at `start` ends, which begins with `<!`, `<?` or `</`."""
    if html.startswith("<!--", start):
        end = _COMMENT_END.search(html, start + 4)
        return end.end() if end else len(html)
    return html.find(">", start + 2) + 1 or len(html)


def _tag(html: str, begin: re.Match[str]) -> Tag | None:
    """Return the tag that begins at a match; None if the HTML ends in it."""
    attributes: list[Attribute] = []
    position = begin.end()
    while (found := _NEXT_IN_TAG.match(html, position)) and found.lastgroup != "torn":
        position = found.end()
        if found.lastgroup == "end":
            return Tag(begin[2].translate(_LETTERS), begin[1] == "/", begin.start(), position, tuple(attributes))
        start, end = (position, position) if found.lastgroup == "name" else found.span(found.lastgroup or 0)
        attributes.append(Attribute(found["name"].translate(_LETTERS), start, end))
    return None
