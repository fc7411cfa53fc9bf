"""Lists of ids and limits, as the vendor's clients write them into a URL."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shortener.vendors.infobip.parameters import Limit, Names

NAMES = TypeAdapter(Names).validate_python
LIMIT = TypeAdapter(Limit).validate_python


@pytest.mark.parametrize("value", [["a", "b"], "a,b", "a, b,", ["a,b"]])
def test_repeated_names_and_commas_are_one_list(value: object) -> None:
    assert {"a", "b"} <= set(NAMES(value))


def test_a_name_with_a_comma_is_still_found() -> None:
    assert NAMES("order,1") == ["order,1", "order", "1"]


@pytest.mark.parametrize("value", [None, "", " ", []])
def test_an_empty_list_does_not_matter(value: object) -> None:
    assert NAMES(value) is None


@pytest.mark.parametrize("value", [[1], {"a": 1}, ["a\0"], ["\ud800"], [["a"]], [*map(str, range(3_000))]])
def test_what_is_no_list_of_names_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        NAMES(value)


def test_a_limit_is_a_number_up_to_1000() -> None:
    assert (LIMIT("1"), LIMIT(1000)) == (1, 1000)


@pytest.mark.parametrize("value", ["0", "1001", "-1", "x", "1.5", True, "9" * 5000, None])
def test_another_limit_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        LIMIT(value)
