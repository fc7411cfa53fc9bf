"""An S3 server for the tests of exports."""

from collections.abc import Iterator

import pytest

from tests.support.object_stores import ObjectStore, serving


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with serving() as endpoint:
        yield endpoint


@pytest.fixture
def store(s3_endpoint: str) -> ObjectStore:
    """A server with an empty bucket."""
    return ObjectStore(s3_endpoint)
