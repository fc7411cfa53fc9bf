"""The text and the HTML of a message as they are sent."""

import pytest

from shortener.messages import rewriting
from shortener.running.services import Services
from tests.support.factories import Made, Sender, make_message, slug_of

A, B, C = (f"https://{name}.example.com/?x=1&y=2" for name in "abc")


def anchors(*targets: str) -> str:
    return "".join(f"<a href='{target.replace('&', '&amp;')}'>x</a>" for target in targets)


def both(made: Made, html: str, services: Services) -> tuple[str, str]:
    return rewriting.text(made.text, made.links, services.site), rewriting.html(html, made.links, services.site)


def shortlinks(made: Made) -> list[str]:
    return [f"https://s.example.com/{slug_of(link)}" for link in made.links]


def test_the_same_target_has_one_shortlink(sender: Sender, services: Services) -> None:
    html = anchors(A, A, B)
    made = make_message(sender, f"see {A}", html=html)
    [shortlink] = shortlinks(made)
    assert both(made, html, services) == (f"see {shortlink}", anchors(shortlink) + anchors(A, B))


def test_without_a_link_in_the_text_the_htmls_first_counts(sender: Sender, services: Services) -> None:
    html = anchors(B, A)
    made = make_message(sender, "see you", html=html)
    [shortlink] = shortlinks(made)
    assert (made.links[0].part, made.links[0].target) == ("html", B)
    assert both(made, html, services) == ("see you", anchors(shortlink) + anchors(A))


def test_the_htmls_first_link_is_the_first(sender: Sender, services: Services) -> None:
    html = anchors(B, A)
    made = make_message(sender, f"{A} {B} {B}", html=html)
    [shortlink] = shortlinks(made)
    assert both(made, html, services) == (f"{A} {shortlink} {B}", anchors(shortlink) + anchors(A))


def test_a_link_of_the_text_alone_stays(sender: Sender, services: Services) -> None:
    made = make_message(sender, f"view online: {A}", html=anchors(B))
    [shortlink] = shortlinks(made)
    assert both(made, anchors(B), services) == (f"view online: {A}", anchors(shortlink))
    assert [(piece["text"], piece["reason"]) for piece in made.message.skipped or ()] == [(A, "later")]


def test_html_without_links_leaves_that_of_the_text(sender: Sender, services: Services) -> None:
    html = "<a href='mailto:ann@example.com'>x</a>"
    made = make_message(sender, A, html=html)
    assert both(made, html, services) == (shortlinks(made)[0], html)


def test_all_links_of_both_parts_are_replaced(sender: Sender, services: Services) -> None:
    html = anchors(C, A, A, B)
    made = make_message(sender, f"{A} {B}", html=html, track="all")
    a, b, c, other_a = shortlinks(made)
    assert [(link.position, link.part) for link in made.links] == [(1, "text"), (2, "text"), (3, "html"), (4, "html")]
    assert both(made, html, services) == (f"{a} {b}", anchors(c, a, other_a, b))


@pytest.mark.parametrize(("recipient", "leaves"), [("ann@example.com", True), ("+818012345678", False)])
def test_a_mail_without_html_keeps_unsubscribe_urls(sender: Sender, recipient: str, leaves: bool) -> None:
    unsubscribe = "https://a.example.com/unsubscribe"
    made = make_message(sender, f"{unsubscribe} {B}", recipient=recipient)
    assert [link.target for link in made.links] == [B if leaves else unsubscribe]


def test_html_alone_is_rewritten(sender: Sender, services: Services) -> None:
    html = f"<p>{A}</p>{anchors(A)}"
    made = make_message(sender, None, html=html)
    assert both(made, html, services) == ("", f"<p>{A}</p>{anchors(*shortlinks(made))}")


@pytest.mark.parametrize("part", ["message", "html"])
def test_a_live_shortlink_in_either_part_keeps_both(sender: Sender, services: Services, part: str) -> None:
    [shortlink] = shortlinks(make_message(sender))
    fields = {"message": f"see {A}", "html": anchors(B)}
    made = make_message(sender, **{**fields, part: f"{fields[part]} {shortlink}"})
    assert (made.links, {piece["reason"] for piece in made.message.skipped or ()} >= {"kept"}) == ([], True)


def test_tracking_may_be_off_for_html_too(sender: Sender, services: Services) -> None:
    made = make_message(sender, None, html=anchors(A), track_link=False)
    assert both(made, anchors(A), services) == ("", anchors(A))


def test_what_was_skipped_in_html_is_named(sender: Sender) -> None:
    made = make_message(sender, "ok.got", html=f"{anchors('mailto:ann@example.com')}{anchors(A, B)}")
    reasons = [(piece["text"], piece["reason"]) for piece in made.message.skipped or ()]
    assert reasons == [("ok.got", "word"), ("mailto:ann@example.com", "scheme"), (B, "later")]
