"""Links of the HTML beside a text: which share a shortlink with the text, and which get one of their own."""

import pytest

from shortener.rules.links import body
from shortener.rules.links.body import Finding
from shortener.rules.links.html import find as html
from shortener.rules.links.same_target import beside, of_mail, pairs

A, B, C = (f"https://{name}.example.com/" for name in "abc")


def of_html(*targets: str) -> Finding:
    return html.find("".join(f'<a href="{target}">x</a>' for target in targets), track="all")


def of_text(*targets: str, track: str = "all") -> Finding:
    return body.find(" ".join(targets), track=track)


def own(finding: Finding) -> list[str]:
    return [found.target.link for found in finding.links]


def skipped(finding: Finding) -> list[tuple[str, str]]:
    return [(each.text, each.reason) for each in finding.skipped]


def test_equal_targets_are_paired_in_order() -> None:
    links = of_html(A, A, A, C, B).links
    assert list(pairs([A, B, A], links)) == [(0, links[0]), (2, links[1]), (1, links[4])]


def test_html_is_read_no_further_than_needed() -> None:
    links = iter(of_html(A, B, C).links)
    assert len(list(pairs([B], links))) == 1
    assert [each.target.link for each in links] == [C]
    assert list(pairs([], iter([]))) == []


def of_both(text: str, in_html: Finding, track: str) -> tuple[Finding, Finding]:
    of_text = body.find(text, track=track, leave=of_mail(in_html, track))
    return of_text, beside(of_text, in_html, track, 1_000)


def test_the_first_link_is_the_htmls() -> None:
    text, found = of_both(f"{B} {A} {A}", of_html(A, C, A), "first")
    assert (own(text), skipped(text)) == ([A], [(B, "later"), (A, "later")])
    assert (own(found), skipped(found)) == ([], [(C, "later"), (A, "later")])


def test_the_text_need_not_have_it() -> None:
    text, found = of_both(B, of_html(C, A), "first")
    assert (own(text), skipped(text)) == ([], [(B, "later")])
    assert (own(found), skipped(found)) == ([C], [(A, "later")])


def test_without_a_link_in_the_html_it_is_the_texts() -> None:
    text, found = of_both(f"{B} {A}", of_html("mailto:a@example.com"), "first")
    assert (own(text), skipped(text)) == ([B], [(A, "later")])
    assert own(found) == []


@pytest.mark.parametrize("track", ["first", "all"])
def test_what_the_html_leaves_stays_in_the_text(track: str) -> None:
    in_html = html.find(f'<a href="{A}">Unsubscribe</a><a href="{B}" data-track="off">x</a>', track="all")
    text, _ = of_both(f"{A} {B} {C}", in_html, track)
    assert (own(text), skipped(text)) == ([C], [(A, "unsubscribe"), (B, "off")])


def test_a_long_link_left_in_the_html_stays() -> None:
    long = f"{A}{'x' * 3_000}"
    text, _ = of_both(long, html.find(f'<a href="{long}">Opt out</a>', track="all"), "all")
    assert own(text) == []


@pytest.mark.parametrize("track", ["first", "all"])
def test_unsubscribe_urls_stay_in_a_mails_text(track: str) -> None:
    text, _ = of_both(f"{A}unsubscribe?id=1 {B}", of_html(), track)
    assert (own(text), skipped(text)) == ([B], [(f"{A}unsubscribe?id=1", "unsubscribe")])


def test_all_links_without_counterpart_get_their_own() -> None:
    assert own(beside(of_text(A), of_html(C, A, B, A), "all", 1_000)) == [C, B, A]


def test_a_message_has_at_most_so_many_shortlinks() -> None:
    found = beside(of_text(A), of_html(A, B, C), "all", 2)
    assert (own(found), skipped(found)) == ([B], [(C, "many")])


def test_what_was_skipped_is_in_order() -> None:
    _, found = of_both(
        A,
        html.find(
            f'<a href="mailto:x@y.z">m</a><a href="{A}">1</a><a href="{B}">2</a><a href="tel:1">t</a>', track="all"
        ),
        "first",
    )
    assert [reason for _, reason in skipped(found)] == ["scheme", "later", "scheme"]
