"""Links that lead out of a list are recognized; others are not."""

import pytest

from shortener.rules.links.html.unsubscribe import is_in_text, is_in_url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/unsubscribe/abc",
        "https://example.com/u?action=Unsubscribe",
        "https://example.com?unsub=a/b",
        "https://example.com/list/unsub?id=1",
        "https://example.com/opt-out",
        "https://example.com/optout.php",
        "https://example.com/?do=opt_out",
        "https://example.com/#un-subscribe",
        "https://example.com/%E9%85%8D%E4%BF%A1%E5%81%9C%E6%AD%A2",
    ],
)
def test_url_leads_out_of_a_list(url: str) -> None:
    assert is_in_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/subscribe",
        "https://unsubscribe.example.com/shop",
        "https://example.com/sunsub",
        "https://example.com/unsubtle",
        "https://example.com/adopt-outdoor-cats",
        "https://example.com/",
    ],
)
def test_other_url_is_an_ordinary_link(url: str) -> None:
    assert not is_in_url(url)


@pytest.mark.parametrize(
    ("before", "label", "after"),
    [
        ("", "Unsubscribe", ""),
        ("", "Unsubscribe from this list", ""),
        ("", "UN-SUBSCRIBE", ""),
        ("", "Opt out", ""),
        ("", "配信停止", ""),
        ("", "メールの配信を停止する", ""),
        ("", "登録解除はこちら", ""),
        ("", "수신거부", ""),
        ("", "取消订阅", ""),
        ("", "退訂", ""),
        ("Sale today! To unsubscribe, ", "click here", "."),
        ("", "Click here", " to unsubscribe."),
        ("配信停止をご希望の方は", "こちら", "からお手続きください。"),
        ("", "Stop receiving these emails", ""),
        ("", "メルマガ解除はこちら", ""),
        ("", "メールマガジンの解除", ""),
        ("", "退会はこちら", ""),
        ("", "購読をやめる", ""),
        ("", "受信しない", ""),
        ("", "수신을 거부", ""),
        ("", "取消電子報", ""),
        ("解除は", "こちら", ""),
        ("解除をご希望の方は", "こちら", ""),
        ("配信停止はこちら：", "https://example.com/l/1", ""),
        ("Unsubscribe: ", "https://example.com/l/1", ""),
    ],
)
def test_text_leads_out_of_a_list(before: str, label: str, after: str) -> None:
    assert is_in_text(before, label, after)


@pytest.mark.parametrize(
    ("before", "label", "after"),
    [
        ("", "Shop now", ""),
        ("", "Subscribe", ""),
        ("Unsubscribe any time. Orders are ", "here", "."),
        ("", "Click here", " to shop. To unsubscribe, write to us."),
        ("配信停止はマイページで。詳細は", "こちら", ""),
        ("To unsubscribe, write to us or visit ", "our shop", ""),
        ("", "Shop " * 20 + "unsubscribe", ""),
        ("", "限定解除キャンペーン", ""),
        ("Unsubscribe any time. Our shop: ", "https://example.com/l/1", ""),
        ("Our shop: ", "https://example.com/l/1", " To unsubscribe, write to us"),
        ("", "Stop by our shop for the newsletter", ""),
    ],
)
def test_other_text_is_an_ordinary_link(before: str, label: str, after: str) -> None:
    assert not is_in_text(before, label, after)
