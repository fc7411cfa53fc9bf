"""Which servers may be reached over plain http."""

import pytest

from shortener.rules import own_network


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "10.1.2.3", "192.168.0.9", "localhost", "minio", "s3.internal", "[::ffff:10.1.2.3]"]
)
def test_own_servers_may_use_http(host: str) -> None:
    assert own_network.has(f"http://{host}:9000")


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "s3.example.com", "internal.example.com", "[2606:4700::1]", "[::ffff:8.8.8.8]"]
)
def test_other_servers_need_tls(host: str) -> None:
    assert not own_network.has(f"http://{host}")
