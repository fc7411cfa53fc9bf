"""Uploads to a real S3 server, and the words for what goes wrong."""

import threading
import time
from collections.abc import Iterator

import pytest

from shortener.outbound import object_store
from shortener.outbound.object_store import StorageError, opened, upload, why_unusable
from shortener.rules import export_place
from tests.support.object_stores import KEYS, ObjectStore, serving
from tests.support.servers import Call, receiving

MIB = 1024 * 1024
PLACE = export_place.parse("s3://bucket/folder")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with serving() as endpoint:
        yield endpoint


@pytest.fixture
def store(endpoint: str) -> ObjectStore:
    return ObjectStore(endpoint)


def place(store: ObjectStore) -> export_place.Place:
    return export_place.parse(f"s3://{store.bucket}/folder")


def send(where: export_place.Place, blocks: Iterator[bytes], **options: str) -> None:
    upload(where, "a.csv", blocks, content_type="text/csv", options=options)


def http(status: str, body: bytes = b"", *headers: bytes) -> bytes:
    """An answer after which the connection ends."""
    lines = [f"HTTP/1.1 {status}".encode(), b"Content-Length: %d" % len(body), b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def failure(answer: bytes) -> str:
    with receiving(answer) as server, pytest.raises(StorageError) as refused:
        send(PLACE, iter([b"x"]), **KEYS, endpoint=server.url(path=""))
    assert not any(value in str(refused.value) for value in KEYS.values())
    return str(refused.value)


def test_parts_become_one_object(store: ObjectStore, endpoint: str) -> None:
    pieces = [bytes([number]) * MIB for number in range(20)]
    send(place(store), iter(pieces), **KEYS, endpoint=endpoint)
    assert store.read("folder/a.csv") == b"".join(pieces)
    assert store.content_type("folder/a.csv") == "text/csv"


def test_an_error_midway_aborts_the_upload(store: ObjectStore, endpoint: str) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"x" * 20 * MIB
        raise KeyError("stop")

    with pytest.raises(KeyError):
        send(place(store), blocks(), **KEYS, endpoint=endpoint)
    assert store.names() == store.uploads() == []


def test_the_usual_variables_are_read(store: ObjectStore, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["secret_access_key"])
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    send(place(store), iter([b"x"]))
    assert store.read("folder/a.csv") == b"x"


def test_other_threads_work_during_an_upload() -> None:
    """The interpreter's lock is free while the storage is slow."""
    moments: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(0.01):
            moments.append(time.monotonic())

    def slow(call: Call) -> None:
        call.stop.wait(1)
        call.say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    ticking = threading.Thread(target=tick)
    ticking.start()
    with receiving(slow) as server, pytest.raises(StorageError):
        send(PLACE, iter([b"x"]), **KEYS, endpoint=server.url(path=""))
    stop.set()
    ticking.join()
    assert len(moments) > 20


def test_a_refusal_is_named_without_keys() -> None:
    body = b"<Error><Code>InvalidAccessKeyId</Code><AWSAccessKeyId>testing</AWSAccessKeyId></Error>"
    assert failure(http("403 Forbidden", body)) == "the storage answered 403 InvalidAccessKeyId"


def test_an_error_may_come_with_200() -> None:
    """S3 begins its answer to the last request before it knows how that ends."""
    begun = http("200 OK", b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
    error = http("200 OK", b"<Error><Code>InternalError</Code><Message>testing</Message></Error>")
    answers = iter([begun, http("200 OK", b"", b'ETag: "1"')])
    with receiving(lambda call: call.say(next(answers, error))) as server, pytest.raises(StorageError) as refused:
        send(PLACE, iter([b"x"]), **KEYS, endpoint=server.url(path=""))
    assert str(refused.value) == "the storage answered InternalError"


def test_an_odd_answer_is_named() -> None:
    assert failure(http("200 OK", b"<html>")) == "the storage gave an answer that makes no sense"


def test_an_answer_without_a_code_is_named() -> None:
    assert failure(http("400 Bad Request")) == "the storage answered 400"


def test_a_slow_storage_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "REQUEST_WITHIN", "200ms")
    monkeypatch.setattr(object_store, "RETRIES", 0)
    with receiving(lambda call: call.hang()) as server, pytest.raises(StorageError, match="did not answer in time"):
        send(PLACE, iter([b"x"]), **KEYS, endpoint=server.url(path=""))


def test_keys_go_nowhere_without_tls() -> None:
    with pytest.raises(StorageError):
        send(PLACE, iter([b"x"]), **KEYS, endpoint="http://s3.example.com")


def test_unknown_options_are_found_without_connecting() -> None:
    said = why_unusable(PLACE, {"secret_acess_key": "hunter2"})
    assert said == "'secret_acess_key' is not an option of this storage"
    assert why_unusable(PLACE, KEYS) is None


@pytest.mark.parametrize(
    ("url", "options"), [("gs://bucket/folder", {}), ("az://container/folder", {"account_name": "account"})]
)
def test_other_storages_can_be_opened(url: str, options: dict[str, str]) -> None:
    assert "folder" in repr(opened(export_place.parse(url), options))
