"""The fields of a submission: values, limits and error texts."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.messages.submission import Submission
from shortener.rules.delivery.receiver import NOT_ALLOWED, Policy
from shortener.validation import attachments

POLICY = Policy()
texts = st.text(st.characters())  # with lone surrogates, which JSON can spell
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def check(message: object = "hello", policy: Policy = POLICY, **fields: object) -> Submission:
    return Submission.check({"message": message, **fields}, policy)


def faults(*, policy: Policy = POLICY, **fields: object) -> dict[str, list[str]]:
    with pytest.raises(InvalidFieldsError) as caught:
        Submission.check({"message": "hello", **fields}, policy)
    return caught.value.fields


def nested(levels: int, inner: object = 1) -> object:
    value: object = inner
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_all_fields_except_the_message_are_optional() -> None:
    order = check("hello")
    assert order.message == "hello"
    assert {value for name, value in order if name != "message"} == {None}


def test_every_field_is_taken_as_given() -> None:
    fields: dict[str, Any] = {
        "message": " see www.example.com \r\n",
        "track_link": False,
        "lt_callbackurl": "https://shop.example.com/clicked?id=1",
        "callbackurl": "http://shop.example.com:8080/sent",
        "client_tag": "order 7",
        "sender": "Shop",
        "recipient": "+819012345678",
        "tags": ["a", "b,c"],
        "metadata": {"名前": ["José", {"n": 1.5}]},
        "detection": "smart",
        "count_as_click": "any",
    }
    assert Submission.check(fields, POLICY).model_dump(exclude_none=True) == fields


def test_a_form_is_an_order_too() -> None:
    order = check("x", track_link="False", tags="a, b,,c ", metadata='{"k": [1]}')
    assert (order.track_link, order.tags, order.metadata) == (False, ["a", "b", "c"], {"k": [1]})


@pytest.mark.parametrize(("given", "taken"), [(True, True), (False, False), ("true", True), ("FALSE", False)])
def test_a_switch_accepts_json_and_form_values(given: object, taken: bool) -> None:
    assert check(track_link=given).track_link is taken


@pytest.mark.parametrize("given", [1, 0, "1", "yes", "on", "", "true ", [], 1.0])
def test_a_switch_that_must_be_guessed_is_refused(given: object) -> None:
    assert faults(track_link=given) == {"track_link": ["must be true or false"]}


def test_a_field_that_is_null_counts_as_not_given() -> None:
    empty = dict.fromkeys(set(Submission.model_fields) - {"message"})
    assert check("hello", **empty) == check("hello")


SHORT, LONG = "must not be empty", "must be at most 200 characters"
NO_UNICODE, NUL = "must be text in valid Unicode", "must not contain the character NUL"
NO_TEXT, NO_OBJECT = "must be text", "must be a JSON object"
NO_JSON = "must be an object of JSON values in valid Unicode"
REFUSED: list[tuple[str, object, str]] = [
    ("message", None, "is required"),
    ("message", "", SHORT),
    ("message", "x" * 10_001, "must be at most 10000 characters"),
    ("message", 5, NO_TEXT),
    ("message", ["x"], NO_TEXT),
    ("message", "a\0b", NUL),
    ("message", "a\ud800b", NO_UNICODE),
    ("client_tag", "", SHORT),
    ("client_tag", "x" * 201, LONG),
    ("client_tag", "\0", NUL),
    ("client_tag", 7, NO_TEXT),
    ("sender", "x" * 201, LONG),
    ("sender", "\udfff", NO_UNICODE),
    ("recipient", "", SHORT),
    ("recipient", "x" * 321, "must be at most 320 characters"),
    ("recipient", 819012345678, NO_TEXT),
    ("tags", 5, "must be a list"),
    ("tags", {"a": 1}, "must be a list"),
    ("tags", ["a", 5], NO_TEXT),
    ("tags", [""], SHORT),
    ("tags", ["x" * 201], LONG),
    ("tags", ["a\0"], NUL),
    ("tags", ["\ud800"], NO_UNICODE),
    ("tags", ["a"] * 101, "must have at most 100 entries"),
    ("metadata", 5, NO_OBJECT),
    ("metadata", ["a"], NO_OBJECT),
    ("metadata", "[1]", NO_OBJECT),
    ("metadata", "{", NO_OBJECT),
    ("metadata", "[" * 100_000, NO_OBJECT),
    ("metadata", '{"a": ' + "9" * 5000 + "}", NO_OBJECT),
    ("metadata", {"a": float("nan")}, NO_JSON),
    ("metadata", '{"a": Infinity}', NO_JSON),
    ("metadata", '{"a": 1e999}', NO_JSON),
    ("metadata", {"a": "\ud800"}, NO_JSON),
    ("metadata", {"\ud800": 1}, NO_JSON),
    ("metadata", {"a": [{"b": "\0"}]}, NUL),
    ("metadata", {"a\0": 1}, NUL),
    ("metadata", {"a": "x" * 4096}, "must be at most 4096 bytes of JSON"),
    ("metadata", {"a": "漢" * 1400}, "must be at most 4096 bytes of JSON"),
    ("detection", "clever", "must be 'strict' or 'smart'"),
    ("detection", "", "must be 'strict' or 'smart'"),
    ("count_as_click", "bot", "must be 'person', 'person_or_unknown' or 'any'"),
    ("count_as_click", True, "must be 'person', 'person_or_unknown' or 'any'"),
    ("lt_callbackurl", "shop.example.com/x", "must be an http or https URL"),
    ("lt_callbackurl", "ftp://shop.example.com/x", "must be an http or https URL"),
    ("lt_callbackurl", "http://127.0.0.1/x", NOT_ALLOWED),
    ("lt_callbackurl", "http://shop.example.com/\0", NUL),
    ("lt_callbackurl", 5, NO_TEXT),
    ("callbackurl", "http://169.254.169.254/latest/meta-data", NOT_ALLOWED),
    ("callbackurl", "https://shop.example.com/" + "x" * 2048, "must be at most 2048 characters"),
    ("receipts_url", "http://127.0.0.1/x", NOT_ALLOWED),
    ("html", "", SHORT),
    ("html", "x" * 1_000_001, "must be at most 1000000 characters"),
    ("html", "a\0b", NUL),
    ("subject", "a\r\nBcc: b@example.com", "must be one line without control characters"),
    ("track", "some", "must be 'first' or 'all'"),
    ("send_on", "tomorrow", "must be a time like 2026-11-22T09:00:00Z"),
    ("send_on", "2026-11-22T09:00:00", "must have a time zone, such as 2026-11-22T09:00:00Z"),
    ("validity_period", 0, "must be at least 1"),
    ("validity_period", True, "must be a whole number"),
    ("validity_period", 2_592_001, "must be at most 2592000"),
    ("attachments", "x", "must be a list"),
    ("attachments", [{"name": "a"}], "attachments[0].content: is required"),
    (
        "attachments",
        [{"name": "a", "content": ""}, {"name": "a/b", "content": ""}],
        "attachments[1].name: must name each file in one line without slashes",
    ),
    ("attachments", [{"name": "a", "content": "x"}], "attachments[0].content: must give each content in base64"),
    ("attachments", [{"name": "a", "content": 5}], "attachments[0].content: must give each content in base64"),
    (
        "attachments",
        [{"name": "a", "content": "", "content_type": "x\r\ny: z"}],
        "attachments[0].content_type: must give each content_type like application/pdf",
    ),
    (
        "attachments",
        [{"name": "a", "content": "", "content_type": 'text/plain; charset="=?utf-8?q?a=0D=0AX-Evil:1?="'}],
        "attachments[0].content_type: must give each content_type like application/pdf",
    ),
    (
        "attachments",
        [{"name": "a", "content": "", "content_type": "message/rfc822"}],
        "attachments[0].content_type: must not give a content_type of message/…, but application/octet-stream "
        "for such a file",
    ),
    (
        "attachments",
        [{"name": "a\r\nb", "content": ""}],
        "attachments[0].name: must name each file in one line without slashes",
    ),
    ("attachments", [{"name": "a", "content": ""}] * 101, "must have at most 100 entries"),
]


def shown(value: object) -> str:
    return ascii(value)[:40]


@pytest.mark.parametrize(("field", "value", "sentence"), REFUSED, ids=shown)
def test_unusable_values_are_refused_in_plain_words(field: str, value: object, sentence: str) -> None:
    assert faults(**{field: value}) == {field: [sentence]}


TAKEN: list[tuple[str, object]] = [
    ("message", "x" * 10_000),
    ("message", "\N{PARTY POPPER}" * 10_000),
    ("message", " \n\x01\u202e"),
    ("client_tag", "漢" * 200),
    ("recipient", "x" * 320),
    ("subject", "【重要】　お知らせ"),
    ("subject", "Sale\u00a0today \U0001f468\u200d\U0001f469\u200d\U0001f467"),
    ("tags", ["a"] * 100),
    ("tags", []),
    ("metadata", {}),
    ("metadata", {"a": "x" * (4096 - len('{"a": ""}'))}),
    ("metadata", {"a": 10**300}),
    ("lt_callbackurl", "https://shop.example.com/" + "x" * (2048 - len("https://shop.example.com/"))),
]


@pytest.mark.parametrize(("field", "value"), TAKEN, ids=shown)
def test_what_lies_just_within_the_limits_is_taken(field: str, value: object) -> None:
    assert getattr(check(**{field: value}), field) == value


@pytest.mark.parametrize("name", ["請求書　1.pdf", "a\u00a0b.pdf", "\U0001f468\u200d\U0001f469.png"])
def test_file_names_are_taken_as_people_write_them(name: str) -> None:
    [file] = check(attachments=[{"name": name, "content": ""}]).attachments or ()
    assert file.name == name


def test_metadata_nesting_has_a_bound() -> None:
    order = check(metadata={"a": nested(31)})
    assert json.loads(json.dumps(order.model_dump()))["metadata"] == order.metadata


@pytest.mark.parametrize("levels", [32, 300, 600, 900, 5000])
def test_metadata_nested_deeper_is_refused_and_breaks_nothing(levels: int) -> None:
    assert faults(metadata={"a": nested(levels)}) == {"metadata": ["must be nested at most 32 levels deep"]}


def test_html_alone_is_a_message() -> None:
    assert Submission.check({"html": "<p>hello"}, POLICY).text == ""


def test_attachments_are_limited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_BYTES", 2 * 1024**2)
    half = base64.b64encode(b"x" * 1024**2).decode()
    assert check(attachments=[{"name": "a", "content": half}] * 2)
    found = faults(attachments=[{"name": "a", "content": half}] * 2 + [{"name": "b", "content": "eA=="}])
    assert found == {"attachments": ["must have at most 2 MiB together"]}


def test_line_ends_in_base64_do_not_matter() -> None:
    file = {"name": "a.txt", "content_type": "text/plain; charset=utf-8", "content": "aGVs\r\nbG8="}
    assert [each.content for each in check(attachments=[file]).attachments or ()] == [b"hello"]


def test_the_fingerprint_of_earlier_submissions_stays() -> None:
    earlier = {"message": "hello", "tags": ["a"], "metadata": {"k": 1}}
    canonical = json.dumps(earlier, sort_keys=True, ensure_ascii=False).encode()
    assert Submission.check(earlier, POLICY).fingerprint() == hashlib.sha256(canonical).digest()


def test_times_and_files_are_part_of_the_fingerprint() -> None:
    file = {"name": "a", "content": "aGVsbG8="}
    fields = {"send_on": "2026-11-22T09:00:00Z", "attachments": [file]}
    same = {"send_on": "2026-11-22T18:00:00+09:00", "attachments": [{**file, "content": "aGVs bG8="}]}
    other = {**fields, "attachments": [{**file, "content": "aGVsbG9v"}]}
    first, second, third = (check(**each).fingerprint() for each in (fields, same, other))
    assert (first == second, first == third) == (True, False)


def test_a_message_is_required() -> None:
    with pytest.raises(InvalidFieldsError) as caught:
        Submission.check({}, POLICY)
    assert caught.value.fields == {"message": ["is required"]}


def test_an_unknown_field_is_refused() -> None:
    assert faults(lt_callback_url="https://shop.example.com") == {"lt_callback_url": ["is not a field of this call"]}


def test_all_faults_are_named_at_once_each_once() -> None:
    found = faults(message="", tags=["", "", 5], track_link="perhaps", surprise=1)
    assert set(found) == {"message", "tags", "track_link", "surprise"}
    assert found["tags"] == [SHORT, NO_TEXT]


def test_both_callback_urls_obey_the_operators_rules() -> None:
    https_only = Policy(allow_http=False)
    assert faults(policy=https_only, lt_callbackurl="http://a.example.com")["lt_callbackurl"]
    assert faults(policy=https_only, callbackurl="http://a.example.com")["callbackurl"]
    assert check(policy=https_only, callbackurl="https://a.example.com").callbackurl


def test_an_order_does_not_change_once_checked() -> None:
    with pytest.raises(ValueError, match="frozen"):
        check().message = "another"


@given(st.dictionaries(st.sampled_from(sorted(Submission.model_fields)) | texts, json_values))
def test_any_json_is_accepted_or_has_faults(fields: dict[str, Any]) -> None:
    found: dict[str, list[str]] = {}
    try:
        order = Submission.check(fields, POLICY)
        json.dumps(order.model_dump(), ensure_ascii=False, allow_nan=False).encode()
    except InvalidFieldsError as error:
        found = error.fields
        order = None
    assert (order is None) == bool(found)
    assert all(found.values())
