"""Metrics of several processes under both servers: every process tells the same numbers, also when one is killed."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.instance import ROOT, environ_of, free_port
from tests.support import databases
from tests.support.waiting import WITHIN, until

TOKEN = "a token for Prometheus"


def scraped(url: str) -> dict[tuple[str, ...], float]:
    asked = urllib.request.Request(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(asked, timeout=WITHIN) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def lives(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/livez", timeout=WITHIN) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def workers(process: subprocess.Popen[bytes]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_processes_count_together_and_lose_nothing(server: str, sqlite_template: Path, tmp_path: Path) -> None:
    database, bind = databases.copy_sqlite(sqlite_template, tmp_path), f"127.0.0.1:{free_port()}"
    given = {"database_url": database, "data": str(tmp_path), "bind": bind, "metrics_token": TOKEN}
    environ = environ_of(**given, server=server, processes=2, threads=2, worker="off")
    url, count = f"http://{bind}", ("shortener_http_request_duration_seconds_count", "other", "GET", "2xx")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shortener.serve"], cwd=ROOT, env=environ, stdout=log, stderr=log
        )
        try:
            until(lambda: lives(url) and scraped(url)[("shortener_processes",)] == 2)
            first = scraped(url)[count]
            assert [scraped(url)[count] for _ in range(8)] == [first + number for number in range(1, 9)]
            os.kill(workers(process)[-1], signal.SIGKILL)
            until(lambda: lives(url) and scraped(url)[("shortener_process_starts_total",)] == 3)
            after = scraped(url)
            assert after[("shortener_processes",)] == 2
            assert after[count] > first + 8
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WITHIN)
