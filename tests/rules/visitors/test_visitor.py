"""The class of a visitor: well-known agents, headers, networks, and the published sets of agents."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import visitors
from shortener.rules.visitors import agents
from shortener.rules.visitors.threshold import Threshold
from shortener.rules.visitors.visitor import (
    HEADERS,
    MEANINGS,
    Verdict,
    Visitor,
    classify,
    default_rules,
    is_prefetch,
    parse_rules,
    reaches,
)

RULES = default_rules()
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36"
WINDOW = "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36"
PLAIN = f"Mozilla/5.0 (Linux; Android 10; K) {CHROME}"

PEOPLE = {
    PLAIN: "browser",
    f"{IPHONE}Version/18.6 Mobile/15E148 Safari/604.1": "browser",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0": "browser",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko": "browser",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)": "browser",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/9.5/37.8069; U; en) Presto/2.12.423 Version/12.16": "browser",
    "Nokia6300/2.0 (05.00) Profile/MIDP-2.0 Configuration/CLDC-1.1": "browser",
    "DoCoMo/2.0 N905i(c100;TB;W24H16)": "browser",
    "Lynx/2.9.0 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/3.0.11": "browser",
    # phones whose names look like a program's
    f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {CHROME}": "browser",
    f"Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20 Build/RP1A.200720.011; wv) {WINDOW}": "browser",
    f"Mozilla/5.0 (Linux; Android 7.0; M bot 54 Build/NRD90M) {CHROME}": "browser",
    f"Mozilla/5.0 (Linux; Android 6.0; POWER BOT) {CHROME}": "browser",
    f"Mozilla/5.0 (Linux; Android 9; Spider 8) {CHROME}": "browser",
    f"Mozilla/5.0 (Linux; Android 12; moto g(30) Bot Build/S0RC) {CHROME}": "browser",
    f"Mozilla/5.0 (Linux; Android 15; CPH2531 Build/AP3A.240617.008; wv) {WINDOW}": "browser",
    # a reader's tablet, and windows of programs
    "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.1 "
    "like Chrome/108.0.5359.160 Safari/537.36": "browser",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.41.97 "
    "Chrome/130.0.0.0 Electron/33.0.1 Safari/537.36": "browser",
    # old browsers that name no engine, or an address
    "Mozilla/3.0 (compatible; NetPositive/2)": "browser",
    "iCab/4.5 (Macintosh; U; Mac OS X Leopard 10.5.8)": "browser",
    "Mozilla/5.0 (compatible; iCab 3.0.3; Macintosh; U; PPC Mac OS)": "browser",
    "Mozilla/5.0 (Windows; U; Windows NT 5.1; en-US) AppleWebKit/533.3 (KHTML, like Gecko) "
    "QtWeb Internet Browser/3.7 http://www.QtWeb.net": "browser",
    "Mozilla/1.10 [en] (Compatible; RISC OS 3.70; Oregano 1.10)": "browser",
    "Mozilla/4.0 (compatible; RISC OS 5.14; Oregano 2.0)": "browser",
    "Mozilla/4.8 [en] (Windows NT 5.0; U)": "browser",
    # a page that a translator shows, and an antivirus maker's own browser
    f"{PLAIN},gzip(gfe) (via translate.google.com)": "browser",
    f"{IPHONE}Mobile/15E148 Kaspersky/1.70 SafeBrowser": "browser",
    # apps' own browsers
    f"{IPHONE}Mobile/15E148 Safari Line/15.10.0": "in-app:line",
    f"Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A; wv) {WINDOW} Line/15.10.0/IAB": "in-app:line",
    f"{IPHONE}Mobile/15E148 KAKAOTALK 10.4.5": "in-app:kakaotalk",
    f"{IPHONE}Mobile/15E148 MicroMessenger/8.0.50(0x1800322b) NetType/WIFI Language/zh_CN": "in-app:wechat",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107.0.0.0 "
    "Safari/537.36 MicroMessenger/6.8.0(0x16080000) NetType/WIFI MacWechat/3.8.6": "in-app:wechat",
    f"{IPHONE}Mobile/15E148 Instagram 330.0.3.29.91 (iPhone14,3; iOS 18_6; en_GB)": "in-app:instagram",
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A.240905.003; wv) {WINDOW} Instagram 355.0.0.41.103 "
    "Android (34/14; 420dpi; 1080x2205; Google/google; Pixel 8; shiba; shiba; en_US)": "in-app:instagram",
    f"{IPHONE}Mobile/15E148 [FBAN/FBIOS;FBAV/482.2.0.68.110;FBDV/iPhone12,8]": "in-app:facebook",
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) {WINDOW} [FB_IAB/FB4A;FBAV/488.0.0.62.79;]": "in-app:facebook",
    f"Mozilla/5.0 (Linux; Android 13; SM-N986U; wv) {WINDOW} MetaIAB Facebook": "in-app:facebook",
    f"Mozilla/5.0 (Linux; Android 10; wv) {WINDOW} [FB_IAB/Orca-Android;FBAV/268.1.0]": "in-app:messenger",
    f"{IPHONE}Mobile/15E148 Snapchat/13.10.0.43 (like Safari/8618.4.2, panda)": "in-app:snapchat",
    f"{IPHONE}Mobile/15E148 musical_ly_36.1.0 JsSdk/2.0 NetType/WIFI BytedanceWebview/d8a21c6": "in-app:tiktok",
    f"Mozilla/5.0 (Linux; Android 14; SM-A546B) {CHROME} Telegram-Android/11.2.3": "in-app:telegram",
    f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} [WA4A/2.25.32.75;]": "in-app:whatsapp",
}

PREVIEWS = {
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": "facebookexternal",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0": "facebookexternal",  # iMessage
    "facebookexternalhit/1.1;line-poker/1.0": "facebookexternal",
    "facebookexternalhit/1.1;kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984": "facebookexternal",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)": "meta-external",
    "GoogleMessages": "googlemessages",
    f"Mozilla/5.0 (Linux; Android 14) {CHROME} GoogleMessages/15.1": "googlemessages",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/56.0.2924.87 Safari/537.36 "
    "Google-PageRenderer Google (+https://developers.google.com/+/web/snippet/)": "google-pagerenderer",
    "Mozilla/5.0 (Windows NT 6.1; rv:6.0) Gecko/20110814 Firefox/6.0 Google "
    "(+https://developers.google.com/+/web/snippet/)": "/web/snippet",
    "WhatsApp": "^whatsapp",
    "WhatsApp/2": "^whatsapp",  # Signal
    "WhatsApp/2.23.20.0 A": "^whatsapp",
    "WhatsApp/2.2350.3 N": "^whatsapp",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": "slackbot",
    "Slack-ImgProxy (+https://api.slack.com/robots)": "slack-imgproxy",
    "TelegramBot (like TwitterBot)": "telegrambot",
    "Twitterbot/1.0": "twitterbot",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)": "linkedinbot",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)": "discordbot",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5": "skypeuripreview",
    "Mozilla/5.0 (compatible; MicrosoftPreview/2.0; +https://aka.ms/MicrosoftPreview)": "microsoftpreview",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)": "(compatible; ms-office",
    "Microsoft Office Existence Discovery": "^microsoft office",
    "Viber/12.8.0.1 CFNetwork/1121.2.2 Darwin/19.3.0": "^viber",
    "Mozilla/5.0 (compatible; Linespider/1.1; +https://lin.ee/4dwXkTH)": "linespider",
    "Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots": "snap url preview",
    "LinkPresentation/1 CFNetwork/1390 Darwin/22.0.0": "linkpresentation",
    "http.rb/5.1.1 (Mastodon/4.2.1; +https://social.example/)": "mastodon/",
    "Discourse Forum Onebox v3": "forum onebox",
    "matrix-media-repo": "media-repo",
    f"{PLAIN} Asana/1.4.0 WebsiteMetadataRetriever": "metadataretriever",
    f"{PLAIN} PagePreview/1.0": "pagepreview",
    "page-preview-tool/1.0": "~preview",
    f"{PLAIN} RamblerMail/6.0 ImageProxy/6.0": "imageproxy",
    f"{PLAIN} (via webmail.example mail proxy)": "mail proxy",
    f"{PLAIN} (via mail.example secure proxy)": "proxy)",
    "Microsoft Office Word 2014": "^microsoft office",
    "Microsoft Office Excel 2014 (16.0) Windows NT 10.0": "^microsoft office",
}

SCANNERS = {
    "Barracuda Sentinel (EE)": "barracuda",
    f"{PLAIN} Mimecast": "mimecast",
    f"{PLAIN} (Proofpoint URL Defense)": "proofpoint",
    f"{IPHONE}Mobile/15E148 MicroMessenger/7.0.12(0x17000c2f) wechatdevtools qcloudcdn-xinan": "qcloudcdn",
    f"{PLAIN} Kaspersky Lab link resolver": "kaspersky lab",
    "ClamAV/1": "clamav",
    "Microsoft-WebDAV-MiniRedir/10.0.19045": "-miniredir",
}

BOTS = {
    "": "empty-agent",
    " \t": "empty-agent",
    "\0": "program",
    "Mozilla/5.0": "program",
    "Mozilla/5.0 (X11; Linux x86_64)": "program",
    "orders-worker/1.0 (internal)": "program",
    "check_http/v2.3.3 (nagios-plugins 2.3.3)": "program",
    "axel/2.17 (curios)": "program",  # `ios` is no device inside a word
    "Dart/3.2 (dart:io)": "token:~dart:io",
    "reqwest/0.11": "token:~reqwest",
    "Faraday v2.7": "token:~faraday",
    "http.rb/5.1.1": "token:~http.rb",
    "PowerShell/7.4": "token:powershell",
    "Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.22631; en-US) PowerShell/7.4.0": "token:powershell",
    "lua-resty-http/0.17": "token:~lua-resty",
    "HackneyClient": "token:~hackney",
    "ReactorNetty/1.1": "token:~reactornetty",
    "Jersey/2.3": "token:~jersey/",
    "akka-http/10": "token:~akka-http",
    "node-superagent/3": "token:~superagent",
    "WWW-Mechanize/2": "token:mechanize",
    "ChatGPT-User/1.0": "token:-user/",
    "Claude-User": "token:~-user",
    "Perplexity-User": "token:~-user",
    "Manus-User": "token:~-user",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0)": "token:-user/",
    f"{PLAIN}; Manus-User/1.0": "token:-user/",
    "Mozilla/5.0 (Linux; Android 8.0; Pixel 2 Build/OPD3.170816.012; Storebot-Google/1.0) "
    f"{CHROME}": "token:-google|",  # what follows the build is no device
    "curl/8.5.0": "token:|curl/",
    "Wget/1.21.4": "token:wget",
    "python-requests/2.32.3": "token:python",
    "Python/3.11 aiohttp/3.9.5": "token:python",
    "python-httpx/0.27.0": "token:python",
    "okhttp/4.12.0": "token:~okhttp",
    "Dalvik/2.1.0 (Linux; U; Android 13; SM-A042M Build/TP1A.220624.014)": "token:~dalvik/",
    "WeatherApp/12 CFNetwork/1568.200.51 Darwin/24.1.0": "token:cfnetwork",
    "Go-http-client/2.0": "token:go-http",
    "Java/17.0.6": "token:^java/",
    "Apache-HttpClient/4.5.14 (Java/11.0.20)": "token:httpclient",
    "axios/1.7.2": "token:axios",
    "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)": "token:node-fetch",
    "GuzzleHttp/7": "token:guzzle",
    "PostmanRuntime/7.39.0": "token:postman",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36": (
        "token:headless"
    ),
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": "token:http://",
    f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {CHROME} (compatible; AspiegelBot)": "token:bot|",
    f"Mozilla/5.0 (Linux; Android 8.0; Pixel 2) {CHROME}; Bytespider": "token:spider",
}


@pytest.mark.parametrize(("agent", "reason"), PEOPLE.items())
def test_browsers_and_in_app_browsers_are_persons(agent: str, reason: str) -> None:
    assert classify(agent, {}, RULES) == Verdict(Visitor.PERSON, reason)


@pytest.mark.parametrize(("agent", "token"), PREVIEWS.items())
def test_a_fetcher_of_link_cards_is_a_preview(agent: str, token: str) -> None:
    assert classify(agent, {}, RULES) == Verdict(Visitor.PREVIEW, f"token:{token}")


@pytest.mark.parametrize(("agent", "token"), SCANNERS.items())
def test_a_named_mail_gateway_is_a_scanner(agent: str, token: str) -> None:
    assert classify(agent, {}, RULES) == Verdict(Visitor.SCANNER, f"token:{token}")


@pytest.mark.parametrize(("agent", "reason"), BOTS.items())
def test_libraries_crawlers_and_empty_agents_are_bots(agent: str, reason: str) -> None:
    assert classify(agent, {}, RULES) == Verdict(Visitor.BOT, reason)


@pytest.mark.parametrize(
    "agent",
    [
        "Spotify/8.7.70 iOS/16.0 (iPhone15,2)",
        "Mozilla/5.0 (Linux; Android 10)",
        "ParcelShop/4.2 (Windows NT 10.0)",
        "ParcelShop Windows Phone/10.0 Lumia 650",
        "ParcelShop/4.2 (Macintosh; Mac OS X 14.1)",
    ],
)
def test_an_app_on_a_device_of_people_is_unknown(agent: str) -> None:
    assert classify(agent, {}, RULES) == Verdict(Visitor.UNKNOWN, "no-browser")


@pytest.mark.parametrize("agent", [PLAIN, "MyShop/3.1 (iPhone)", "MyShop", "MyShop customer window/4"])
def test_a_navigating_window_is_a_person(agent: str) -> None:
    assert classify(agent, {"sec-fetch-mode": "navigate"}, RULES) == Verdict(Visitor.PERSON, "navigate")


def test_a_machine_that_says_it_navigates_stays_a_machine() -> None:
    assert classify("curl/8.5.0", {"sec-fetch-mode": "navigate"}, RULES).visitor is Visitor.BOT
    assert classify("", {"sec-fetch-mode": "navigate"}, RULES).visitor is Visitor.BOT


@pytest.mark.parametrize("agent", [PLAIN, "node", "service/1.0 (internal)", f"{IPHONE}KAKAOTALK 10.4.5"])
def test_a_script_fetch_is_always_a_bot(agent: str) -> None:
    headers = {"sec-fetch-mode": "cors", "accept-language": "*"}
    assert classify(agent, headers, RULES) == Verdict(Visitor.BOT, "not-navigate")


@pytest.mark.parametrize("agent", ["MyShop", "MyShop customer window/4"])
def test_an_unknown_agent_with_language_is_unknown(agent: str) -> None:
    assert classify(agent, {"accept-language": "ja-JP"}, RULES) == Verdict(Visitor.UNKNOWN, "no-browser")
    assert classify(agent, {"accept-language": "*"}, RULES) == Verdict(Visitor.BOT, "program")
    assert classify(agent, {}, RULES) == Verdict(Visitor.BOT, "program")


def test_an_http_library_with_language_is_a_bot() -> None:
    assert classify("reqwest/0.11", {"accept-language": "en"}, RULES) == Verdict(Visitor.BOT, "token:~reqwest")


def test_a_client_hint_reveals_a_headless_browser() -> None:
    hint = '"HeadlessChrome";v="141", "Not?A_Brand";v="8"'
    assert classify(PLAIN, {"sec-ch-ua": hint, "sec-fetch-mode": "navigate"}, RULES) == Verdict(Visitor.BOT, "headless")


def test_the_package_name_identifies_the_app() -> None:
    headers = {"x-requested-with": "org.telegram.messenger", "sec-fetch-mode": "navigate"}
    assert classify(PLAIN, headers, RULES) == Verdict(Visitor.PERSON, "in-app:telegram")
    assert classify("okhttp/4.12.0", headers, RULES).visitor is Visitor.BOT


@pytest.mark.parametrize("headers", [{"x-purpose": "preview"}, {"x-purpose": ": Preview"}, {"purpose": "preview"}])
def test_a_declared_preview_is_no_prefetch(headers: dict[str, str]) -> None:
    assert classify(PLAIN, headers, RULES) == Verdict(Visitor.PREVIEW, "purpose-preview")
    assert not is_prefetch(headers)


@pytest.mark.parametrize("name", ["sec-purpose", "purpose", "x-moz"])
@pytest.mark.parametrize(
    "value", ["prefetch", "Prefetch", "PREFETCH", "prefetch;prerender", "prefetch; anonymous-client-ip"]
)
def test_a_prefetch_is_recognised_by_its_header(name: str, value: str) -> None:
    assert is_prefetch({name: value})


@pytest.mark.parametrize(
    "headers", [{}, {"x-purpose": "prefetch"}, {"sec-purpose": ""}, {"sec-fetch-mode": "navigate"}]
)
def test_an_ordinary_request_is_no_prefetch(headers: dict[str, str]) -> None:
    assert not is_prefetch(headers)


def test_each_threshold_counts_its_classes() -> None:
    counted = {threshold: {each.value for each in Visitor if reaches(each, threshold)} for threshold in Threshold}
    assert counted == {
        "person": {"person"},
        "person_or_unknown": {"person", "unknown"},
        "any": {"person", "unknown", "preview", "bot", "scanner"},
    }


def test_a_threshold_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        reaches(Visitor.PERSON, "people")


def test_every_class_has_a_meaning_of_one_sentence() -> None:
    assert set(MEANINGS) == set(Visitor)
    assert all(meaning.endswith(".") and ". " not in meaning for meaning in MEANINGS.values())


def test_the_guide_describes_each_class_alike() -> None:
    guide = visitors.GUIDE.read_text("utf-8")
    assert [each for each in Visitor if f"| `{each}` | {MEANINGS[each]} |" not in guide] == []


def test_the_headers_environ_keys_are_those_of_wsgi() -> None:
    assert all(key == "HTTP_" + name.upper().replace("-", "_") for name, key in HEADERS)


NETWORKS = parse_rules("scanner 203.0.113.0/24\nscanner 203.0.113.64/26\nscanner 2001:db8::/32\n", RULES)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.65", "203.0.113.64/26"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1::7", "2001:db8::/32"),
    ],
)
def test_a_visitor_from_a_listed_network_is_a_scanner(address: str, network: str) -> None:
    assert classify(PLAIN, {}, NETWORKS, address) == Verdict(Visitor.SCANNER, f"network:{network}")


@pytest.mark.parametrize("address", [None, "", "203.0.114.7", "2001:db9::7", "unix:", "203.0.113.7, 10.0.0.1"])
def test_other_visitors_are_judged_by_the_agent(address: str | None) -> None:
    assert classify(PLAIN, {}, NETWORKS, address) == Verdict(Visitor.PERSON, "browser")


def test_only_512_characters_of_agents_are_read() -> None:
    assert classify(PLAIN.ljust(512, " ") + "Googlebot/2.1", {}, RULES).visitor is Visitor.PERSON
    assert classify(PLAIN.ljust(499, " ") + "Googlebot/2.1", {}, RULES).visitor is Visitor.BOT
    assert classify("x" * 512 + "iPhone", {}, RULES).visitor is Visitor.BOT
    assert classify("x" * 506 + "iPhone", {}, RULES).visitor is Visitor.UNKNOWN


PIECES = st.sampled_from(
    [*PEOPLE, *PREVIEWS, "Android 9; x (", "(((", "\0", "\r\n", "\N{PILE OF POO}", "\ud800", "~|^$"]
)


@given(
    agent=st.text() | st.lists(PIECES).map("".join),
    headers=st.dictionaries(st.sampled_from([name for name, _ in HEADERS]), st.text(max_size=20)),
    address=st.none() | st.text(max_size=20) | st.ip_addresses().map(str),
)
def test_any_agent_gets_class_and_printable_reason(agent: str, headers: dict[str, str], address: str | None) -> None:
    verdict = classify(agent, headers, NETWORKS, address)
    assert verdict.visitor in Visitor
    assert verdict.reason.isascii()
    assert verdict.reason.isprintable()
    assert 0 < len(verdict.reason) <= 64
    assert verdict == classify(agent, headers, NETWORKS, address)


@given(agent=st.text())
def test_what_one_operator_added_does_not_change_anothers_verdict(agent: str) -> None:
    theirs = parse_rules("+bot mobile safari/999\nscanner 198.51.100.0/24", RULES)
    assert classify(agent, {}, theirs) == classify(agent, {}, RULES)


LABELS = visitors.labels()


@pytest.mark.parametrize("label", [label for label in LABELS if not label.held_out], ids=lambda label: label.agent)
def test_an_agent_labelled_for_work_gets_its_class(label: visitors.Label) -> None:
    assert label.verdict.visitor in label.classes


def test_nearly_every_agent_that_was_held_out_counts_rightly() -> None:
    held_out = [label for label in LABELS if label.held_out]
    assert len(held_out) > 150
    assert len([label.agent for label in held_out if not label.counted_right]) <= len(held_out) * 0.05


def test_each_languages_five_best_known_clients_are_labelled() -> None:
    clients = Counter(label.kind for label in LABELS if label.classes == {Visitor.BOT})
    assert {"dart", "rust", "ruby", "powershell", "lua", "jvm", "node", "perl", "go", "php", "c and c++"} < set(clients)
    assert min(clients.values()) >= 5


corpora = pytest.mark.skipif(not visitors.CORPORA.is_dir(), reason="no published user agents here")


@pytest.fixture(scope="module")
def found() -> list[visitors.Item]:
    return visitors.items()


@corpora
def test_few_browsers_are_called_machines(found: list[visitors.Item]) -> None:
    left = visitors.pages(found)
    called = [item.agent for item in left if item.machine]
    assert len(left) > 1500
    assert len(called) <= len(left) * visitors.TARGET, called


@corpora
def test_few_programs_count_as_clicks(found: list[visitors.Item]) -> None:
    programs = [item for item in found if item.label in (visitors.BOT, visitors.PROGRAM) and not item.preview]
    counted = [item.agent for item in programs if item.verdict.visitor in visitors.COUNTED]
    assert len(programs) > 2000
    assert len(counted) <= len(programs) * visitors.PROGRAMS_TARGET, counted


@corpora
def test_few_browsers_are_excluded_as_no_page(found: list[visitors.Item]) -> None:
    browsers = [item for item in found if item.label == visitors.BROWSER]
    assert len(browsers) - len(visitors.pages(found)) < len(browsers) * 0.04


@corpora
def test_every_preview_fetcher_but_a_plain_browser_is_found(found: list[visitors.Item]) -> None:
    fetchers = visitors.previews(found)
    assert len(fetchers) > 80
    assert [item.agent for item in fetchers if not item.machine] == []


@corpora
def test_every_file_of_agents_is_read_to_its_end(found: list[visitors.Item]) -> None:
    files = sorted(visitors.AGENTS.glob("*.jsonl"))
    rows = [json.loads(line)["id"] for file in files for line in file.read_text("utf-8").splitlines()]
    assert [item.id for item in found] == rows
    assert len(files) >= 11


@corpora
def test_the_published_figures_are_those_of_today(found: list[visitors.Item]) -> None:
    document = visitors.DOCUMENT.read_text("utf-8")
    assert document == visitors.written(document, visitors.figures(found))


def test_no_listed_token_matches_ordinary_browsers() -> None:
    verdicts = {classify(agent, {}, RULES) for agent in agents.ORDINARY}
    assert verdicts == {Verdict(Visitor.PERSON, "browser")}
