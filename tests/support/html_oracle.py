"""The tags that html5lib, another program for the WHATWG rules, reads from HTML."""

from typing import NamedTuple

from html5lib._tokenizer import HTMLTokenizer
from html5lib.constants import tokenTypes

STATES = {"script": "scriptDataState", "plaintext": "plaintextState"} | {
    "title": "rcdataState", "textarea": "rcdataState"
} | dict.fromkeys(("style", "xmp", "iframe", "noembed", "noframes"), "rawtextState")  # fmt: skip


class OracleTag(NamedTuple):
    """A start tag: its name and its attributes, of which the first of several equal ones counts."""

    name: str
    attributes: dict[str, str]


def start_tags(html: str) -> list[OracleTag]:
    """The start tags of the HTML, as html5lib's tokenizer gives them to a tree builder that runs no scripts."""
    tokenizer = HTMLTokenizer(html)
    tags = []
    for token in tokenizer:
        if token["type"] != tokenTypes["StartTag"]:
            continue
        tags.append(OracleTag(token["name"], dict(token["data"])))
        if state := STATES.get(token["name"]):
            tokenizer.state = getattr(tokenizer, state)
    return tags
