"""Answers of gateways are stored and shown without the recipient."""

import time

import pytest

from shortener.sending import answers, vendor_api


@pytest.mark.parametrize(
    ("answer", "recipient", "expected"),
    [
        (b"User hanako unknown", "hanako@example.com", b"User ... unknown"),
        (b"5.1.1 <Hanako@Example.com>: no such user", "hanako@example.com", b"5.1.1 ...: no such user"),
        (b"HANAKO+news, hanako", "hanako+news@example.com", b"..., ..."),
        (b"hanakos mailbox of eve@example.com", "hanako@example.com", b"hanakos mailbox of ..."),
        ("花子 unknown \xff".encode("latin-1", "ignore"), "花子@example.com", b" unknown \xff"),
        ("no user 花子".encode(), "花子@example.com", b"no user ..."),
        (b"+818012345678 is barred", "+818012345678", b"... is barred"),
        (b"818012345678, 08012345678, 8012345678", "+818012345678", b"..., ..., ..."),
        (b"+81 80-1234-5678 is barred", "+818012345678", b"... is barred"),
        (b"0: Accepted for delivery", "+818012345678", b"0: Accepted for delivery"),
        (b"anything", "", b"anything"),
        (b"a@b.example:c@d.example,x@:<e@f.example>", "+818012345678", b"...:..."),
    ],
)
def test_an_answer_does_not_name_its_recipient(answer: bytes, recipient: str, expected: bytes) -> None:
    assert answers.hidden(answer, recipient) == expected


@pytest.mark.parametrize("recipient", ["hanako@example.com", "a+b@example.com", "+818012345678", "+55555555555555"])
@pytest.mark.parametrize("unit", ["x", "@", "@:", "<a", "a+", "5", "5 ", "+5", "8012345", "0"])
def test_long_answers_are_read_at_once(unit: str, recipient: str) -> None:
    answer = (unit * (vendor_api.KEEP // len(unit))).encode()
    began = time.thread_time()
    answers.hidden(answer, recipient)
    assert time.thread_time() - began < 1


def test_an_answer_is_told_as_one_line() -> None:
    assert answers.words(b" 5.1.1 no\r\nsuch\t user\0\x1b \xff" + b"x" * 300).startswith("5.1.1 no such user \ufffdxxx")
    assert len(answers.words(b"x" * 300)) == 200
