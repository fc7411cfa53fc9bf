"""The device of a person, in three words: from the agent, and from what the browser says beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.visitors import agents
from shortener.rules.visitors.device import Device, device_of
from shortener.rules.visitors.device_words import App, DeviceClass, System

ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"{IPHONE} Version/18.6 Mobile/15E148 Safari/604.1", "ios safari phone"),
        (f"{IPHONE} Mobile/15E148 Safari Line/13.6.1", "ios line phone"),
        (f"{IPHONE} Mobile/15E148 KAKAOTALK 10.4.5", "ios kakaotalk phone"),
        (f"{IPHONE} Mobile/15E148 YJApp-IOS jp.co.yahoo.ipn.appli/4.49.0", "ios yahoo-japan phone"),
        (f"{IPHONE} Mobile/15E148", "ios web-view phone"),
        (
            IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS") + " Version/18.6 Mobile/15E148 Safari/604.1",
            "ios safari tablet",
        ),
        (f"{ANDROID} Mobile Safari/537.36", "android chrome phone"),
        (f"{ANDROID} Safari/537.36", "android chrome tablet"),
        (
            "Mozilla/5.0 (Linux; Android 15; SAMSUNG SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko) "
            "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "android samsung-internet phone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 11; BRAVIA 4K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
            "Safari/537.36",
            "android chrome other",
        ),
        (f"{MAC} Version/18.6 Safari/605.1.15", "macos safari desktop"),
        (f"{MAC} Mobile/15E148 Safari Line/13.6.1", "ios line tablet"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
            "Safari/537.36 Edg/141.0.0.0",
            "windows edge desktop",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "linux firefox desktop"),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
            "Safari/537.36",
            "chromeos chrome desktop",
        ),
        ("DoCoMo/2.0 P07A3(c500;TB;W24H15)", "other other phone"),
        ("Mozilla/5.0 (PlayStation 5) AppleWebKit/605.1.15 (KHTML, like Gecko)", "other web-view other"),
        ("", "other other other"),
    ],
)
def test_an_agent_names_system_app_and_device(agent: str, words: str) -> None:
    assert " ".join(map(str, device_of(agent, {}))) == words


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"x-requested-with": "jp.naver.line.android"}, "android line phone"),
        ({"x-requested-with": "XMLHttpRequest"}, "android chrome phone"),
        ({"sec-ch-ua-platform": '"Chrome OS"'}, "chromeos chrome desktop"),
        ({"sec-ch-ua-platform": '"Linux"', "sec-ch-ua-mobile": "?1"}, "linux chrome phone"),
        ({"sec-ch-ua-platform": "nonsense", "sec-ch-ua-mobile": "nonsense"}, "android chrome phone"),
    ],
)
def test_headers_add_to_the_agent(headers: dict[str, str], words: str) -> None:
    assert " ".join(map(str, device_of(f"{ANDROID} Mobile Safari/537.36", headers))) == words


def test_every_app_of_the_verdicts_has_a_word() -> None:
    assert {app for _, app in agents.IN_APP} | set(agents.PACKAGES.values()) <= set(App)


@given(st.text(max_size=600), st.text(max_size=20))
def test_any_text_gives_three_words(agent: str, hint: str) -> None:
    found = device_of(agent, {"sec-ch-ua-platform": hint, "x-requested-with": hint})
    assert isinstance(found, Device)
    assert (System(str(found.system)), App(str(found.app)), DeviceClass(str(found.device))) == found
