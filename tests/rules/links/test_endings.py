"""Where a link ends: glued sentences, words, marks and brackets, and words that are no domains."""

import pytest

from shortener.rules.links.detection import Detection
from shortener.rules.links.target import Target, judge
from tests.rules.looks import link, reasons, skipped


@pytest.mark.parametrize(
    ("text", "smart"),
    [
        ("www.acme.com.Call 0800", "www.acme.com"),
        ("www.acme.co.uk.Help", "www.acme.co.uk"),
        ("https://www.acme.com.Call us", "https://www.acme.com"),
        ("acme.de.To order", "acme.de"),
        ("www.acme.com.Call.Now", "www.acme.com"),
        ("http://acme.inPlease call", "http://acme.in"),
        ("http://acme.idInfo", "http://acme.id"),
        ("www.acme.com1win", "www.acme.com"),
        ("acme-form.comSe ha", "acme-form.com"),
        ("http://acme.com=", "http://acme.com"),
        ("http://acme.com- now", "http://acme.com"),
        ("www.acme.com.?Offer", "www.acme.com"),
        ("Acme.com#ORDER7#BANK", "Acme.com"),
        ("acme.com?Offer ends", "acme.com"),
        ("shops&acme.com'da", "acme.com"),
        ("https://acme.com/x(more here)", "https://acme.com/x"),
        ("acme.com/a...and", "acme.com/a"),
        ("acme.com/,,Win", "acme.com/"),
        ("acme.com/a,,,lagos state", "acme.com/a"),
        ("www.acme.com.STOP to end", "www.acme.com"),
        ("www.acme.com.T&C apply", "www.acme.com"),
        ("https://www.acme.co.uk.SMS 1", "https://www.acme.co.uk"),
        ("https://acme.com/x]here", "https://acme.com/x"),
        ("[url=https://x.com/x]here[/url]", "https://x.com/x"),
        ("[url]https://x.com/x[/url]", "https://x.com/x"),
        ("(https://acme.com/a)b(https://acme.com/c)", "https://acme.com/a"),
    ],
)
def test_smart_leaves_glued_text_outside(text: str, smart: str) -> None:
    assert link(text, "smart") == smart
    assert link(text, "strict") is None
    assert (smart, "glued") in skipped(text, "strict")


@pytest.mark.parametrize(
    ("text", "smart"),
    [
        ("acme.com/TopUp.Info 817", "acme.com/TopUp"),
        ("https://acme.com/x9Zq.Call now", "https://acme.com/x9Zq"),
        ("https://acme.com/premium/.Call", "https://acme.com/premium/"),
        ("https://acme.com/x9Zq.S. Miller", "https://acme.com/x9Zq"),
        ("https://acme.com/sale.Call!", "https://acme.com/sale"),
    ],
)
def test_smart_excludes_the_next_sentence(text: str, smart: str) -> None:
    assert link(text, "smart") == smart
    assert link(text, "strict") == text.partition(" ")[0].rstrip(".!")


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "https://learn.acme.com/api/System.Text",
        "https://acme.com/Report.Pdf",
        "https://acme.com/a/Makefile.In",
        "https://acme.com/Index2.Html",
        "https://acme.com/John.Smith",
        "https://acme.com/a/.Xresources",
        "https://acme.com/Top10.call",
        "https://acme.com/V1.Final",
        "https://acme.com/v1.2.Beta",
        "https://acme.com/tag/Report2026.Final",
        "https://acme.com/wiki/Washington,_D.C",
        "https://acme.com/0,,123,00.html",
        "https://acme.com/x?f=A1.Call",
        "https://acme.com/#A1.Call",
        "https://WWW.ACME.COM.TR",
        "acme.com/docs/Data.Map",
        "Example.Com.Tr",
        "acme.com.Tr",
        "https://acme.com/compare/v1.0...master",
        "https://acme.com/a_(b)",
        "https://acme.com/a(v=2).aspx",
        "https://acme.com/#/start",
        "https://acme.com/#",
        "acme.com#pricing",
        "acme.com:8080",
        "https://acme.com?Offer",
    ],
)
def test_a_path_is_not_judged_by_top_level_domains(text: str, detection: str) -> None:
    assert link(text, detection) == text


def test_a_path_keeps_what_may_be_a_files_ending() -> None:
    assert link("https://acme.com/wiki/U.S.", "smart") == "https://acme.com/wiki/U.S"
    assert link("https://acme.com/U.S.", "smart") == "https://acme.com/U.S"
    assert link("http://acme.com/a.Cfg here", "smart") == "http://acme.com/a.Cfg"


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize("text", ["ACME.ID# 12", "ACME.ID#", "http://acme!b.com", "https://acme.nope/x"])
def test_what_is_no_link_is_named(text: str, detection: str) -> None:
    assert link(text, detection) is None
    assert reasons(text, detection)


# --- marks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "smart"),
    [
        ("*Pay at https://x.com/1* thanks", "https://x.com/1"),
        ("_see https://x.com/1_ thanks", "https://x.com/1"),
        ("~was https://x.com/1~", "https://x.com/1"),
        ("*https://x.com/1*.", "https://x.com/1"),
        ("**https://x.com/1**", "https://x.com/1"),
        ("__https://x.com/a_b__", "https://x.com/a_b"),
        ("||see https://x.com/1||", "https://x.com/1"),
        ("<https://x.com/1|label>", "https://x.com/1"),
        ("*see (https://x.com/1)*", "https://x.com/1"),
    ],
)
def test_an_open_mark_makes_strict_refuse(text: str, smart: str) -> None:
    assert link(text, "smart") == smart
    assert link(text, "strict") is None
    assert reasons(text, "strict") <= {"mark", "glued"}
    assert reasons(text, "strict")


def test_smart_excludes_a_bracketed_word() -> None:
    assert link("https://acme.com/?id=1(End) of", "smart") == "https://acme.com/?id=1"
    assert link("https://acme.com/wiki/A_(Planet) of", "smart") == "https://acme.com/wiki/A_(Planet)"


def test_strict_names_the_mark_as_its_reason() -> None:
    assert skipped("*Pay at https://x.com/1* thanks", "strict") == [("https://x.com/1", "mark")]
    assert skipped("<https://x.com/1|label>", "strict") == [("https://x.com/1", "mark")]


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text", ["https://x.com/1*", "https://x.com/a_", "5 * 3 https://x.com/~", "*a* https://x.com/1*", "*a\nhttps://x.com/1*"]
)  # fmt: skip
def test_a_mark_that_nothing_opened_belongs_to_the_link(text: str, detection: str) -> None:
    assert link(text, detection) == text.split()[-1]


# --- ideographs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "smart"),
    [
        ("https://ja.acme.org/wiki/日本語", "https://ja.acme.org/wiki/日本語"),
        ("例：https://ja.acme.org/wiki/日本語、次", "https://ja.acme.org/wiki/日本語"),
        ("https://ja.acme.org/wiki/日本語_(言語)です", "https://ja.acme.org/wiki/日本語_(言語)"),
        ("https://acme.kr/상품/목록 보기", "https://acme.kr/상품/목록"),
        ("https://acme.jp/aです", "https://acme.jp/a"),
        ("https://acme.jpです", "https://acme.jp"),
        ("https://acme.jp/。次", "https://acme.jp/"),
    ],
)
def test_in_smart_a_path_continues_after_a_slash(text: str, smart: str) -> None:
    assert link(text, "smart") == smart


@pytest.mark.parametrize("space", ["\t", "\n", "\r\n", "\v", "\f"])
def test_strict_takes_ascii_white_space_as_a_border(space: str) -> None:
    assert link(f"text{space}https://acme.com/a{space}text", "strict") == "https://acme.com/a"
    assert link(f"text{space}acme.com{space}", "strict") == "acme.com"


@pytest.mark.parametrize("space", ["\u3000", "\xa0", "\x85", "\u2028", "\u2003"])
def test_other_white_space_is_a_border_in_smart_alone(space: str) -> None:
    text = f"text{space}https://acme.com/a{space}text"
    assert (link(text, "smart"), link(text, "strict")) == ("https://acme.com/a", None)
    assert reasons(text, "strict") == {"glued"}


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "ok.so?what", "bri.no/rek.0188", "feeling.now?Call", "Info.Info:817", "5.in:4", "done.cl", "ok.tt",
        "WORK.DE", "cepat.info", "dot.com", "haha.sg", "tml.de", "RCTI.info", "Safari.app", "work.today",
        "24hrs.call", "tat.haha.got", "a.lol.no", "day.so", "setup.py", "System.IO", "klik.Info", "again.cz",
        "merci.fr", "danke.de", "hola.es", "news.Ne.ws", "la-bth.so", "SALE.ONLINE", "7731.GRATIS",
        "Int'acme.co.Ltd", "Qual-B.tech", "ACME.TODAY", "go.fever.lol", "next.sg", "without.de",
        "good-bye.see-you.Click",
],
)  # fmt: skip
def test_words_that_a_dot_joins_are_no_domain(text: str, detection: str) -> None:
    assert link(f"so {text} yes", detection) is None
    assert reasons(f"so {text} yes", detection) <= {"word"}


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "shop24.online", "my-acme.store", "track.acme.site", "acme.support", "acme.top", "acme.live",
        "acme.link", "acme.app", "acme.services", "acme.shop", "acme.club", "acme.tech", "acme.website",
        "acme.space", "acme.legal", "acme.agency", "Track-Acme.link", "Acme.info", "parcel.acme24.in",
        "go.acmepay.me", "ok.so?k=v", "ok.so:443", "ok.so/x", "ok.ru", "acme.co.in", "acme.info", "home.pl",
        "BONUS.COM.TR", "acme.de", "my.acme-bank.click", "acmestream.sx", "last.fm",
],
)  # fmt: skip
def test_a_company_name_with_a_tld_is_a_link(text: str, detection: str) -> None:
    assert link(f"see {text} now", detection) == text


def test_a_target_may_have_eight_thousand_characters() -> None:
    signed = "https://acme.com/x?X-Signature=" + "a" * 2_060
    assert link(f"get {signed} now", "strict") == signed
    assert isinstance(judge("https://acme.com/" + "a" * 7_983), Target)
    assert not isinstance(judge("https://acme.com/" + "a" * 7_984), Target)
