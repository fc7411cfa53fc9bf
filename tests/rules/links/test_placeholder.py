"""Placeholders that were not replaced: in a link, and directly after, before or around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.links.detection import Detection
from tests.rules.looks import link, reasons

PLACEHOLDERS = [
    "{{ email }}", "{{email}}", "{{ contact.FIRSTNAME | default: \"x\" }}", "{{params.id}}", "{First Name}",
    "{% x %}", "{%name%}", "{contactfield=email}", "{contactfield=firstname|Friend}",
    "{contact.custom_12:label}", "{first-name}", "{email|x}", "{name}", "{user.name}", "%recipient.id%",
    "%recipient_email%", "%%email%%", "%%=v(@x)=%%", "%EMAIL%", "%address%", "%First Name%", "[FIRST_NAME]",
    "[FIRST_NAME/there]", "[[email]]", "[[FIRSTNAME OR \"x\"]]", "[firstname,fallback=x]", "[%name%]",
    "{$email}", "{!Contact.Id}", "@@email@@", "__EMAIL__", "{0}", "{12}", "{}", "%s", "%d", "%1$s", "%(name)s",
    "%@", "##NAME##", "<%= email %>", "<email>", "<First Name>", "<<name>>", "【氏名】", "【お名前】",
    "｛氏名｝", "＜名前＞", "［会員番号］", "{氏名}", "#{주문번호}", "#{name}", "${name}", "%{name}",
    "*|EMAIL|*", "*|IF:X|*", "((ref))", "{変数}", "{{${first_name}}}", "%7B%7Bemail%7D%7D", "[氏名]", "##氏名##",
]  # fmt: skip


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_a_placeholder_in_or_behind_a_link_forbids_it(name: str, detection: str) -> None:
    for text in (
        f"https://acme.com/?e={name}",
        f"see https://acme.com/x?e={name}&f=1 now",
        f"acme.com/u/{name}",
        f"Hi, https://acme.com/?id=7&n={name}.",
    ):
        assert link(text, detection) is None, text
        assert "variable" in reasons(text, detection), text


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    "text",
    [
        "https://acme.com/?e=-email-",
        "https://acme.com/?e=-email-&f=1",
        "https://acme.com/?e=__email__",
        "https://acme.com/?e=$email$",
        "https://acme.com/?e=@EMAIL@",
        "https://acme.com{変数}",
        "https://acme.com{{path}}",
        "https://acme.com/x{{ suffix }}",
        "acme.com{first name}",
        "{{base}}acme.com/x",
        "{{ greeting }}https://acme.com/x",
        "https://{{sub}}.acme.com/x",
        "Hi {contact.name}, hello",
        "Hi {{ user.name }}, hello",
        "<%= user.name %> hello",
    ],
)
def test_a_link_that_touches_a_placeholder_is_refused(text: str, detection: str) -> None:
    assert link(text, detection) is None


@pytest.mark.parametrize("detection", Detection)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://acme.com/a%20b", "https://acme.com/a%20b"),
        ("https://acme.com/%E6%B0%8F%E5%90%8D%5f", "https://acme.com/%E6%B0%8F%E5%90%8D%5f"),
        ("https://acme.com/%d0%b0%df", "https://acme.com/%d0%b0%df"),
        ("https://acme.com/?a=[0]&b=[]", "https://acme.com/?a=[0]&b=[]"),
        ("https://acme.com/?filter[name]=x&a[b][c]=1", "https://acme.com/?filter[name]=x&a[b][c]=1"),
        ("https://acme.com/a-email-b/-/c", "https://acme.com/a-email-b/-/c"),
        ("https://acme.com/__init__.py", "https://acme.com/__init__.py"),
        ("https://acme.com/?$filter=a", "https://acme.com/?$filter=a"),
        ("https://acme.com/x {{name}}", "https://acme.com/x"),
        ("{{ name }}: https://acme.com/x", "https://acme.com/x"),
        ("https://acme.com/x, {name}!", "https://acme.com/x"),
        ("{https://acme.com/x}", "https://acme.com/x"),
        ("Login {www.acme.com} now", "www.acme.com"),
        ("https://acme.com/100%25", "https://acme.com/100%25"),
        (
            "https://acme.com/?id={3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
            "https://acme.com/?id={3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
        ),
        ("[acme.com]", "acme.com"),
        ("https://acme.com/a_[other]", "https://acme.com/a_[other]"),
        ("https://[2606:4700:4700::1111]/x", "https://[2606:4700:4700::1111]/x"),
    ],
)
def test_a_near_placeholder_belongs_to_the_url(text: str, expected: str, detection: str) -> None:
    assert link(text, detection) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://acme.com/a<br>Next", "https://acme.com/a"),
        ("<p>https://acme.com/a</p>", "https://acme.com/a"),
        ("https://acme.jp/a【公式】", "https://acme.jp/a"),
        ("【公式】https://acme.jp/a", "https://acme.jp/a"),
        ("[お知らせ]https://acme.jp/a", "https://acme.jp/a"),
    ],
)
def test_tags_and_brackets_beside_a_link_are_no_placeholders(text: str, expected: str) -> None:
    assert link(text, "smart") == expected


@given(
    st.sampled_from(["https://acme.com/?e=", "acme.com/x/", "https://acme.com/a?b=c&d="]),
    st.sampled_from([("{{", "}}"), ("{", "}"), ("%%", "%%"), ("#{", "}"), ("*|", "|*"), ("##", "##"), ("<%=", "%>")]),
    st.from_regex(r"[A-Za-z][A-Za-z_.]{1,20}", fullmatch=True),
    st.sampled_from(Detection),
)
def test_no_shortlink_ever_touches_a_placeholder(url: str, marks: tuple[str, str], name: str, detection: str) -> None:
    assert link(url + marks[0] + name + marks[1], detection) is None
