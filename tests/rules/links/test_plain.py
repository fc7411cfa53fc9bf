"""Plain URLs are recognised at once, with the result that all rules together have."""

from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.links import body, plain
from shortener.rules.links.detection import BareDomains
from shortener.rules.links.tracking import Track
from tests.support.corpora import needs_corpora, rows

OWN = frozenset({"s.example.com"})
SOME = 1_500  # messages of the corpora
HOSTS = ("example.com", "shop.example.com", "a.co", "s.example.com", "day.so", "1.2.3.4", "-a.com", "example.tldx")
BITS = (
    *("/", "?", "=", "&", "-", "_", "~", "+", ".", ",", ":", "%", "#", "a", "B", "9", "id=1", "Call", "com"),
    *("https://", "http:/", " ", "\n", "\u3000", "<", ")", "{x}", "|", "*", "é", *HOSTS),
)
BEFORE = ("", "see ", "*a* ", "<", "(", "http://acme ", "https:// ", "{x} ", "%% ", "\u3000")
BEHIND = ("", " end", ".", ". x", "\n", " {x}", " .mx", "_", "*", ")")
TEXTS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(BEFORE),
    st.sampled_from(("https://", "http://", "HTTPS://")),
    st.sampled_from(HOSTS),
    st.lists(st.sampled_from(BITS), max_size=8).map("".join),
    st.sampled_from(BEHIND),
)


def findings(text: str) -> list[body.Finding]:
    """What is found in a text in strict detection, with every other option."""
    return [
        body.find(text, own_hosts=OWN, bare_domains=bare, track=track) for bare, track in product(BareDomains, Track)
    ]


def same_without_shortcut(text: str) -> bool:
    found = findings(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "target", lambda *_: None)
        return found == findings(text)


@given(text=TEXTS)
def test_plain_url_is_found_as_by_all_rules(text: str) -> None:
    assert same_without_shortcut(text)


@needs_corpora
def test_published_messages_have_the_same_links() -> None:
    texts = [row["text"] for row in islice(rows("messages/spamhunter.jsonl"), SOME)]
    assert all(map(same_without_shortcut, texts))


@pytest.mark.parametrize(
    "link", ["https://example.com/", "http://shop.example.com/track?id=1&lang=en", "https://a.co?b=~c_d-e.f"]
)
def test_plain_url_is_recognised_at_once(link: str) -> None:
    found = plain.target(f"see {link} now", 4, 4 + len(link), OWN)
    assert found and (found.link, found.location) == (link, link)


@pytest.mark.parametrize(
    "link",
    [
        *("https://example.com", "https://example.com?", "https://example.com/a.", "https://example.com/a_"),
        *("https://example.com/__x__", "https://example.com/a..b", "https://example.com/-x", "https://example.com:80/"),
        *(
            "https://s.example.com/a",
            "https://example.tldx/",
            "https://EXAMPLE.com/a",
            f"https://example.com/{'a' * 8000}",
        ),
    ],
)
def test_other_urls_are_left_to_the_rules(link: str) -> None:
    assert plain.target(link, 0, len(link), OWN) is None
