"""Vonage's signatures, judged by the signer of the vendor's own Python client."""

import copy
import datetime as dt
import hashlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vonage import Auth
from vonage_sms import SmsMessage

from shortener.vendors.vonage import signature
from tests.support.json_values import json_values

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLYeV"
FIELDS = {"from": "Acme", "to": "447700900001", "text": "a & b = c, こんにちは", "timestamp": "1795867829"}
DIGESTS = ("md5", "sha1", "sha256", "sha512")


def client(digest: str = "sha256", secret: str = SECRET) -> Auth:
    return Auth(api_key="key", signature_secret=secret, signature_method=digest)


def with_signature(fields: dict[str, Any], sig: str) -> dict[str, Any]:
    return {**fields, "sig": sig}


@pytest.mark.parametrize("digest", DIGESTS)
def test_the_clients_signature_is_ours(digest: str) -> None:
    assert signature.sign(FIELDS, SECRET, digest) == client(digest).sign_params(dict(FIELDS))


@pytest.mark.parametrize("digest", DIGESTS)
def test_every_digest_is_taken(digest: str) -> None:
    sig = client(digest).sign_params(dict(FIELDS))
    assert signature.is_valid(with_signature(FIELDS, sig), [SECRET])
    assert signature.is_valid(with_signature(FIELDS, sig.upper()), [SECRET])


@pytest.mark.parametrize("digest", DIGESTS)
def test_what_the_client_leaves_out_is_filled_in(digest: str) -> None:
    """The client signs every field of its model, and then sends only those with a value."""
    message = SmsMessage(to="447700900001", from_="Acme", text="a&b", status_report_req=True, ttl=20_000)
    signed = {**message.model_dump(by_alias=True), "api_key": "key"}
    sig = client(digest).sign_params(signed)
    sent = {name: str(value) for name, value in signed.items() if value is not None}
    assert set(signed) - set(sent) <= set(signature.ALL_FIELDS)
    assert signature.is_valid(with_signature(sent, sig), [SECRET])


def test_all_fields_are_the_clients_own() -> None:
    names = {field.serialization_alias or name for name, field in SmsMessage.model_fields.items()}
    assert set(signature.ALL_FIELDS) == names and len(signature.ALL_FIELDS) == 17


def test_the_oldest_method_is_taken() -> None:
    text = "&from=Acme&text=a _ b _ c, こんにちは&timestamp=1795867829&to=447700900001"
    sig = hashlib.md5((text + SECRET).encode()).hexdigest()
    assert signature.is_valid(with_signature(FIELDS, sig), [SECRET])


def test_values_of_json_are_signed_as_text() -> None:
    written = {**FIELDS, "ttl": "20000", "status-report-req": "true"}
    sig = signature.sign(written, SECRET)
    assert signature.is_valid(with_signature({**FIELDS, "ttl": 20000, "status-report-req": True}, sig), [SECRET])


def test_any_of_two_secrets_fits() -> None:
    sig = signature.sign(FIELDS, "whsec_older")
    assert signature.is_valid(with_signature(FIELDS, sig), [SECRET, "whsec_older"])
    assert not signature.is_valid(with_signature(FIELDS, sig), [SECRET])
    assert not signature.is_valid(with_signature(FIELDS, sig), [])


@pytest.mark.parametrize("change", [{"text": "b"}, {"to": "447700900002"}, {"ttl": "20000"}, {"timestamp": "1"}])
def test_a_changed_field_does_not_fit(change: dict[str, str]) -> None:
    sig = signature.sign(FIELDS, SECRET)
    assert not signature.is_valid({**FIELDS, **change, "sig": sig}, [SECRET])


def test_a_missing_field_does_not_fit() -> None:
    fields = with_signature(FIELDS, signature.sign(FIELDS, SECRET))
    del fields["text"]
    assert not signature.is_valid(fields, [SECRET])


@pytest.mark.parametrize("sig", ["", "x", "0" * 63, "0" * 64, "é" * 64, "\ud800" * 32, None, [], 7, {}])
def test_what_is_no_signature_does_not_fit(sig: Any) -> None:
    assert not signature.is_valid(with_signature(FIELDS, sig), [SECRET])


@given(st.dictionaries(st.text(), json_values(), max_size=5), st.sampled_from([32, 40, 64, 128]))
def test_any_fields_can_be_judged(fields: dict[str, Any], length: int) -> None:
    before = copy.deepcopy(fields)
    assert not signature.is_valid(with_signature(fields, "0" * length), [SECRET])
    assert fields == before


def test_times_are_seconds_or_written_out() -> None:
    moment = dt.datetime(2026, 11, 28, 12, 10, 29, tzinfo=dt.UTC)
    for given_time in ("1795867829", 1795867829, "2026-11-28 12:10:29"):
        assert signature.moment(given_time) == moment
    for nothing in (None, "", "yesterday", "1" * 40, "-1", "2026-13-28 12:10:29", [], "١"):
        assert signature.moment(nothing) is None
    assert signature.moment("9999999999") is not None
    assert signature.moment(int(time.time())) is not None
