"""The sample data that `make demo KEEP=1` leaves open."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import requests

from bench.instance import environ_of
from tests.support import ROOT
from tests.support.waiting import WITHIN


def test_the_sample_data_can_be_looked_at(tmp_path: Path) -> None:
    environ = environ_of() | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "bench/show.py"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = ""
        try:
            while "Ctrl-C" not in printed and (line := process.stdout.readline()):
                printed += line
            [url] = re.findall(r"Open (\S+) in a browser", printed)
            [password] = re.findall(r"password: (\S+)", printed)
            overview = signed_in(url, "demo", password)
        finally:
            process.send_signal(signal.SIGTERM)
    assert "/dashboard/messages?" in overview
    assert "https://crm.example.net:443" in overview  # the receiver that fails
    assert process.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def signed_in(url: str, name: str, password: str) -> str:
    """The overview, as this person sees it."""
    with requests.Session() as browser:
        form = browser.get(url, timeout=WITHIN)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.text))
        sent = {**hidden, "name": name, "password": password}
        answer = browser.post(form.url, data=sent, headers={"Origin": url.removesuffix("/dashboard")}, timeout=WITHIN)
        assert answer.ok
        return answer.text
