"""Which URLs may be targets, and the reasons for refusing others."""

from string import ascii_lowercase

import pytest
import validators
from hypothesis import example, given
from hypothesis import strategies as st

from shortener.rules.links import word_lists
from shortener.rules.links.detection import BareDomains
from shortener.rules.links.host import TOP_LEVEL
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.target import LONGEST, Refusal, Target, judge
from tests.support.corpora import needs_corpora, rows


def reason(candidate: str, **options: object) -> str | None:
    verdict = judge(candidate, **options)  # type: ignore[arg-type]
    return verdict.reason if isinstance(verdict, Refusal) else None


def location(candidate: str) -> str:
    verdict = judge(candidate)
    assert isinstance(verdict, Target), verdict
    return verdict.location


@pytest.mark.parametrize(
    "url",
    [
        "https://ok.example.com/a?b=c#d",
        "HTTPS://OK.Example.COM/Path",
        "https://example.com/?sig=a%2Bb&q=a+b%20c",
        "https://example.com/?a=[1]&b=2|3^4",
        "https://example.com/%0d%0aSet-Cookie:x=1",
        "https://example.com/%zz",
        "https://evil.com#@example.com",
        "https://example.com/@name/a@b",
        "https://example.com./",
        "https://example.com:8080?x#y",
        "https://r3---sn-4g5e6nzz.googlevideo.com/",
        "https://my_shop.example.com/",
        "http://93.184.216.34/x",
        "https://[2606:4700::1]:8443/x",
        "https://example.com/#/!room:x?via=$1",
        "http://example.com/'s",
    ],
)
def test_an_ascii_url_is_redirected_to_byte_for_byte(url: str) -> None:
    assert judge(url) == Target(link=url, location=url)


@pytest.mark.parametrize(
    ("typed", "ascii_form"),
    [
        ("https://пример.рф/путь?q=ж", "https://xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C?q=%D0%B6"),
        ("http://Bücher.de/%C3%BC/ü", "http://xn--bcher-kva.de/%C3%BC/%C3%BC"),
        ("https://straße.de", "https://xn--strae-oqa.de"),
        ("https://日本語.jp/a", "https://xn--wgv71a119e.jp/a"),
        ("https://example.com/\U0001f600", "https://example.com/%F0%9F%98%80"),
    ],
)
def test_non_ascii_urls_are_encoded(typed: str, ascii_form: str) -> None:
    assert judge(typed) == Target(link=typed, location=ascii_form)


def test_a_bare_domain_gets_https_and_stays_as_typed() -> None:
    assert judge("BONUS.COM.TR") == Target(link="https://BONUS.COM.TR", location="https://BONUS.COM.TR")
    assert judge("bücher.de/ü") == Target(link="https://bücher.de/ü", location="https://xn--bcher-kva.de/%C3%BC")


# The kinds that NAVER Cloud SENS checks before it sends, then our own.
REFUSED = {
    "variable": [
        "https://#{name}",
        "https://{name}",
        "https://www.example.com{name}",
        "https://{{url}}",
        "https://example.com/?id=${id}",
        "https://example.com/*|EMAIL|*",
        "https://example.com/{user.name}",
        "https://#{変数}",
    ],
    "doubled": [
        "https://https://www.example.com",
        "https://http//example.com",
        "https://http:example.com",
        "https://customscheme://customaction",
    ],
    "path": ["https://search.example.comsearch?q=x", "https://search.example.com%2Fsearch%3Fq"],
    "host": ["https://", "https://?q=x", "https://.example.com", "https://a..com", "https://a!b.com", "https://-a.com",
             "https://intranet/", "https://20231016-000001", "hello"],
    "localhost": ["http://localhost:8080", "localhost:8080", "http://a.localhost/", "http://localhost.localdomain"],
    "separator": [
        "https:////www.example.com",
        "https:// www.example.com",
        "https:/example.com",
        "https:example.com",
        "http//example.com",
        "http;//example.com",
        "https:\\\\example.com",
        "//example.com",
        "\\\\example.com",
        "/\\example.com",
        "https:///path",
    ],
    "tld": ["https://www.example.c", "https://www.example.comm", "https://x.example", "x.onion/a"],
    "scheme": [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "blob:https://example.com/1",
        "about:blank",
        "view-source:https://example.com",
        "file:///etc/passwd",
        "ftp://example.com/",
        "intent://x#Intent;scheme=http;end",
        "itms-services://?action=x",
        "tel:+1234",
        "sms:+123",
        "mailto:a@example.com",
    ],
    "userinfo": ["https://user:pw@example.com/", "https://example.com@evil.com/", "https://@example.com"],
    "email": ["a@example.com", "a.b+c@example.com/x"],
    "private": [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "http://2130706433",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://127.1:8080/x",
        "http://169.254.169.254/latest/meta-data",
    ],
    "address": ["http://134744072/", "http://8.8.2056/", "http://0x8.8.8.8/"],
    "port": ["https://example.com:0/", "https://example.com:99999", "https://example.com:abc", "https://example.com:/"],
    "idn": [
        "https://ｅｘａｍｐｌｅ.com",
        "https://example。com/a",
        "https://a\u200db.com",
        "https://\U0001f609.com",
        "https://xn--ls8h.la/",
        "https://①.com",
    ],
    "script": ["https://аpple.com/", "https://xn--pple-43d.com/", "https://ехample.com"],
    "control": [
        "https://example.com/\n",
        "http://a\r\nSet-Cookie: x=1",
        "java\tscript:alert(1)",
        "https://example.com/\x00",
        "https://exam\xadple.com",
        "https://example.com/\u202egpj",
        "https://example.com/\ud800",
        "https://example.com/\u200b",
    ],
    "space": [" javascript:alert(1)", "https://example.com/a b", "https://example.com/\u3000a", "  "],
    "character": ['https://example.com/"><script>', "https://evil.com\\example.com", "https://example.com/`a`"],
    "bare": ["4.4.4.4", "93.184.216.34/x", "3.0.0.0", "[2606:4700::1]/x"],
    "word": ["day.so", "ok.got", "setup.py", "libGL.so", "System.IO", "No.ID", "cancelled.MTN", "www.so", "asp.net"],
    "long": ["https://example.com/" + "a" * LONGEST, "https://example.com/" + "あ" * 900],
}  # fmt: skip


@pytest.mark.parametrize(("code", "url"), [(code, url) for code, urls in REFUSED.items() for url in urls])
def test_every_other_candidate_is_refused_by_name(code: str, url: str) -> None:
    assert reason(url) == code


def test_an_empty_candidate_has_no_domain() -> None:
    assert reason("") == "host"


def test_lengths_are_exact_at_their_limits() -> None:
    head = "https://example.com/"
    assert reason(head + "a" * (LONGEST - len(head))) is None
    assert reason(head + "a" * (LONGEST - len(head) + 1)) == "long"
    assert reason(f"https://{'a' * 63}.com") is None
    assert reason(f"https://{'a' * 64}.com") == "host"
    assert reason(f"https://{'a.' * 125}com") is None  # 253 characters
    assert reason(f"https://{'a.' * 126}com") == "host"


@pytest.mark.parametrize(
    "url",
    ["https://s.xoxzo.com/a", "HTTPS://S.XOXZO.COM", "s.xoxzo.com/a", "http://s.xoxzo.com.:8080/", "https://www.s.xoxzo.com"],
)  # fmt: skip
def test_a_link_to_ourselves_is_always_refused(url: str) -> None:
    assert reason(url, own_hosts=frozenset({"s.xoxzo.com"})) == "own"
    assert reason(url) is None


def test_an_own_host_in_punycode_is_found_in_ideographs() -> None:
    assert reason("https://日本語.jp/a", own_hosts=frozenset({"xn--wgv71a119e.jp"})) == "own"


@pytest.mark.parametrize(
    ("domain", "off", "careful"),
    [
        ("xoxzo.com", "bare", None),
        ("www.day.so", "bare", None),
        ("day.so", "bare", "word"),
        ("day.so/x", "bare", None),
        ("day.so:8080", "bare", None),
        ("day.so?x=1", "bare", None),
        ("day.com.my", "bare", None),
        ("example.web.app", "bare", None),
        ("skb.info", "bare", None),
        ("Skb.Info", "bare", "word"),
        ("Example.Com", "bare", None),
        ("Example.Com.Tr", "bare", None),
        ("5.sg", "bare", "word"),
    ],
)
def test_an_option_controls_bare_domains(domain: str, off: str, careful: str | None) -> None:
    assert reason(domain, bare_domains="off") == off
    assert reason(domain, bare_domains="careful") == careful
    assert reason(domain, bare_domains="any") is None


@pytest.mark.parametrize("mode", BareDomains)
def test_a_scheme_makes_every_domain_a_link(mode: str) -> None:
    assert reason("https://day.so", bare_domains=mode) is None


OF_HTML = {"off", "unsubscribe"}


def test_every_reason_has_one_word_and_a_sentence() -> None:
    for code, sentence in ((reason, reason.sentence) for reason in SkipReason):
        assert set(code) <= set(ascii_lowercase)
        assert sentence.endswith(".")
    assert set(REFUSED) | {"own", "glued", "mark", "torn", "kept", "later", "label", *OF_HTML, "many"} == set(
        SkipReason
    )


def test_the_word_lists_name_only_existing_tlds() -> None:
    assert word_lists.WORDLIKE <= TOP_LEVEL


def test_the_tld_list_matches_the_package() -> None:
    assert len(TOP_LEVEL) > 1_400
    assert {"com", "jp", "xn--p1ai"} <= TOP_LEVEL
    assert not {"example", "test", "invalid", "localhost", "local", "internal", "onion"} & TOP_LEVEL


@given(st.text() | st.from_regex(r"(?i)(https?://|www\.)?.{0,20}\.(com|so|рф)[:/?#]?.{0,20}"))
@example("https://[::1]" + "\ud800")
@example("https://a.b\u0300.com")
@example("https://\u0378.com")
def test_every_target_is_a_safe_header(text: str) -> None:
    verdict = judge(text, bare_domains="any")
    if isinstance(verdict, Refusal):
        assert verdict.reason in SkipReason
        return
    assert verdict.link.endswith(text)
    assert verdict.link[:4].lower() == "http"
    assert verdict.location.isascii()
    assert verdict.location.isprintable()
    assert not set(' <>"\\') & set(verdict.location)
    assert len(verdict.location) <= LONGEST


@given(st.from_regex(r"https?://([a-zäжあ]{1,5}\.){1,3}(com|jp|рф)(/[a-zжあ%{}|~]{0,8})?", fullmatch=True))
def test_the_ascii_form_is_stable(text: str) -> None:
    verdict = judge(text)
    if isinstance(verdict, Target):
        assert judge(verdict.location) == Target(link=verdict.location, location=verdict.location)


@given(st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,3}\.(com|net|jp)", fullmatch=True))
def test_plain_hosts_agree_with_validators(host: str) -> None:
    readable = not any(label.startswith("xn--") for label in host.split("."))
    if readable:
        assert (reason(f"https://{host}/") is None) == bool(validators.domain(host))


@needs_corpora
def test_every_link_that_the_korean_service_rejects_is_rejected() -> None:
    urls = [row["url"] for row in rows("url-validity/naver-link-checks.jsonl")]
    assert [url for url in urls if reason(url) is None] == []


@needs_corpora
def test_no_published_ssrf_payload_is_a_target() -> None:
    """The rest are public domain names; where they point is known only to DNS, which is never asked."""
    targets = [row["payload"] for row in rows("ssrf/payloads.jsonl") if reason(row["payload"]) is None]
    domains = {".".join(url.split("/")[2].partition(":")[0].split(".")[-2:]) for url in targets}
    assert domains <= {"nip.io", "r3dir.me", "nicob.net", "tencentyun.com", "packet.net"}
    assert targets


@needs_corpora
@pytest.mark.parametrize("name", ["wpt-toascii", "wpt-idna-test-v2"])
def test_accepted_hosts_match_the_browsers_host(name: str) -> None:
    """With the URL Standard's own tests; URLs that only we refuse (symbols, unknown endings) are left out."""
    taken = [(row, judge(f"http://{row['input']}/")) for row in rows(f"url-parsing/{name}.jsonl")]
    targets = [(item.get("output"), verdict.location) for item, verdict in taken if isinstance(verdict, Target)]
    assert targets
    assert [pair for pair in targets if pair[1].lower() != f"http://{pair[0]}/"] == []
