"""Which passwords are common, and which are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.accounts import passwords
from shortener.rules.common_password import is_common

COMMON = [
    *("1234567890", "0987654321", "1111111111", "1234512345", "0123456789", "9876543210", "2026112820261128"),
    *("password123", "Password123!", "P@ssw0rd123", "passw0rd!!!", "123password", "passwordpassword", "pass123word"),
    *(
        "qwertyuiop",
        "qwerty12345",
        "1qaz2wsx3edc",
        "qazwsxedcrfv",
        "asdfghjkl1",
        "poiuytrewq",
        "zxcvbnm123",
        "azertyuiop",
    ),
    *(
        "iloveyou123",
        "ILoveYou!!!",
        "letmein1234",
        "welcome2026",
        "Welcome123!",
        "changeme123",
        "admin12345",
        "administrator",
    ),
    *(
        "Summer2026!",
        "winter2025!",
        "November2026",
        "football123",
        "liverpool1",
        "sunshine12",
        "princess123",
        "superman123",
    ),
    *("abcdefghij", "abc123abc123", "aaaaaaaaaaaa", "asdasdasdasd", "abababababab", "test123456", "Passwort123"),
    *(
        "contraseña1",
        "motdepasse1",
        "dashboard1",
        "trustno1trustno1",
        "!!!!!!!!!!!!",
        "..........",
        "ｐａｓｓｗｏｒｄ１２",
    ),
]
GOOD = [
    *("correct horse battery", "another long password", "another long one", "kH7vQe2mZx", "my cat ate 3 mice"),
    *("tulip-anchor-42", "三匹の猫が庭で昼寝をした", "Grünkohl mit Pinkel", "passenger rights ok", "wet socks in june"),
]


@pytest.mark.parametrize("password", COMMON)
def test_a_password_that_is_tried_first_is_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize("password", GOOD)
def test_a_few_words_put_together_are_not_common(password: str) -> None:
    assert not is_common(password, ["ann@example.com", "shop"])


@pytest.mark.parametrize(
    ("password", "names"),
    [
        ("annabell-2026", ["annabell"]),
        ("I am Annabell", ["annabell@example.com"]),
        ("example-tulips", ["ann@example.com"]),
        ("ann ann ann 1", ["Ann"]),
        ("Ann-2026-11-28", ["ann"]),
        ("bookshop rocks", ["ann", "bookshop"]),
    ],
)
def test_ones_own_name_makes_a_password_common(password: str, names: list[str]) -> None:
    assert is_common(password, names)
    assert not is_common("tulip-anchor-42", names)


def test_a_short_name_inside_a_word_makes_nothing_common() -> None:
    assert not is_common("planner of cities", ["ann"])


@pytest.mark.parametrize("_", range(50))
def test_a_password_that_was_made_up_is_not_common(_: int) -> None:
    assert not is_common(passwords.generated(), ["ann", "shop"])


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=2))
def test_every_text_gets_an_answer(password: str, names: list[str]) -> None:
    assert is_common(password, names) in {True, False}
