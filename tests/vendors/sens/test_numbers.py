"""Phone numbers as NAVER and as we write them."""

import pytest

from shortener.vendors.sens import numbers


@pytest.mark.parametrize(
    ("to", "country", "ours"),
    [
        ("01012345678", "82", "+821012345678"),
        ("1012345678", "82", "+821012345678"),
        ("09012345678", "81", "+819012345678"),
        ("3123456789", "39", "+393123456789"),
        ("0612345678", "39", "+390612345678"),
        ("4155550100", "1", "+14155550100"),
    ],
)
def test_a_number_gets_its_country_code_and_back(to: str, country: str, ours: str) -> None:
    assert numbers.international(to, country) == ours
    zero = numbers.has_trunk_zero(to, country)
    assert numbers.dialled(ours, country, trunk_zero=zero) == to


@pytest.mark.parametrize(
    "to", ["", "01", "010-1234-5678", "+821012345678", "0101234567890123", "０１０12345678", "010\n"]
)
def test_what_is_not_all_digits_is_no_number(to: str) -> None:
    assert numbers.international(to, "82") is None


@pytest.mark.parametrize("stored", [None, "*********5678", "someone"])
def test_a_masked_number_stays_as_it_is(stored: str | None) -> None:
    assert numbers.dialled(stored, "82", trunk_zero=True) == stored


@pytest.mark.parametrize(
    ("recipient", "parts"),
    [
        ("+821012345678", ("82", "01012345678")),
        ("+819012345678", ("81", "9012345678")),
        ("+14155550100", ("1", "4155550100")),
        ("+85261234567", ("852", "61234567")),
        ("01012345678", ("82", "01012345678")),
    ],
)
def test_a_number_is_split_for_the_gateway(recipient: str, parts: tuple[str, str]) -> None:
    assert numbers.split(recipient) == parts
