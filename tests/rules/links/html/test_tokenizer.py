"""Tags and attributes are read as browsers read them: html5lib gives the expected ones."""

from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shortener.rules.links.html.references import decode
from shortener.rules.links.html.tokenizer import Tag, Text, tokenize
from tests.support.corpora import needs_corpora, rows
from tests.support.html_oracle import OracleTag, start_tags

PIECES = (
    ["<", ">", "/", "=", '"', "'", "`", "!", "-", "--", "&", "#", ";", " ", "\t", "\n", "\r", "\r\n", "\f", "\0", "x"]
    + ["<!--", "-->", "--!>", "<!-->", "<!--->", "<!--[if mso]>", "<![endif]-->", "<![if !mso]>", "<!DOCTYPE html>"]
    + ["<?xml ?>", "<![CDATA[", "]]>", "</", "</>", "</a>", "<a", "<A ", "<a href=", "<area href='", "href", 'href="']
    + ["data-track=off", "https://example.com/?a=1&copy=2", "&amp", "&amp;", "&lt", "&notit;", "&#x26;", "&#0;"]
    + ["&#128", "&#x110000;", "&#99999999999;", "&#;", "&NotEqualTilde;", "é", "İ", "K", "\x85", "\xa0", "\ufeff", "あ"]
    + [f"<{name}>" for name in ("script", "style", "title", "textarea", "xmp", "noscript", "plaintext", "SCRIPT")]
    + [f"</{name}>" for name in ("script", "style", "title", "textarea", "xmp", "noscript", "SCRIPT")]
    + ["<script", "</script", "</script ", "<style/", "</title\n"]
)  # fmt: skip
broken_html = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join)


def read(html: str) -> list[OracleTag]:
    tags = [each for each in tokenize(html) if isinstance(each, Tag) and not each.closes]
    return [OracleTag(tag.name, first_attributes(html, tag)) for tag in tags]


def first_attributes(html: str, tag: Tag) -> dict[str, str]:
    return {each.name: decode(html[each.start : each.end]) for each in reversed(tag.attributes)}


def in_order(tags: list[OracleTag]) -> list[Any]:
    return [(tag.name, sorted(tag.attributes.items())) for tag in tags]


@given(broken_html)
@example("<a href=x")
@example("<script><!--<script></script></script><a href=x>")
@example("<a href='1' HREF=2>")
@example("<a/=x/href = 'y'z>")
def test_tags_are_those_of_html5lib(html: str) -> None:
    assume("<!--\0" not in html)  # html5lib ends `<!--\0>`, browsers do not
    assert in_order(read(html)) == in_order(start_tags(html))


@given(broken_html)
def test_tokens_lie_one_behind_another(html: str) -> None:
    end = 0
    for each in tokenize(html):
        assert end <= each.start < each.end <= len(html)
        end = each.end


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<b", "a"),
        ("a < b", "a < b"),
        ("<p>1</p>2", "12"),
        ("<!--[if mso]>1<![endif]-->2", "2"),
        ("<![if !mso]>1<![endif]>2", "12"),
        ("<title>1</title>2", "2"),
        ("<noscript>1</noscript>2", "12"),
        ("</>1</ 2>3", "13"),
    ],
)
def test_text_is_what_readers_see(html: str, expected: str) -> None:
    assert "".join(html[each.start : each.end] for each in tokenize(html) if isinstance(each, Text)) == expected


@needs_corpora
def test_published_texts_are_read_alike() -> None:
    read_tags = 0
    for name in (
        "url-detection/bleach-linkify",
        "url-detection/gfm-autolink",
        "strings/naughty-strings",
        "ssrf/payloads",
    ):
        texts = [value for row in rows(f"{name}.jsonl") for value in row.values() if isinstance(value, str)]
        for text in texts:
            expected = start_tags(text)
            assert in_order(read(text)) == in_order(expected), text
            read_tags += len(expected)
    assert read_tags > 100
