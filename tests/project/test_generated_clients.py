"""Clients generated from `/openapi.json` work against the running product: in Python and in TypeScript."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support import databases, live_server, npm
from tests.support.factories import BROWSER, Sender

PYTHON = """
import datetime, os, pkgutil, importlib
import client
for module in pkgutil.walk_packages(client.__path__, "client."):
    importlib.import_module(module.name)
from client import AuthenticatedClient
from client.api.callbacks import list_callbacks, replay_callback, replay_callbacks, report_callback, try_receiver
from client.api.messages import (
    check_link, list_clicks, list_messages, preprocess_message, preprocess_messages, report_message, switch_off_link,
)
from client.models import (
    BatchedMessage, CallbackPage, CallbackReport, CallbackTest, CheckedUrl, Clicks, Detection, JobState, MessagePage,
    MessageReport, NewMessage, PreprocessedMessage, Problem, ReplayRequest, ReplayResult, Visitor,
)

BASE, BROWSER = os.environ["BASE"], {"User-Agent": os.environ["BROWSER"]}
api = AuthenticatedClient(base_url=BASE, token=os.environ["TOKEN"])
text, receiver = "Track it: https://example.com/1", "http://127.0.0.1:9/clicked"
made = preprocess_message.sync(client=api, body=NewMessage(message=text, client_tag="order-1", lt_callbackurl=receiver))
assert isinstance(made, PreprocessedMessage), made
assert made.message == f"Track it: {made.links[0].shortlink}"
two = [NewMessage(message=text), NewMessage(message=text, client_tag="order-1")]
batch = preprocess_messages.sync(client=api, body=two)
assert isinstance(batch[0], BatchedMessage) and batch[0].status == 201, batch
assert isinstance(batch[1], Problem) and (batch[1].status, batch[1].msgid) == (409, made.msgid), batch

path = "/" + made.links[0].shortlink.rpartition("/")[2]
assert api.get_httpx_client().get(path, headers=BROWSER).status_code == 302
report = report_message.sync(made.msgid, client=api)
assert isinstance(report, MessageReport) and report.client_tag == "order-1", report
assert report.detection is Detection.STRICT and report.link_tracking.accessed
assert report.clicks.counts.person == report.clicks.total == 1 and report.clicks.newest[0].visitor is Visitor.PERSON
clicks = list_clicks.sync(made.msgid, client=api)
assert isinstance(clicks, Clicks) and clicks.newest == report.clicks.newest, clicks
page = list_messages.sync(client=api, client_tag="order-1", visitor=Visitor.PERSON)
assert isinstance(page, MessagePage) and [one.msgid for one in page.messages] == [made.msgid], page
off = switch_off_link.sync(made.msgid, client=api)
assert isinstance(off, MessageReport) and off.link_tracking.off_on is not None, off

callbacks = list_callbacks.sync(client=api)
assert isinstance(callbacks, CallbackPage) and [one.msgid for one in callbacks.callbacks] == [made.msgid], callbacks
callback = report_callback.sync(callbacks.callbacks[0].id, client=api)
assert isinstance(callback, CallbackReport) and callback.url == receiver, callback
assert callback.state in (JobState.PENDING, JobState.ATTEMPTING), callback
again = replay_callback.sync(callback.id, client=api)
assert isinstance(again, Problem) and (again.status, again.code) == (409, "callback_open"), again
period = {"from_": report.received_on, "to": report.received_on + datetime.timedelta(days=1)}
replayed = replay_callbacks.sync(client=api, body=ReplayRequest(**period, dry_run=True))
assert isinstance(replayed, ReplayResult) and (replayed.selected, replayed.replayed) == (0, 0), replayed
checked = check_link.sync(client=api, body={"url": "https://example.com/1"})
assert isinstance(checked, CheckedUrl) and checked.valid, checked
tried = try_receiver.sync(client=api, body=CallbackTest(url=BASE + "/nothing"))
assert isinstance(tried, Problem) and tried.status == 422 and "url" in tried.errors.to_dict(), tried

taken = preprocess_message.sync(client=api, body=NewMessage(message="Again", client_tag="order-1"))
assert isinstance(taken, Problem) and (taken.status, taken.code, taken.msgid) == (409, "client_tag_taken", made.msgid)
unknown = report_callback.sync("evt_none", client=api)
assert isinstance(unknown, Problem) and (unknown.status, unknown.code) == (404, "callback_not_found"), unknown
stranger = list_messages.sync(client=AuthenticatedClient(base_url=BASE, token="wrong"))
assert isinstance(stranger, Problem) and (stranger.status, stranger.code) == (401, "credentials_invalid"), stranger
print("done")
"""
TYPESCRIPT = """
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { env: object };

const { BASE, BROWSER, TOKEN } = process.env as Record<string, string>;
const api = createClient<paths>({ baseUrl: BASE, headers: { Authorization: `Bearer ${TOKEN}` } });
function must(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

const text = "Track it: https://example.com/1";
const order = { message: text, client_tag: "order-2", lt_callbackurl: "http://127.0.0.1:9/clicked" };
const counted = { ...order, count_as_click: "any" as const }; // `fetch` says that it is no browser's window
const made = await api.POST("/v1/messages", { body: counted });
must(made.data !== undefined, made.error);
must(made.data.message === `Track it: ${made.data.links[0]?.shortlink}`, made.data);
const batch = await api.POST("/v1/messages/batch", { body: [{ message: text }, order] });
must(batch.data !== undefined && typeof batch.data !== "string", batch.error); // it may also be lines of JSON
must(batch.data[0]?.status === 201 && batch.data[1]?.status === 409, batch.data);
const path = new URL(made.data.links[0]?.shortlink ?? "").pathname;
const clicked = await fetch(BASE + path, { headers: { "User-Agent": BROWSER }, redirect: "manual" });
must(clicked.status === 302, clicked.status);

const its = { params: { path: { msgid: made.data.msgid } } };
const report = await api.GET("/v1/messages/{msgid}", its);
must(report.data?.client_tag === "order-2" && report.data.link_tracking?.accessed === true, report);
must(report.data.clicks?.counts.bot === 1 && report.data.clicks.newest[0]?.visitor === "bot", report.data);
const clicks = await api.GET("/v1/messages/{msgid}/clicks", its);
must(clicks.data?.total === 1 && clicks.data.next === null, clicks.error);
const page = await api.GET("/v1/messages", { params: { query: { client_tag: "order-2" } } });
must(page.data?.messages.length === 1, page.error);
const callbacks = await api.GET("/v1/callbacks");
const [callback] = callbacks.data?.callbacks ?? [];
must(callback?.msgid === made.data.msgid, callbacks.error);
const event_id = callback.id;
const full = await api.GET("/v1/callbacks/{event_id}", { params: { path: { event_id } } });
must(full.data?.state === "pending" || full.data?.state === "attempting", full);
const again = await api.POST("/v1/callbacks/{event_id}/replay", { params: { path: { event_id } } });
must(again.response.status === 409 && again.error?.code === "callback_open", again);
const tried = await api.POST("/v1/callbacks/test", { body: { url: `${BASE}/nothing` } });
must(tried.response.status === 422 && tried.error?.errors?.url !== undefined, tried);

const taken = await api.POST("/v1/messages", { body: order });
must(taken.error?.code === "client_tag_taken" && taken.error.msgid === made.data.msgid, taken.error);
const unknown = await api.GET("/v1/messages/{msgid}", { params: { path: { msgid: "none" } } });
must(unknown.response.status === 404 && unknown.error?.code === "message_not_found", unknown);
const stranger = createClient<paths>({ baseUrl: BASE, headers: { Authorization: "Bearer wrong" } });
const refused = await stranger.GET("/v1/messages");
must(refused.response.status === 401 && refused.error?.code === "credentials_invalid", refused);
console.log("done");
"""
STRICT = ["--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--outDir", "out"]


@pytest.fixture
def product(sqlite_template: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The URL and credentials of the running product; its description is in `openapi.json`."""
    (tmp_path / "data").mkdir()
    with live_server.serving(databases.copy_sqlite(sqlite_template, tmp_path), tmp_path / "data") as (address, sender):
        (tmp_path / "openapi.json").write_bytes(requests.get(f"{address}/openapi.json", timeout=30).content)
        yield environ_of(address, sender)


def environ_of(address: str, sender: Sender) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "BASE": address, "TOKEN": sender.token, "BROWSER": BROWSER, "LANG": "C.UTF-8"}


def run(folder: Path, environ: dict[str, str], *command: str) -> str:
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=90, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_a_client_generated_in_python_works(product: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("post_hooks: []\n")  # which would only format it
    generate = [str(Path(sys.executable).parent / "openapi-python-client"), "generate", "--meta", "none"]
    files = ["--path", "openapi.json", "--output-path", "client", "--config", "settings.yaml"]
    told = run(tmp_path, product, *generate, *files)
    # Two vendors' lists have parameters whose names differ in `<` and `>` alone, and lines of JSON are for streams.
    left_out = [line for line in told.splitlines() if "will not be generated" in line or "omitted" in line]
    lists = ("/2010-04-01/Accounts/{account_sid}/Messages.json within twilio", "/sms/messages/ within xoxzo")
    assert left_out == [f"WARNING parsing GET {one}. Endpoint will not be generated." for one in lists]
    assert run(tmp_path, product, sys.executable, "-c", PYTHON) == "done\n"


def test_a_client_generated_in_typescript_works(product: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(npm.installed() / "node_modules")
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    (tmp_path / "call.ts").write_text(TYPESCRIPT)
    node, tools = shutil.which("node") or "node", tmp_path / "node_modules"
    run(tmp_path, product, node, str(tools / "openapi-typescript/bin/cli.js"), "openapi.json", "-o", "schema.ts")
    run(tmp_path, product, node, str(tools / "typescript/bin/tsc"), *STRICT, "call.ts")
    assert run(tmp_path, product, node, "out/call.js") == "done\n"
