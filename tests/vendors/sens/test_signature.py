"""The signature of NAVER's requests."""

import pytest

from shortener.vendors.sens.signature import is_signed, sign

TARGET = "/sms/v2/services/ncp:sms:kr:123:shop/messages?requestId=a"
# Made with OpenSSL:
# printf 'GET %s\n1764425696000\nsid' "$TARGET" | openssl dgst -sha256 -hmac whsec_key -binary | base64
KNOWN = "7FLxfr+u/Ex2FwtXlhcpqDdZDvUjDCNSSkZ3shJV1xY="


def test_a_signature_covers_method_target_time_and_key() -> None:
    assert sign("whsec_key", "GET", TARGET, "1764425696000", "sid") == KNOWN


@pytest.mark.parametrize(
    "changed",
    [("POST", TARGET, "1764425696000", "sid"), ("GET", TARGET + "b", "1764425696000", "sid"),
     ("GET", TARGET, "1764425696001", "sid"), ("GET", TARGET, "1764425696000", "other")],
)  # fmt: skip
def test_each_part_changes_the_signature(changed: tuple[str, str, str, str]) -> None:
    assert sign("whsec_key", *changed) != KNOWN


def test_any_valid_key_and_spelling_will_do() -> None:
    keys, targets = ["whsec_new", "whsec_key"], ["/other", TARGET]
    assert is_signed(KNOWN, keys, "GET", targets, "1764425696000", "sid")
    assert not is_signed(KNOWN, ["whsec_new"], "GET", targets, "1764425696000", "sid")
    assert not is_signed(KNOWN, [], "GET", targets, "1764425696000", "sid")


@pytest.mark.parametrize("signature", ["", "é", "\udcff", KNOWN[:-1], KNOWN + " "])
def test_any_other_text_is_no_signature(signature: str) -> None:
    assert not is_signed(signature, ["whsec_key"], "GET", [TARGET], "1764425696000", "sid")
