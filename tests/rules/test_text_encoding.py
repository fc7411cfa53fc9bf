"""The encoding of a file is guessed from its bytes."""

import pytest

from shortener.rules.text_encoding import guess

JAPANESE = "電話番号,本文\n08012345678,ご注文の商品を発送しました https://example.com/a\n"
KOREAN = "전화번호,본문\n01012345678,주문하신 상품이 발송되었습니다 https://example.com/a\n"
FRENCH = "téléphone;texte\n0612345678;Votre colis a été expédié près de chez vous https://example.com/a\n"


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("text\nhello\n", "ascii", "utf-8"),
        (JAPANESE, "utf-8", "utf-8"),
        (JAPANESE, "utf-8-sig", "utf-8"),
        (JAPANESE, "utf-16", "utf-16"),
        (JAPANESE, "cp932", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (KOREAN, "euc_kr", "cp949"),
        (FRENCH, "cp1252", "cp1252"),
        ("a,b\n" * 50_000 + JAPANESE, "cp932", "cp932"),
    ],
)
def test_the_encoding_of_a_file_is_guessed(text: str, encoding: str, expected: str) -> None:
    assert guess(text.encode(encoding)) == expected


def test_a_file_that_ends_inside_a_character_is_utf_8() -> None:
    assert guess(JAPANESE.encode()[:-40]) == "utf-8"
