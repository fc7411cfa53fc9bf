"""The settings of exports."""

from pathlib import Path

import pytest

from tests.support.environment import faults, read

SECRET = "hunter2"


def test_without_a_url_there_are_no_exports(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.export_places, settings.storage_options) == ({}, {})


def test_the_first_bucket_is_the_urls(tmp_path: Path) -> None:
    settings = read(tmp_path, EXPORT_URL="s3://one/a", EXPORT_BUCKETS="two, three")
    assert [place.url for place in settings.export_places.values()] == ["s3://one/a", "s3://two/a", "s3://three/a"]
    assert list(settings.export_places) == ["one", "two", "three"]


def test_options_are_read_and_hidden(tmp_path: Path) -> None:
    settings = read(tmp_path, EXPORT_URL="s3://one", EXPORT_OPTIONS=f"region=r  secret_access_key={SECRET}=")
    assert settings.storage_options == {"region": "r", "secret_access_key": f"{SECRET}="}
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXPORT_URL", f"s3://key:{SECRET}@bucket"),
        ("EXPORT_BUCKETS", "one,two"),
        ("EXPORT_OPTIONS", SECRET),
        ("EXPORT_OPTIONS", f"secret_access_key={SECRET} endpoint=http://s3.example.com"),
    ],
)
def test_a_wrong_setting_is_not_repeated(tmp_path: Path, name: str, value: str) -> None:
    [fault] = faults(tmp_path, **{name: value})
    assert fault.startswith(f"SHORTENER_{name}: ") and SECRET not in fault


def test_a_folder_has_no_buckets(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, EXPORT_URL="file:///srv/exports", EXPORT_BUCKETS="one")
    assert fault == "SHORTENER_EXPORT_BUCKETS: needs a bucket in SHORTENER_EXPORT_URL"
