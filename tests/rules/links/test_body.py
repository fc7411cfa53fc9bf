"""Which text is the link in strict and in smart detection, and the reasons for skipped text."""

import re
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shortener.rules.links import boundaries, link_ends
from shortener.rules.links.body import (
    MOST_LINKS,
    MOST_SKIPPED,
    SMART_TAKES,
    Finding,
    find,
    own_slugs,
    rewrite,
    without_links,
)
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.skip_reason import SkipReason
from tests.support.corpora import needs_corpora, rows

OWN = frozenset({"s.xoxzo.com"})
ENOUGH = 6.0  # seconds of CPU time; quadratic work takes 10 to 40
SHORTLINK = "https://s.xoxzo.com/Ab3dE6gH9k"


def link(text: str, detection: str = "strict") -> str | None:
    """The stretch of text that is rewritten."""
    found = find(text, detection=detection, own_hosts=OWN).found
    return text[found.start : found.end] if found else None


def skipped(text: str, detection: str = "strict") -> list[tuple[str, str]]:
    return [(each.text, each.reason) for each in find(text, detection=detection, own_hosts=OWN).skipped]


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://example.com/a today", "https://example.com/a"),
        ("see HTTPS://EXAMPLE.COM now", "HTTPS://EXAMPLE.COM"),
        ("see example.com/a?b=c#d.", "example.com/a?b=c#d"),
        ("xoxzo.com", "xoxzo.com"),
        ("BILGI: BONUS.COM.TR", "BONUS.COM.TR"),
        ("(see https://example.com/a_(b)), ok", "https://example.com/a_(b)"),
        ("<https://example.com/>.", "https://example.com/"),
        ("“https://example.com/a”, he said", "https://example.com/a"),
        ("「https://example.com/a」", "https://example.com/a"),
        ("'example.com'!", "example.com"),
        ("[[example.com/x]]?!", "example.com/x"),
        ("»www.example.de«", "www.example.de"),
        ("two https://a.com/1 https://b.com/2", "https://a.com/1"),
        ("https://example.com/?a=[1]&b=2", "https://example.com/?a=[1]&b=2"),
        ("https://日本語.jp/ です", "https://日本語.jp/"),
        ("https://example.みんな です", "https://example.みんな"),
        ("https://example.com/?q=犬 です", "https://example.com/?q=犬"),
        ("https://例.com です", "https://例.com"),
        ("пиши на пример.рф/путь сейчас", "пример.рф/путь"),
        ("https://web.archive.org/web/2020/https://example.com", "https://web.archive.org/web/2020/https://example.com"),
        ("no link at all", None),
        ("day.so we went. ok.got it, setup.py libGL.so 3.0.0.0", None),
        ("mail me: bob.lee+x@example.com or eve@mail.example.co.uk", None),
        ("@example.com #example.com $example.com", None),
        ("/var/www/example.com/x C:\\example.com", None),
        ("http://localhost/ https://10.0.0.1/ https://intranet", None),
        ("https:// www.example.com", None),
        ("https://✪df.ws/a", None),
        ("ftp://example.com/file", None),
        ("https://#{name} https://https://example.com", None),
        (f"{SHORTLINK} is ours", None),
    ],
)  # fmt: skip
def test_both_rules_agree_where_the_link_is_delimited(text: str, expected: str | None, detection: str) -> None:
    assert link(text, detection) == expected


@pytest.mark.parametrize(
    ("text", "smart"),
    [
        ("なれば。https://example.jp/aです", "https://example.jp/a"),
        ("例：https://example.jp、または", "https://example.jp"),
        ("詳細はexample.jpへ", "example.jp"),
        ("リンク\u3000https://example.jp\u3000です", "https://example.jp"),
        ("请点击https://example.cn/a查看", "https://example.cn/a"),
        ("링크:https://example.kr/a에서", "https://example.kr/a"),
        ("MAGAZALAR VE www.example.com'DA", "www.example.com"),
        ("see http://example.com/pb’s page", "http://example.com/pb"),
        ("visit:http://example.com/a", "http://example.com/a"),
        ("tiklahttp://example.com/a", "http://example.com/a"),
        ("Klik:www.example.com!", "www.example.com"),
        ("[text](https://example.com/a)!", "https://example.com/a"),
        ('<a href="https://example.com/a">x</a>', "https://example.com/a"),
        ("https://a.com/1,https://b.com/2", "https://a.com/1"),
        ("at 8am.www.example.org/a", "www.example.org/a"),
        ("Son gun! bonus.com.tr.Size ozel", "bonus.com.tr"),
        ("https://example.com/a…", "https://example.com/a"),
        ("https://www.日本語.jpです", "https://www.日本語.jp"),
        ("https://example.com/a（詳細）", "https://example.com/a"),
        ("https://example.com/a\U0001f600", "https://example.com/a"),
    ],
)  # fmt: skip
def test_a_glued_link_is_found_only_by_smart(text: str, smart: str) -> None:
    assert link(text, "smart") == smart
    strict = find(text)
    whole = strict.found is not None and text[strict.found.start : strict.found.end] != smart
    assert whole or (strict.found is None and (smart, "glued") in skipped(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://example.com/pb's page", "http://example.com/pb's"),
        ("https://example.com/a*", "https://example.com/a*"),
        ("text,https://example.com/a", None),
        ("https://example.jp/aです", None),
        ("https://example.jp/a。", None),
        ("https://example.comへ", None),
        ("https://example.com/a\n", "https://example.com/a"),
        ("a\nhttps://example.com/a b.com/c", "https://example.com/a"),
        ("日本語.jp", "日本語.jp"),
        ("https://ja.example.org/wiki/日本語", "https://ja.example.org/wiki/日本語"),
        ("https://例え.jp/道?q=あ+い#目次", "https://例え.jp/道?q=あ+い#目次"),
        ("https://example.com/สินค้า", "https://example.com/สินค้า"),
        ("https://example.com/道。次へ", None),
        ("https://example.com/?q=1です", None),
    ],
)
def test_strict_takes_the_whole_piece_or_nothing_of_it(text: str, expected: str | None) -> None:
    assert link(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "http//example.com",
        "klik;http//www.example.com",
        "http//:example.com",
        "https: //example.com",
        "https:// \n www.example.com",
        'https://"www.example.com"',
        "bob@ example.com",
        "write to bob.lee at gmail.com",
        "code: foo.bar(x) a.example.com=1",
        "NETFLIX.ID# 12",
        "PIN No.ID:277fg49",
    ],
)
def test_smart_leaves_alone_what_only_resembles_a_link(text: str) -> None:
    assert link(text, "smart") is None


@pytest.mark.parametrize(
    ("text", "smart"),
    [
        ("https://twitter.みんなです", "https://twitter.みんな"),
        ("https://example.com.です", "https://example.com"),
    ],
)
def test_smart_ends_a_host_at_its_tld(text: str, smart: str) -> None:
    assert link(text, "smart") == smart
    assert (link(text), skipped(text)) == (None, [(smart, "glued")])


@pytest.mark.parametrize("detection", Detection)
def test_whatever_was_passed_over_is_named_with_its_reason(detection: str) -> None:
    text = f"https://#{{id}} {SHORTLINK} day.so http://127.0.0.1/ https://example.com/a www.example.org ok.got"
    assert link(text, detection) == "https://example.com/a"
    assert skipped(text, detection) == [
        ("https://#{id}", "variable"),
        (SHORTLINK, "own"),
        ("day.so", "word"),
        ("http://127.0.0.1/", "private"),
        ("www.example.org", "later"),
        ("ok.got", "word"),
    ]


def test_skipped_links_are_named_without_punctuation() -> None:
    text = "(https://www.example.c), 例：https://example.jp。"
    first, second = find(text).skipped
    assert (first.text, first.reason) == ("https://www.example.c", "tld")
    assert (second.text, second.reason) == ("https://example.jp", "glued")
    assert all(text.startswith(each.text, each.start) for each in (first, second))


@pytest.mark.parametrize("detection", Detection)
def test_the_list_of_skipped_links_is_bounded(detection: str) -> None:
    assert len(find("day.so " * 1_500, detection=detection).skipped) == MOST_SKIPPED
    assert len(find("https://a.com " * 1_500, detection=detection).skipped) == MOST_SKIPPED
    assert len(find("https://a " * 1_500 + "https://b.com", detection=detection).skipped) == 1_500
    assert max(len(each.text) for each in find("https://a/" + "x" * 9_000, detection=detection).skipped) == 2_048


def test_the_option_for_bare_domains_is_passed_on() -> None:
    assert find("day.so", bare_domains="any").found is not None
    assert find("example.com/a", bare_domains="off").found is None
    assert find("example.com/a", bare_domains="off").skipped[0].reason == "bare"


def test_the_target_is_the_url_in_the_text() -> None:
    found = find("see пример.рф/a now").found
    assert found is not None
    assert found.target.link == "https://пример.рф/a"
    assert found.target.location == "https://xn--e1afmkfd.xn--p1ai/a"


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        (f"a {SHORTLINK} b", ["Ab3dE6gH9k"]),
        ("HTTP://S.Xoxzo.COM:8000/Ab3dE6gH9k.", ["Ab3dE6gH9k"]),
        ("例：s.xoxzo.com/Ab3dE6gH9kです", ["Ab3dE6gH9k"]),
        ("s.xoxzo.com/aaaaaaaaaa\ns.xoxzo.com/bbbbbbbbbb", ["aaaaaaaaaa", "bbbbbbbbbb"]),
        ("s.xoxzo.com/Ab3dE6gH9kX s.xoxzo.com/short s.xoxzo.com", []),
        ("s.xoxzo.com/Ab3dE6gH9kPlease", ["Ab3dE6gH9k"]),
        ("xs.xoxzo.com/Ab3dE6gH9k s-xoxzo.com/Ab3dE6gH9k", []),
    ],
)
def test_our_own_slugs_are_read_out_of_a_text(text: str, slugs: list[str]) -> None:
    assert own_slugs(text, OWN) == slugs


def test_without_our_own_host_no_slug_is_found() -> None:
    assert own_slugs(f"{SHORTLINK} /Ab3dE6gH9k", frozenset()) == []


# --- laws ------------------------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    ["https://", "http://", "www.", "example.com", ".so", "a@b.com", "/a", "?x=1", "#", ":80", " ", "\n", "。", "です",
     "(", ")", "'", '"', "<", ">", ".", ",", "//", "{x}", "пример.рф", "[", "]", "日本", "\u3000", "\ud800", "\x00",
     "Ab3dE6gH9k", "s.xoxzo.com/", "*", "|", "ſ", "İ"]
)  # fmt: skip
TEXTS = st.text(max_size=80) | st.lists(FRAGMENTS | st.text(max_size=4), max_size=14).map("".join)


@given(TEXTS, st.sampled_from(Detection), st.sampled_from(BareDomains))
@example("httpſ://example.com", "strict", "careful")
@example("http://[", "smart", "careful")
def test_any_text_gets_a_consistent_result(text: str, detection: str, bare_domains: str) -> None:
    finding = find(text, detection=detection, bare_domains=bare_domains, own_hosts=OWN)
    for each in finding.skipped:
        assert each.text
        assert text.startswith(each.text, each.start)
        assert each.reason in SkipReason
    if finding.found:
        start, end = finding.found.start, finding.found.end
        assert finding.found.target.link.endswith(text[start:end])
        assert rewrite(text, [(start, end, SHORTLINK)]) == text[:start] + SHORTLINK + text[end:]


@given(TEXTS, st.sampled_from(Detection))
def test_the_link_and_what_was_passed_over_never_overlap(text: str, detection: str) -> None:
    finding = find(text, detection=detection, own_hosts=OWN)
    spans = [(each.start, each.start + len(each.text)) for each in finding.skipped]
    spans += [(finding.found.start, finding.found.end)] if finding.found else []
    spans.sort()
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@given(TEXTS, st.sampled_from(Detection))
def test_all_links_and_what_was_passed_over_never_overlap(text: str, detection: str) -> None:
    finding = find(text, detection=detection, own_hosts=OWN, track="all")
    spans = [(each.start, each.start + len(each.text)) for each in finding.skipped]
    spans += [(each.start, each.end) for each in finding.links]
    assert all(first[1] <= second[0] for first, second in pairwise(sorted(spans)))
    assert all(first.end <= second.start for first, second in pairwise(finding.links))


@given(TEXTS, st.sampled_from(Detection))
def test_the_first_of_all_links_is_the_link(text: str, detection: str) -> None:
    assert find(text, detection=detection, track="all").found == find(text, detection=detection).found


@pytest.mark.parametrize("detection", Detection)
def test_all_links_are_found_by_the_same_rules(detection: str) -> None:
    text = f"(https://a.com/1), day.so example.org/2; {SHORTLINK} http://localhost/ www.example.net"
    finding = find(text, detection=detection, own_hosts=OWN, track="all")
    links = [text[each.start : each.end] for each in finding.links]
    assert links == ["https://a.com/1", "example.org/2", "www.example.net"]
    skips = [(each.text, each.reason) for each in finding.skipped]
    assert skips == [("day.so", "word"), (SHORTLINK, "own"), ("http://localhost/", "localhost")]


def test_many_skipped_texts_do_not_end_the_search() -> None:
    text = "https://a.com/1 " + "day.so " * 1_500 + "https://b.com/2"
    finding = find(text, track="all")
    assert (len(finding.links), len(finding.skipped)) == (2, MOST_SKIPPED)


def test_links_beyond_the_limit_are_named() -> None:
    text = " ".join(f"a.com/{number}" for number in range(MOST_LINKS + 2))
    finding = find(text, track="all")
    assert len(finding.links) == MOST_LINKS
    assert [(each.text, each.reason) for each in finding.skipped] == [("a.com/1000", "many"), ("a.com/1001", "many")]


def test_all_links_of_a_text_are_replaced() -> None:
    text = "https://a.com/1, https://b.com/2!"
    places = [(each.start, each.end, SHORTLINK) for each in find(text, track="all").links]
    assert rewrite(text, places) == f"{SHORTLINK}, {SHORTLINK}!"


@given(TEXTS, st.sampled_from(Detection))
def test_every_url_piece_before_the_link_is_named(text: str, detection: str) -> None:
    finding = find(text, detection=detection, own_hosts=OWN)
    place = 0
    for piece in text.split(" "):
        start, place = place, place + len(piece) + 1
        if finding.found and finding.found.start < start + len(piece):
            break
        if piece[:8].lower().startswith(("http://", "https://")) and piece.isascii():
            inside = [each for each in finding.skipped if start <= each.start < start + len(piece)]
            assert any(each.start + len(each.text) <= start + len(piece) for each in inside)


@given(TEXTS, st.sampled_from(Detection))
def test_a_rewritten_text_is_not_rewritten_again(text: str, detection: str) -> None:
    finding = find(text, detection=detection, own_hosts=OWN)
    if finding.found is None:
        return
    again = rewrite(text, [(finding.found.start, finding.found.end, SHORTLINK)])
    assert "Ab3dE6gH9k" in own_slugs(again, OWN)  # because of which a caller returns the text unchanged
    second = find(again, detection=detection, own_hosts=OWN).found
    if second is not None:
        start, end = finding.found.start, finding.found.start + len(SHORTLINK)
        assert second.end <= start or second.start >= end


@given(TEXTS, st.sampled_from(Detection))
def test_no_scheme_is_left_standing_before_a_shortlink(text: str, detection: str) -> None:
    found = find(text, detection=detection, own_hosts=OWN).found
    if found is not None:
        assert not text[: found.start].rstrip().endswith("://")


@given(
    st.from_regex(r"[a-z0-9][a-z0-9.+_-]{0,12}@[a-z]{1,8}\.(com|so|co\.jp)", fullmatch=True),
    st.sampled_from(["", " ", "。", ":", "<", "(", "mail ", "\n"]),
    st.sampled_from(["", " ", "。", ">", ")", ".", " b.com/x", "\n"]),
    st.sampled_from(Detection),
)
def test_an_e_mail_address_is_never_touched(mail: str, before: str, after: str, detection: str) -> None:
    text = before + mail + after
    found = find(text, detection=detection).found
    assert found is None or found.start >= len(before) + len(mail)


@given(TEXTS)
@example("例：https://例え.jp/aです")
@example("*see http://a.com/x* (https://b.com/x|y)")
def test_smart_takes_what_strict_promises(text: str) -> None:
    if not SMART_TAKES.isdisjoint(reason for _, reason in skipped(text)):
        assert link(text) is not None or link(text, "smart") is not None


@needs_corpora
@pytest.mark.parametrize("detection", Detection)
def test_the_naughty_strings_do_no_harm(detection: str) -> None:
    strings = [row["string"] for row in rows("strings/naughty-strings.jsonl")]
    assert len(strings) > 200
    for text in strings:
        finding = find(text, detection=detection)
        assert all(text.startswith(each.text, each.start) for each in finding.skipped)


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "https://good.com．evil.com/a", "https://good.com｡evil.com/a", "https://good.com．evil．com/a",
        "https://good.com。evil.com/a", "https://s。xoxzo.com/Ab3dE6gH9k", "https://good.com。co/a",
        "good.com．evil.com/a", "www.good.com｡evil.com", "https://good．com/a",
    ],
)  # fmt: skip
def test_a_host_with_full_width_dots_is_refused_whole(text: str, detection: str) -> None:
    assert link(f"see {text} now", detection) is None
    assert skipped(f"see {text} now", detection) == [(text, "idn")]


@pytest.mark.parametrize("detection", Detection)
def test_text_after_a_full_width_dot_is_no_link(detection: str) -> None:
    assert link("s．example.com/a", detection) is None
    assert link("www.s｡www.example.com/a", detection) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.jp/x。次は", "https://a.jp/x"),
        ("https://a.jp。次は", "https://a.jp"),
        ("https://a.jp．次は", "https://a.jp"),
        ("https://a.jp．", "https://a.jp"),
        ("https://a.jp。100円", "https://a.jp"),
        ("https://a.jp。www.b.com/x", "https://a.jp"),
        ("https://a.jp。https://b.jp/x", "https://a.jp"),
        ("a.com。b.com/x", "a.com"),
        ("です。example.com/x", "example.com/x"),
    ],
)
def test_a_full_width_stop_ends_a_link(text: str, expected: str) -> None:
    assert link(text, "smart") == expected


# --- work grows with length, not with its square ---------------------------------------------------------------------

WORST = [
    "http://", "http:// ", "a.so ", "(http://a.co ", "[x](http://a.co/b)", "http://a.co,", "(a.co/b)", "www.", "a.",
    "'a", "a@", "。a.jp", "((((http://a", "a.com'a))", "x.com.Pl ", "http://a.co/'a", "://", "@ a.co ", "\nhttps://a.co/(",
    "a.com(", "(a.com", "a.co/,,b", "a.co/[/b]", "a.co/x(b", "http://a b.co ", "a (at) b.co ", "*https://a.co* ",
    "{{a.co ", "a.co/{x ", "[[a.co/[", "mailto:a?http://", "a\u200cb.co ", "https：//a.co", "http://a✶b.co/", "a.comBc",
    "tel:", "mailto:", "mailto:a@b.com%%", "git+a:", "a.com#{x}", "a.com#a-.com", "[a](http://b.com)a.com#", "a.com#a(",
    "a.com?a", "a.com?a=", "a.com#a'b", "tel:(", "tel:[]", "(tel:", "tel:(tel:)", "a.com#([](", "x．a.com", "a.com．a/",
]  # fmt: skip


def _calls(action: Callable[[], Finding]) -> int:
    """How many functions, of ours and of the interpreter, an action calls."""
    count = 0

    def on_event(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(on_event)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize("unit", WORST)
def test_the_work_is_linear_in_the_text(unit: str, detection: str) -> None:
    short, long = ((unit * size)[:size] for size in (4_000, 20_000))
    few = _calls(lambda: find(short, detection=detection))
    many = _calls(lambda: find(long, detection=detection))
    assert many <= 6 * few + 500


# One regular expression finds the end of a link: the characters that it reads are counted, not the calls.
@pytest.mark.parametrize(
    "unit", ["tel:", "mailto:a@b.com%%", "a.com#{x}", "[a](http://b.com)a.com#", "a.com#()", "tel:(("]
)
def test_a_text_is_walked_a_few_times_at_most(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    class Counted:
        def match(self, *given: Any) -> re.Match[str] | None:
            nonlocal read
            run = boundaries_run.match(*given)
            read += run.end() - run.start() + 1 if run else 1
            return run

    boundaries_run = boundaries.RUN
    monkeypatch.setattr(boundaries, "RUN", Counted())
    monkeypatch.setattr(link_ends, "RUN", Counted())
    text = ("a.com" + unit * 20_000)[:20_000]
    for detection in Detection:
        find(text, detection=detection)
    assert len(text) < read < 12 * len(text)


# Long runs of one character are the regular expressions' own work, in which there are no calls to count.
@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    ("before", "unit"),
    [("https://a.co", "-"), ("www.", "_"), ("a.co/", "."), ("www.a.com", ".Qzx"), ("https://", "例"), ("tel:", "tel:")],
)
def test_a_long_run_is_read_in_one_step(before: str, unit: str, detection: str) -> None:
    text = before + (unit * 100_000)[:100_000] + "1"
    began = time.thread_time()
    find(text, detection=detection)
    assert time.thread_time() - began < ENOUGH


def test_an_unchanged_message_names_its_skipped_link() -> None:
    finding = find("day.so https://example.com/a b.example.org/c")
    left = without_links("day.so https://example.com/a b.example.org/c", finding)
    assert left.found is None
    assert [piece.reason for piece in left.skipped] == ["word", "kept", "later"]
    assert without_links("nothing", find("nothing")) == Finding((), ())
