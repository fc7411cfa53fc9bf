"""Slugs: ten characters, encoded and decoded under one salt."""

import pytest
from hashids import Hashids
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.slug import LENGTH, NUMBER_BITS, PATTERN, Slugs, pasted

SLUGS = Slugs("a salt")
LAST = (1 << NUMBER_BITS) - 1
numbers = st.integers(0, LAST)
ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@given(numbers, st.text(min_size=1))
def test_every_number_round_trips_as_a_slug(number: int, salt: str) -> None:
    slugs = Slugs(salt)
    slug = slugs.encode(number)
    assert PATTERN.fullmatch(slug)
    assert slugs.decode(slug) == number


@pytest.mark.parametrize("number", [0, 1, 44**8 - 1, 44**8, LAST - 1, LAST])
def test_the_smallest_and_the_largest_number_fit(number: int) -> None:
    slug = SLUGS.encode(number)
    assert len(slug) == LENGTH
    assert SLUGS.decode(slug) == number


@pytest.mark.parametrize("number", [-1, LAST + 1, 44**9])
def test_a_number_too_large_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="ten characters"):
        SLUGS.encode(number)


@given(st.text(ALPHANUMERIC, min_size=LENGTH, max_size=LENGTH))
def test_what_decodes_is_the_one_slug_of_its_number(text: str) -> None:
    number = SLUGS.decode(text)
    assert number is None or (0 <= number <= LAST and SLUGS.encode(number) == text)


@given(st.text())
def test_a_text_of_another_shape_is_no_slug(text: str) -> None:
    if not PATTERN.fullmatch(text):
        assert SLUGS.decode(text) is None


@pytest.mark.parametrize("change", ["{}\n", " {}", "{}/", "{}0", "\uff21{}", "{}\0"])
def test_a_slug_with_something_added_is_no_slug(change: str) -> None:
    assert SLUGS.decode(change.format(SLUGS.encode(7))) is None


@given(numbers)
def test_upper_and_lower_case_are_different_slugs(number: int) -> None:
    slug = SLUGS.encode(number)
    if slug.swapcase() != slug:
        assert SLUGS.decode(slug.swapcase()) != number


def test_another_salt_gives_other_slugs() -> None:
    others = Slugs("another salt")
    sample = range(0, LAST, LAST // 200)
    assert not [number for number in sample if others.decode(SLUGS.encode(number)) == number]


@given(numbers | st.integers(44**8 - 100, 44**8 + 100), st.text())
def test_a_slug_is_the_one_that_hashids_gives(number: int, salt: str) -> None:
    assert Slugs(salt).encode(number) == Hashids(salt=salt, min_length=LENGTH).encode(number)


@given(
    st.text(ALPHANUMERIC, min_size=LENGTH, max_size=LENGTH) | numbers.map(SLUGS.encode), st.integers(0, 9), st.data()
)
def test_a_slug_leads_where_hashids_says(slug: str, place: int, data: st.DataObject) -> None:
    changed = slug[:place] + data.draw(st.sampled_from(ALPHANUMERIC)) + slug[place + 1 :]
    for text in (slug, changed):
        found = [number for number in Hashids(salt="a salt", min_length=LENGTH).decode(text) if number <= LAST]
        assert SLUGS.decode(text) == (found[0] if found else None)


@given(st.integers(0, 7), st.floats(0, 1, exclude_max=True), st.text())
def test_a_number_of_any_length_is_decoded(digits: int, share: float, salt: str) -> None:
    """Numbers of at most eight digits have padded slugs, each length with its own padding."""
    number = int(44**digits * (1 + 43 * share)) - (not digits)
    assert Slugs(salt).decode(str(Hashids(salt=salt, min_length=LENGTH).encode(number))) == number


def test_a_slug_never_changes() -> None:
    """Links have been sent: the same salt and number must give this slug in every future version."""
    assert [SLUGS.encode(number) for number in (0, 1, LAST)] == ["XDpWBymejL", "0O8W5Vr57v", "KDyEjyZnqk"]


@pytest.mark.parametrize(
    "text",
    [
        "AbCdEfGhIj",
        "/AbCdEfGhIj",
        "https://s.example/AbCdEfGhIj",
        "http://s.example/AbCdEfGhIj",
        "HTTPS://S.EXAMPLE:8443/AbCdEfGhIj",
        "s.example/AbCdEfGhIj",
        "http://127.0.0.1:8000/AbCdEfGhIj",
        "https://短縮.example/a/b/AbCdEfGhIj",
        " \t\r\ns.example/AbCdEfGhIj \n",
        "s.example/AbCdEfGhIj.",
        "s.example/AbCdEfGhIj/",
        "s.example/AbCdEfGhIj/.",
        "AbCdEfGhIj…",
        "s.example/AbCdEfGhIj?",
        "https://s.example/AbCdEfGhIj?fbclid=IwAR0_x/y#z",
        "https://s.example/AbCdEfGhIj#:~:text=a/b",
        "https://s.example/AbCdEfGhIj%E3%80%82",
        "<https://s.example/AbCdEfGhIj|s.example/AbCdEfGhIj>",
        "[this link](https://s.example/AbCdEfGhIj)",
        "“AbCdEfGhIj”",
        "「https://s.example/AbCdEfGhIj」",
        "リンク：https://s.example/AbCdEfGhIjです",
        "\ufeffhttps://s.example/AbCdEfGhIj\u200b",
        "\u2068AbCdEfGhIj\u2069",
        "?? https://s.example/AbCdEfGhIj",
    ],
)
def test_a_slug_is_found_in_what_was_pasted(text: str) -> None:
    assert pasted(text) == "AbCdEfGhIj"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "AbCdEfGhI",
        "AbCdEfGhIjK",
        "AbCdEfGhI\uff2a",
        "xAbCdEfGhIj.",
        "s.example/AbCdEfGhIj/clicks",
        "s.example/AbCdEfGhIj-2",
        "s.example?to=/AbCdEfGhIj",
        "s.example/a?AbCdEfGhIj",
        "order-AbCdEfGhIj",
        "AbCdEfGhIj does not work",
    ],
)
def test_a_url_without_a_slug_has_none(text: str) -> None:
    assert pasted(text) is None


@given(st.text(max_size=200))
def test_whatever_is_pasted_holds_a_slug_or_none(text: str) -> None:
    slug = pasted(text)
    assert slug is None or PATTERN.fullmatch(slug)


def test_the_longest_text_is_read_at_once() -> None:
    for text in ("/" * 200, "?" * 200, "/?" * 100, "あ" * 200, "AbCdEfGhI/" * 20):
        assert pasted(text) is None
