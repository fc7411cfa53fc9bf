"""Neighbours that forbid a link: broken links, e-mail addresses, invisible characters, other schemes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.links.detection import Detection
from shortener.rules.links.neighbours import joined_host
from tests.rules.looks import link, reasons, skipped


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "http://acme parcel-help.com",
        "https://acme  parcel-help.com/x today",
        "pay at https://acme- parcel.com/x",
        "http://acme\nparcel-help.com",
        "http://acme\u3000parcel-help.com",
        "(http://acme parcel-help.com)",
        "https://www.ac me.com/x",
        "www.ac me.com/x",
        "www.my acme.com/x",
        "www.acme parcel.com",
        "https://www.acme parcel.com/x",
        "https://doit. acme.com",
        "acme.gov.uk.sign uk.com",
        "https://acme.com .mx/x",
        "acme.com .br",
        "https://bank acme-login.com/ bank.com",
        "次。https://acme parcel.top",
        "https://acme.co m/x",
        "www.acme account parcel.com",
        "https://acme san paolo parcel.com/x",
        "https://acme .users security parcel.com",
        "www.acme -card parcel.com",
        "https://refund.acme.online -centre.com/ to claim",
        "https://acme.com .parcel today .website",
        "https://acme.com .au secure.cf",
        "https://www.acme.co m now",
        "acme-parcel.co m",
        "https://acme.ne t",
    ],
)
def test_the_rest_of_a_torn_link_is_no_target(text: str, detection: str) -> None:
    assert link(text, detection) is None
    assert "torn" in reasons(text, detection)


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://acme.com parcel.com", "https://acme.com"),
        ("https://s.example.com acme.com", "acme.com"),
        ("http://acme, see acme.com", "acme.com"),
        ("http://acme/x acme.com", "acme.com"),
        ("https://intranet or else acme.com", "acme.com"),
        ("https://acme fails and acme.com", "acme.com"),
        ("https://acme fails, so acme.com", "acme.com"),
        ("https://acme Fails parcel acme.com", "acme.com"),
        ("https://acme one two three acme.com", "acme.com"),
        ("v1.2.3 acme.com", "acme.com"),
        ("www.acme.nope www.acme.co.uk", "www.acme.co.uk"),
        ("https://acme.com . Then", "https://acme.com"),
        ("https://acme.com -cheap", "https://acme.com"),
        ("https://acme.co u know", "https://acme.co"),
        ("https://acme.com .5 million", "https://acme.com"),
        ("https://acme.com .Now", "https://acme.com"),
        ("https://acme.com - parcel.com", "https://acme.com"),
        ("https://acme.co me/you", "https://acme.co"),
        ("https://acme.com/ .mx", "https://acme.com/"),
    ],
)
def test_a_link_beside_something_else_is_not_torn(text: str, expected: str, detection: str) -> None:
    assert link(text, detection) == expected


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "http://my✶example.com/x",
        "http://my★example.com",
        "www.my✶example.com/x",
        "https://example.com✶evil.com/x",
        "https://my\u200cexample.com/x",
        "my\u200cexample.com",
        "my\u200dexample.com/x",
        "my\u200bexample.com",
        "my\xadexample.com/x",
        "www.my\u2060.example.com",
        "example.com\u200b.evil.com",
        "https://example.com\u200b.evil.com/x",
        "https://example.com\ufeffevil.com",
    ],
)
def test_a_host_with_symbols_is_refused_whole(text: str, detection: str) -> None:
    assert link(text, detection) is None
    assert reasons(text, detection) <= {"idn", "control", "host", "word", "tld"}
    assert reasons(text, detection)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("👉example.com", "example.com"),
        ("\u200bhttps://example.com/a", "https://example.com/a"),
        ("\u200bexample.com", "example.com"),
        ("Info ➡ example.com", "example.com"),
        ("ไทย\u200bexample.com", "example.com"),
        ("https://example.com→ next", "https://example.com"),
        ("https://example.com•https://example.org", "https://example.com"),
        ("https://example.com/x\u200b.", "https://example.com/x"),
    ],
)
def test_symbols_and_invisible_characters_beside_a_link_are_borders(text: str, expected: str) -> None:
    assert link(text, "smart") == expected


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "bob(at)acme.com",
        "bob[at]acme.com",
        "bob {at} acme.com",
        "bob (AT) acme.com",
        "bob [ at ] acme.com",
        "bob(a)acme.com",
        "bob＠acme.com",
        "bob @ acme.com",
        "bob@ acme.com",
        "bob @acme.com",
        "bob&#64;acme.com",
        "bob%40acme.com",
        "bob（at）acme.com",
        "bob(@)acme.com",
        "bob (arroba) acme.com.mx",
        "bob.it (at) acme.com",
        "bob.co@ acme.com",
        "bob.id @ acme.co.id",
        "write to bob.lee at gmail.com",
        "write to bob7gmail.com",
        "write to bob gm ail.com",
        "write to bob o utlook.com",
    ],
)
def test_a_spelled_out_mail_host_is_no_target(text: str, detection: str) -> None:
    assert link(text, detection) is None


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("win shirts@ www.acme.com now", "www.acme.com"),
        ("sale @ acme.com/sale", "acme.com/sale"),
        ("acme.com @ 5pm", "acme.com"),
        ("look at acme.com", "acme.com"),
        ("step (a) acme.com", "acme.com"),
    ],
)
def test_a_link_after_a_plain_at_sign_counts(text: str, expected: str, detection: str) -> None:
    assert link(text, detection) == expected


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "http:/acme.com/a",
        "http//acme.com",
        "http;//acme.com/a",
        "https ://acme.com",
        "http : // acme.com",
        "http://\u2003acme.com/a",
        "http://\u2028acme.com/a",
        "http //acme.com/a",
        "https：//acme.com",
        "https:／／acme.com",
        "hxxp//acme.com",
        "pay here ://acme.com/x",
        "另https：//acme.com/x 是",
    ],
)
def test_a_misspelled_scheme_is_named(text: str, detection: str) -> None:
    assert link(text, detection) is None
    assert "separator" in reasons(text, detection)


def test_a_wrong_scheme_is_named_together_with_its_domain() -> None:
    assert skipped("see http:/acme.com/a", "smart") == [("http:/acme.com/a", "separator")]
    assert skipped("see https：//acme.com", "smart") == [("https：//acme.com", "separator")]


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "sms:+1555?body=https://x.com",
        "mailto:a@b.com?body=https://x.com/1",
        "view-source:https://x.com",
        "git+https://x.com/r",
        "magnet:?tr=https://x.com/a",
        "javascript:open('https://x.com')",
        "blob:https://x.com/1",
        "whatsapp://send?text=https://x.com",
        "intent://x.com#Intent;scheme=https;end",
        "(mailto:a@b.com?body=https://x.com)",
    ],
)
def test_nothing_inside_another_scheme_is_rewritten(text: str, detection: str) -> None:
    assert link(text, detection) is None
    assert "scheme" in reasons(text, detection)


@pytest.mark.parametrize("text", ["visit:https://x.com/1", "SMS:https://x.com/1", "Tel:https://x.com/1", "url:x.com/1"])
def test_a_word_with_a_colon_stays_text(text: str) -> None:
    assert link(text, "smart") == text.partition(":")[2]
    assert reasons(text, "strict") == {"glued"}


LABELS = st.from_regex(r"[a-z][a-z0-9]{1,8}", fullmatch=True)


@given(LABELS, LABELS, st.sampled_from([" ", "  ", "\n", "\t", "\u3000"]), st.sampled_from(Detection))
def test_no_strangers_domain_comes_out_of_a_torn_link(first: str, second: str, gap: str, detection: str) -> None:
    assert link(f"https://{first}{gap}{second}.com/x", detection) is None
    assert link(f"https://www.{first}{gap}{second}.com/x", detection) is None


@given(LABELS, LABELS, st.sampled_from("\u200c\u200d\u200b\u2060\xad\ufeff"), st.sampled_from(Detection))
def test_the_target_is_never_a_mere_tail(first: str, second: str, hidden: str, detection: str) -> None:
    for text in (f"{first}{hidden}{second}.com", f"https://{first}{hidden}{second}.com/x"):
        assert link(text, detection) is None


@given(LABELS, LABELS, st.sampled_from(["@", "＠", " @ ", "@ ", "(at)", " [at] ", "{at}", "&#64;"]))
def test_no_spelled_out_mail_address_is_rewritten(local: str, host: str, at: str) -> None:
    for detection in Detection:
        assert link(f"{local}{at}{host}.com", detection) is None


@pytest.mark.parametrize("web", [True, False])
def test_a_host_is_followed_no_further_than_hosts_go(web: bool) -> None:
    text = "a" + "．a.jp" * 4_000
    assert 1 < joined_host(text, 1, len(text), web=web) <= 256
