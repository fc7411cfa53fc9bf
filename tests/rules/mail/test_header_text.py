"""Texts in headers: plain where possible, else encoded, never longer than a line may be."""

from urllib.parse import unquote

import pytest

from shortener.rules.mail import header_text


def test_plain_texts_stay_readable() -> None:
    assert header_text.unstructured("Hello, Anna!") == "Hello, Anna!"
    assert header_text.phrase("Acme News") == "Acme News"
    assert header_text.phrase('Acme, "Inc"') == r'"Acme, \"Inc\""'
    assert header_text.file_name("invoice 11.pdf") == 'filename="invoice 11.pdf"'


def test_other_texts_are_encoded() -> None:
    assert header_text.unstructured("荷物") == "=?utf-8?b?6I2354mp?="
    assert header_text.unstructured("=?utf-8?q?a?=") == "=?utf-8?b?PT91dGYtOD9xP2E/PQ==?="
    assert header_text.unstructured(" a") == "=?utf-8?b?IGE=?="
    assert header_text.file_name("=?a?=") == "filename*=utf-8''%3D%3Fa%3F%3D"


@pytest.mark.parametrize("text", ["x" * 500, "荷物" * 250, "\N{PACKAGE}" * 200])
def test_no_line_is_too_long(text: str) -> None:
    for written in (header_text.unstructured(text), header_text.phrase(text)):
        assert max(map(len, written.split("\r\n"))) <= 76
    assert max(map(len, header_text.file_name(text).split("\r\n"))) < 998


def test_an_id_hides_no_encoded_word() -> None:
    assert header_text.content_id("logo 1.png") == "logo%201.png"
    assert header_text.content_id("=?utf-8?q?a?=") == "%3D%3Futf-8%3Fq%3Fa%3F%3D"
    assert header_text.content_id("") == ""


def test_a_long_id_ends_with_a_letter() -> None:
    for name in ("荷" * 200, "a" + "荷" * 200, "x" * 2000):
        found = header_text.content_id(name)
        assert 880 < len(found) <= header_text.LONGEST
        assert name.startswith(unquote(found, errors="strict"))


@pytest.mark.parametrize("text", ["a\nb", "a\0", "\x85", "\u2028", "\ud800"])
def test_a_text_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        header_text.one_line(text)
