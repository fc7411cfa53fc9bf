"""Where exports may be written: places, names, and which servers may be reached without TLS."""

import pytest

from shortener.rules import export_place
from shortener.rules.export_place import Place, is_name, parse


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://bucket", Place("s3", "bucket", ())),
        ("s3://bucket/", Place("s3", "bucket", ())),
        ("s3://my.bucket-1/a/b=c/", Place("s3", "my.bucket-1", ("a", "b=c"))),
        ("gs://bucket/a", Place("gs", "bucket", ("a",))),
        ("az://container/a", Place("az", "container", ("a",))),
        ("file:///srv/my%20files", Place("file", "", ("srv", "my files"))),
    ],
)
def test_a_place_is_read(url: str, place: Place) -> None:
    assert parse(url) == place
    assert parse(place.url) == place


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "bucket",
            "https://bucket/a",
            "s3://",
            "s3:///a",
            "s3://b",
            "s3://key:hunter2@bucket",
            "s3://bucket:9000",
        ),
        *("s3://bucket/../a", "s3://bucket/a?x=1", "s3://bucket/a#b", "s3://bucket/ä", "s3://[::1"),
        *("file://host/folder", "file:///", "file:///a/../b", "file:///a%00b", "memory:///a"),
    ],
)
def test_other_urls_are_refused_unrepeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refused:
        parse(url)
    assert "hunter2" not in str(refused.value)


def test_a_short_bucket_is_explained() -> None:
    with pytest.raises(ValueError, match=r"^must name a bucket, which must have 2 to 222 letters"):
        parse("s3://b/folder")


def test_each_account_has_a_folder() -> None:
    assert parse("s3://bucket/a").of_account("SID").url == "s3://bucket/a/SID"
    assert parse("file:///srv/a b").of_account("SID").url == "file:///srv/a%20b/SID"
    assert parse("file:///srv/a b").of_account("SID").path == "/srv/a b/SID"


def test_another_bucket_has_the_same_folders() -> None:
    assert parse("az://one/a").in_bucket("two").url == "az://two/a"


@pytest.mark.parametrize("name", ["a", "a.csv", "2026-11_all.csv", "A" * 128])
def test_a_plain_name_is_allowed(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".a", "-a", "_a", "a/b", "a\\b", "a b", "é", "a\n", "a%2Fb", "A" * 129]
)
def test_other_names_are_refused(name: str) -> None:
    assert not is_name(name)


def test_the_pattern_of_names_is_published() -> None:
    assert export_place.NAME.startswith("^") and export_place.NAME.endswith("$")
