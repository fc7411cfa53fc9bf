"""docs/integrate/callbacks.md: its receiver works unchanged, and its lists are complete."""

import os
import re
import socket
import subprocess
import sys

import pytest
from flask.testing import FlaskClient

from bench.instance import free_port
from shortener.callbacks import sample_event
from shortener.config.settings import Settings
from shortener.rules.delivery.retry import MAX_STARTS
from tests.support import ROOT
from tests.support.factories import Sender
from tests.support.waiting import until

TEXT = (ROOT / "docs" / "integrate" / "callbacks.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The one code block in that language."""
    [code] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(code)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(("right", "status"), [(True, 200), (False, 401)])
def test_the_python_receiver_accepts_only_our_events(
    client: FlaskClient, sender: Sender, right: bool, status: int
) -> None:
    port = free_port()
    secret = sender.signing_secret if right else "whsec_" + "A" * 43 + "="
    environ = {**os.environ, "SIGNING_SECRET": secret, "PORT": str(port)}
    receiver = subprocess.Popen([sys.executable, "-c", block("python")], env=environ, text=True, stdout=-1, stderr=-1)
    try:
        until(lambda: listens(port) or receiver.poll() is not None)
        fields = {"url": f"http://127.0.0.1:{port}/clicked"}
        document = client.post("/v1/callbacks/test", json=fields, headers=sender.bearer).get_json()
    finally:
        receiver.kill()
        output, errors = receiver.communicate()
    assert document["attempt"]["status"] == status, errors
    assert output.startswith(f"{document['id']} callback.test " if right else "")
    assert bool(output) == right


def test_both_receivers_are_twelve_lines() -> None:
    for language in ("python", "js"):
        assert len([line for line in block(language).splitlines() if line]) <= 12


def test_every_field_of_the_event_is_explained() -> None:
    for field in sample_event.SAMPLE:
        assert f"`data.{field}`" in TEXT


def test_the_waits_are_the_settings() -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    waits = re.findall(r"^\| \d+ \| (\d+) (s|min|h) \|$", TEXT, re.MULTILINE)
    assert tuple(int(number) * units[unit] for number, unit in waits) == Settings.model_fields["callback_waits"].default
    assert f"after {MAX_STARTS} starts" in TEXT
