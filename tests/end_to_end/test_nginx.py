"""The nginx block of docs/operate/tls.md in front of the product: long heads, the largest batch, open connections."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from bench.instance import ROOT, Instance, free_port, running
from tests.support.factories import BROWSER, TARGET, TEXT
from tests.support.programs import NGINX
from tests.support.waiting import WITHIN, until

MESSAGES = 400


def block(upstream: str, port: int) -> str:
    """The page's block, with our addresses and without TLS."""
    text = (ROOT / "docs" / "operate" / "tls.md").read_text()
    [found] = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    changed = found.replace("server 127.0.0.1:8000;", f"server {upstream};")
    changed = changed.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    assert changed.count("127.0.0.1") == 2
    return re.sub(r" *ssl_certificate.*\n", "", changed)


def configuration(folder: Path, upstream: str, port: int) -> Path:
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{block(upstream, port)} }}\n"
    )
    return path


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    settings = {"public_url": "https://s.example.com", "trusted_proxies": "127.0.0.1", "store_address": "truncated"}
    with running("shop", processes="1", worker="off", **settings) as made:
        yield made


@pytest.fixture(scope="module")
def proxy(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nginx in front of the instance."""
    binary, folder, port = NGINX.path(), tmp_path_factory.mktemp("nginx"), free_port()
    path = configuration(folder, urlsplit(instance.url).netloc, port)
    process = subprocess.Popen([binary, "-c", str(path), "-e", f"{folder}/error.log"])
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: is_up(url))
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WITHIN)


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=WITHIN).status_code == 200
    except requests.ConnectionError:
        return False


def test_a_visitor_with_a_long_head_is_redirected(instance: Instance, proxy: str) -> None:
    auth = (instance.sid, instance.token)
    made = requests.post(f"{proxy}/v1/messages", json={"message": TEXT}, auth=auth, timeout=WITHIN).json()
    path = urlsplit(made["link_tracking"]["shortlink"]).path
    headers = {"User-Agent": BROWSER, "Cookie": "a=" + "b" * 8_300, **{f"X-{n}": "x" * 100 for n in range(80)}}
    for target in (path, f"{path}?{'x' * 4_200}", f"/{path}", f"{path}/", f"{path}/x?fbclid=1"):
        answer = requests.get(proxy + target, headers=headers, allow_redirects=False, timeout=WITHIN)
        assert (answer.status_code, answer.headers["Location"]) == (302, TARGET), target
    report = requests.get(f"{proxy}/v1/messages/{made['msgid']}", auth=auth, timeout=WITHIN).json()
    assert {click["network"] for click in report["clicks"]["newest"]} == {"127.0.0.0/24"}


def test_a_large_batch_comes_through_the_proxy(instance: Instance, proxy: str) -> None:
    batch = [{"message": f"{number} {'a' * 4_000}", "track_link": False} for number in range(MESSAGES)]
    auth = (instance.sid, instance.token)
    answer = requests.post(f"{proxy}/v1/messages/batch", json=batch, auth=auth, timeout=100)
    assert (answer.status_code, len(answer.json())) == (200, MESSAGES)
