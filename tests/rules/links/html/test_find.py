"""Which attribute values of an HTML part are links, why others are not, and what replacing them leaves alone."""

import gc
import time
from collections.abc import Iterator

import html5lib
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shortener.rules.links.html.find import MOST_LINKS, MOST_SKIPPED, find, own_slugs, rewrite, without_links
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.tracking import Track
from tests.rules.links.html.test_tokenizer import broken_html
from tests.support.html_oracle import start_tags

OWN = frozenset({"s.xoxzo.com"})
SHORTLINK = "https://s.xoxzo.com/Ab3dE6gH9k"
MANY = 10_000
PART = 200_000  # characters


def links(html: str, track: Track = Track.ALL) -> list[str]:
    return [each.target.link for each in find(html, track=track, own_hosts=OWN).links]


def skipped(html: str, track: Track = Track.ALL) -> list[tuple[str, SkipReason]]:
    return [(each.text, each.reason) for each in find(html, track=track, own_hosts=OWN).skipped]


def replaced(html: str, shortlink: str = SHORTLINK) -> str:
    links = find(html, track=Track.ALL, own_hosts=OWN).links
    return rewrite(html, [(each.start, each.end, shortlink) for each in links])


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://example.com/?a=1&amp;b=2">x</a>', ["https://example.com/?a=1&b=2"]),
        ("<A HREF='HTTPS://EXAMPLE.COM/'>x</A>", ["HTTPS://EXAMPLE.COM/"]),
        ("<a href=https://example.com/>x</a>", ["https://example.com/"]),
        ('<a href=" https://example.com/a\n  ">x</a>', ["https://example.com/a"]),
        ('<a href="&#104;ttps://example.com">x</a>', ["https://example.com"]),
        ('<area href="https://example.com/map">', ["https://example.com/map"]),
        ('<a href="https://a.com/1" href="https://b.com/2">x</a>', ["https://a.com/1"]),
        ('<a href="https://a.com/1">x<a href="https://b.com/2">y', ["https://a.com/1", "https://b.com/2"]),
        ('<a href="https://日本語.jp/">x</a>', ["https://日本語.jp/"]),
        ('<link href="https://a.com/s.css"><img src="https://a.com/i.png"><base href="https://a.com/">', []),
        ('<p>https://example.com/text</p>', []),
        ('<!-- <a href="https://a.com/1">x</a> --><a href="https://b.com/2">y</a>', ["https://b.com/2"]),
        ('<!--[if mso]><a href="https://a.com/1">x</a><![endif]-->', []),
        ('<!--[if !mso]><!--><a href="https://a.com/1">x</a><!--<![endif]-->', ["https://a.com/1"]),
        ('<![if !mso]><a href="https://a.com/1">x</a><![endif]>', ["https://a.com/1"]),
        ('<script>"<a href=\'https://a.com/1\'>"</script>', []),
        ('<style><a href="https://a.com/1"></style>', []),
        ('<textarea><a href="https://a.com/1"></textarea><title><a href="https://a.com/1"></title>', []),
        ('<a href="https://a.com/1', []),
        ('<a href="https://a.com/1"', []),
    ],
)  # fmt: skip
def test_links_are_values_of_href(html: str, expected: list[str]) -> None:
    assert links(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="mailto:a@example.com">x</a>', [("mailto:a@example.com", "scheme")]),
        ('<a href="tel:+81312345678">x</a>', [("tel:+81312345678", "scheme")]),
        ('<a href="example.com/x">x</a>', [("example.com/x", "bare")]),
        ('<a href="/x">x</a>', [("/x", "bare")]),
        ('<a href="//example.com/x">x</a>', [("//example.com/x", "separator")]),
        ('<a href="{{url}}">x</a>', [("{{url}}", "variable")]),
        ('<a href="https://s.xoxzo.com/Ab3dE6gH9k">x</a>', [("https://s.xoxzo.com/Ab3dE6gH9k", "own")]),
        ('<a href="https://example.com/a b">x</a>', [("https://example.com/a b", "space")]),
        ('<a data-track="off" href="https://a.com/1">x</a>', [("https://a.com/1", "off")]),
        ('<a href="https://a.com/1" DATA-TRACK=OFF>x</a>', [("https://a.com/1", "off")]),
        ('<a href="https://a.com/unsubscribe">x</a>', [("https://a.com/unsubscribe", "unsubscribe")]),
        ('<a href="https://a.com/1"><b>Un</b>subscribe</a>', [("https://a.com/1", "unsubscribe")]),
        ('<a href="https://a.com/1"><img alt="Unsubscribe"></a>', [("https://a.com/1", "unsubscribe")]),
        ('<area href="https://a.com/1" alt="Unsubscribe">', [("https://a.com/1", "unsubscribe")]),
        ('To unsubscribe, <a href="https://a.com/1">click here</a>', [("https://a.com/1", "unsubscribe")]),
        ('<a href="#top">x</a><a href="">x</a><a href>x</a><a name="top">x</a>', []),
    ],
)
def test_other_values_stay_with_a_reason(html: str, expected: list[tuple[str, str]]) -> None:
    assert links(html) == []
    assert skipped(html) == expected


def test_words_of_other_lines_do_not_count() -> None:
    assert links('<p>To unsubscribe, write</p><a href="https://a.com/1">click here</a><p>Unsubscribe</p>')
    assert links('Unsubscribe<br><a href="https://a.com/1">here</a><br>Unsubscribe')


def test_first_link_alone_is_found() -> None:
    html = '<a href="tel:1">x</a><a href="https://a.com/1">x</a><a href="https://b.com/2">x</a>'
    assert links(html, Track.FIRST) == ["https://a.com/1"]
    assert skipped(html, Track.FIRST) == [("tel:1", "scheme"), ("https://b.com/2", "later")]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a\nhref="https://a.com/1"  >x</a>', '<a\nhref="https://s.xoxzo.com/?a=1&amp;b=&#34;&#39;"  >x</a>'),
        ("<a href='https://a.com/1'>x", "<a href='https://s.xoxzo.com/?a&#61;1&amp;b&#61;&#34;&#39;'>x"),
        ("<a href=https://a.com/1>x", "<a href=https://s.xoxzo.com/?a&#61;1&amp;b&#61;&#34;&#39;>x"),
    ],
)
def test_shortlink_is_escaped(html: str, expected: str) -> None:
    assert replaced(html, "https://s.xoxzo.com/?a=1&b=\"'") == expected.replace("a=1&amp;b=", "a&#61;1&amp;b&#61;")


@given(broken_html, st.sampled_from(['"', "'", ""]))
def test_nothing_but_the_values_changes(html: str, quote: str) -> None:
    html = f"{html}<a href={quote}https://example.com/1{quote}>x</a>{html}"
    finding = find(html, track=Track.ALL, own_hosts=OWN)
    after = replaced(html)
    assert without_values(after, SHORTLINK, len(finding.links)) == without_found(html)


def without_found(html: str) -> list[str]:
    cuts = [0, *(at for each in find(html, track=Track.ALL, own_hosts=OWN).links for at in (each.start, each.end))]
    return [html[start:end] for start, end in zip(cuts[::2], [*cuts[1::2], len(html)], strict=True)]


def without_values(html: str, value: str, times: int) -> list[str]:
    parts = html.split(value)
    assert len(parts) == times + 1
    return parts


@given(broken_html)
def test_browsers_read_only_other_values(html: str) -> None:
    assume("<!--\0" not in html)
    html += "<a href=https://example.com/1>x</a>"
    finding = find(html, track=Track.ALL, own_hosts=OWN)
    expected = [found.target.link for found in finding.links]
    before, after = start_tags(html), start_tags(replaced(html))
    assert [tag.name for tag in after] == [tag.name for tag in before]
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [old.attributes["href"].strip() for old, new in changed] == expected
    assert all(new.attributes == {**old.attributes, "href": SHORTLINK} for old, new in changed)


def test_mail_is_rewritten_where_a_parser_sees_links() -> None:
    html = MAIL
    tree = html5lib.parse(replaced(html), namespaceHTMLElements=False)
    assert [each.get("href") for each in tree.iter("a")] == [SHORTLINK, "mailto:a@example.com", SHORTLINK, LEAVE]


LEAVE = "https://example.com/leave"
MAIL = f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Sale <a href="https://no.com/1"></title>
<style type="text/css">a[href^="tel"] {{ color: #000 }} /* <a href="https://no.com/2"> */</style></head>
<body><!--[if mso]><v:rect href="https://no.com/3"><a href="https://no.com/4">x</a><![endif]-->
<table><tr><td><a target=_blank href="https://example.com/sale?utm_source=mail&amp;utm_medium=a&amp;copy=1"><img
src="https://example.com/a.png" alt="Sale"/></a></td></tr></table>
<p>Write to <a href='mailto:a@example.com'>us</a> or <a href = https://example.com/shop >visit us</a>.
<p>配信停止は<a href="{LEAVE}">こちら</a></body></html>"""


def test_links_beyond_the_limit_are_named() -> None:
    html = "".join(f'<a href="https://example.com/{number}">x</a>' for number in range(MANY))
    finding = find(html, track=Track.ALL)
    assert len(finding.links) == MOST_LINKS
    assert len(finding.skipped) == MOST_SKIPPED
    assert {each.reason for each in finding.skipped} == {SkipReason.MANY}


def test_links_of_unchanged_part_are_kept() -> None:
    html = '<a href="https://a.com/1?a=1&amp;b=2">x</a><a href="tel:1">x</a>'
    finding = without_links(find(html))
    assert finding.links == ()
    assert [(each.text, each.reason) for each in finding.skipped] == [
        ("https://a.com/1?a=1&b=2", SkipReason.KEPT),
        ("tel:1", SkipReason.SCHEME),
    ]


@pytest.mark.parametrize("slash", ["/", "&#47;", "&#x2f;", "&sol;"])
def test_our_slugs_are_found_behind_references(slash: str) -> None:
    html = f"<a href='https:{slash * 2}s.example.com{slash}Abcdefgh12&amp;'>x</a>"
    assert own_slugs(html, frozenset({"s.example.com"})) == ["Abcdefgh12"]


def test_a_url_on_the_next_line_leads_out_of_a_list() -> None:
    html = "配信停止はこちら：<br><a href='https://a.com/1'>https://a.com/1</a>"
    assert [each.reason for each in find(html).skipped] == [SkipReason.UNSUBSCRIBE]


@pytest.mark.parametrize(
    "piece",
    [
        *("<a href=https://example.com/>x", "<", "<a ", "<a href='", "<!--", "<!", "</", "<script>", "<title>", "<a>"),
        *("<script><!--", "<script><!--<script>", "&", "&#", "<a href=&", "<a x=", "<a href", "<a a", "<a href>here"),
        *("<a href='https://example.com/'>here</a>To opt out<br>", "<img alt=x>", " ", "<a href=/>", "<a\t", "--!"),
    ],
)  # fmt: skip
def test_hostile_html_takes_linear_time(piece: str, no_collector: None) -> None:
    def seconds(html: str) -> float:
        began = time.thread_time()
        find(html, track=Track.ALL)
        find(f'<a href="{html}">', track=Track.ALL)
        return time.thread_time() - began

    def is_linear() -> bool:
        """Whether the whole takes as long as its four parts; quadratic work would take four times as long."""
        part = piece * (PART // len(piece))
        before, whole, after = seconds(part), seconds(part * 4), seconds(part)
        return whole < 1.5 * 2 * (before + after) + 0.3

    assert any(is_linear() for _ in range(5))  # a machine can become slower within one comparison


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Let no collection run: it walks all objects of the process, and the whole makes four times as many new ones."""
    gc.disable()
    yield
    gc.enable()
