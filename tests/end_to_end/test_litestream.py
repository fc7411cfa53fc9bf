"""SQLite beyond one disk: Litestream replicates under load, the disk is lost, and the links work again."""

import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit

from bench.litestream import DATABASE, Answered, has_gap, msgids, replicating, restored, send
from shortener.config.settings import Settings
from tests.conftest import SECRET_KEY, running
from tests.support.factories import BROWSER, make_account
from tests.support.processes import harness
from tests.support.waiting import until

FEW = 20  # messages


def test_a_lost_disk_is_restored_from_litestream(tmp_path: Path, sqlite_template: Path) -> None:
    data, replica, probe = tmp_path / "data", tmp_path / "replica", tmp_path / "probe"
    settings = Settings(data=data, secret_key=SECRET_KEY, public_url="https://s.example.com", spool_bytes=65536)
    data.mkdir()
    shutil.copyfile(sqlite_template, data / DATABASE)
    with running(settings):
        sender = make_account()
    answered, done = [Answered(), Answered()], threading.Event()

    def early() -> list[tuple[str, float, str]]:
        return [message for one in answered for message in one.messages[:FEW]]

    def are_replicated() -> bool:
        probe.unlink(missing_ok=True)
        return {msgid for msgid, _, _ in early()} <= msgids(restored(replica, probe))

    with harness({"data": str(data), "secret_key": SECRET_KEY, "worker": "off"}, tmp_path / "nodes") as nodes:
        node = nodes.web()
        address = node.url.removeprefix("http://")
        threads = [threading.Thread(target=send, args=(address, sender.token, done, one)) for one in answered]
        with replicating(tmp_path, data, replica) as program:
            for thread in threads:
                thread.start()
            try:
                until(lambda: all(len(one.clicks) > FEW for one in answered))
                until(are_replicated)
            finally:  # the disk is lost in the middle of the load
                done.set()
                program.kill()
                node.kill()
                shutil.rmtree(data)
                for thread in threads:
                    thread.join()
    found = msgids(restored(replica, tmp_path / "restored"))
    assert not any(has_gap([msgid in found for msgid, _, _ in one.messages]) for one in answered)
    with running(settings) as app:
        result = app.test_cli_runner().invoke(args=["db", "restore", str(tmp_path / "restored")])
        assert result.exit_code == 0, result.output
        client = app.test_client()
        for msgid, _, link in early():
            assert client.get(urlsplit(link).path, headers={"User-Agent": BROWSER}).status_code == 302
            report = client.get(f"/v1/messages/{msgid}", headers=sender.bearer).json
            assert report["link_tracking"]["accessed"]
            assert report["callback"] is not None
