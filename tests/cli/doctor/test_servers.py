"""The operator's servers: which the settings name, and whether they were reached."""

from pathlib import Path

import pytest

from shortener.cli.doctor import servers
from shortener.cli.doctor.finding import State
from shortener.config.settings import Settings
from shortener.outbound.reach import Server
from shortener.rules import export_place


def test_the_settings_name_the_servers(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path,
        gateway_urls="xoxzo=https://sid:token@api.example.com",
        kannel_url="http://u:p@kannel.internal:13013/cgi-bin/sendsms",
        smtp_url="smtps://mail.example.com",
        export_url="s3://bucket/folder",
        export_options="region=eu-west-1",
    )
    assert [(one.host, one.port, one.has_tls) for one in servers.named(settings)] == [
        ("api.example.com", 443, True),
        ("kannel.internal", 13013, False),
        ("mail.example.com", 465, True),
        ("s3.eu-west-1.amazonaws.com", 443, True),
    ]


@pytest.mark.parametrize(
    ("url", "options", "host"),
    [
        ("gs://bucket/x", {}, "storage.googleapis.com"),
        ("az://box/x", {"account_name": "acme"}, "acme.blob.core.windows.net"),
        ("s3://bucket/x", {"endpoint": "http://minio.internal:9000"}, "minio.internal"),
        ("s3://bucket/x", {}, None),
        ("file:///srv/exports", {}, None),
    ],
)
def test_storage_has_a_server_if_it_is_known(url: str, options: dict[str, str], host: str | None) -> None:
    found = servers.of_storage(export_place.parse(url), options)
    assert (found and found.host) == host


def test_an_unreachable_server_is_a_fault() -> None:
    server = Server("the mail relay", "mail.example.com", 25, has_tls=False)
    assert servers.judge(server, None).state is State.OK
    finding = servers.judge(server, "no connection (Connection refused)")
    assert finding.state is State.FAULT
    assert finding.sentence.startswith("The mail relay cannot be reached (mail.example.com, port 25): no connection")
