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

from tests.support import databases, live, npm
from tests.support.factories import Sender

PYTHON = """
import os, pkgutil, importlib
import client
for module in pkgutil.walk_packages(client.__path__, "client."):
    importlib.import_module(module.name)
from client import AuthenticatedClient
from client.api.callbacks import list_callbacks, report_callback, try_receiver
from client.api.messages import check_link, list_messages, preprocess_message, report_message
from client.models import Accepted, CallbackPage, CheckedUrl, Submission, Page, Problem, Report, Tried, Trial

api = AuthenticatedClient(base_url=os.environ["BASE"], token=os.environ["TOKEN"])
asked = Submission(message="Track it: https://example.com/1", client_tag="order-1")
made = preprocess_message.sync(client=api, body=asked)
assert isinstance(made, Accepted), made
assert made.message == f"Track it: {made.links[0].shortlink}"

report = report_message.sync(made.msgid, client=api)
assert isinstance(report, Report) and report.client_tag == "order-1", report
page = list_messages.sync(client=api, client_tag="order-1")
assert isinstance(page, Page) and [one.msgid for one in page.messages] == [made.msgid], page
callbacks = list_callbacks.sync(client=api)
assert isinstance(callbacks, CallbackPage) and callbacks.callbacks == [], callbacks
checked = check_link.sync(client=api, body={"url": "https://example.com/1"})
assert isinstance(checked, CheckedUrl) and checked.valid, checked
tried = try_receiver.sync(client=api, body=Trial(url=os.environ["BASE"] + "/nothing"))
assert isinstance(tried, Problem) and tried.status == 422 and "url" in tried.errors.to_dict(), tried

taken = preprocess_message.sync(client=api, body=Submission(message="Again", client_tag="order-1"))
assert isinstance(taken, Problem) and (taken.status, taken.code, taken.msgid) == (409, "client_tag_taken", made.msgid)
unknown = report_callback.sync("evt_none", client=api)
assert isinstance(unknown, Problem) and unknown.code == "callback_not_found", unknown
stranger = list_messages.sync(client=AuthenticatedClient(base_url=os.environ["BASE"], token="wrong"))
assert isinstance(stranger, Problem) and (stranger.status, stranger.code) == (401, "credentials_invalid"), stranger
print("done")
"""
TYPESCRIPT = """
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { env: object };

const { BASE, TOKEN } = process.env as Record<string, string>;
const api = createClient<paths>({ baseUrl: BASE, headers: { Authorization: `Bearer ${TOKEN}` } });
function must(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

const order = { message: "Track it: https://example.com/1", client_tag: "order-2" };
const made = await api.POST("/v1/messages", { body: order });
must(made.data !== undefined, made.error);
must(made.data.message === `Track it: ${made.data.links[0]?.shortlink}`, made.data);
const report = await api.GET("/v1/messages/{msgid}", { params: { path: { msgid: made.data.msgid } } });
must(report.data?.client_tag === "order-2", report.error);
const page = await api.GET("/v1/messages", { params: { query: { client_tag: "order-2" } } });
must(page.data?.messages.length === 1, page.error);
const callbacks = await api.GET("/v1/callbacks");
must(callbacks.data?.callbacks.length === 0, callbacks.error);
const taken = await api.POST("/v1/messages", { body: order });
must(taken.error?.code === "client_tag_taken" && taken.error.msgid === made.data.msgid, taken.error);
console.log("done");
"""
STRICT = ["--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--outDir", "out"]


@pytest.fixture
def product(sqlite_template: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Where the product is to be reached and who may; its description lies in `openapi.json`."""
    (tmp_path / "data").mkdir()
    with live.serving(databases.copy_sqlite(sqlite_template, tmp_path), tmp_path / "data") as (address, sender):
        (tmp_path / "openapi.json").write_bytes(requests.get(f"{address}/openapi.json", timeout=30).content)
        yield environ_of(address, sender)


def environ_of(address: str, sender: Sender) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "BASE": address, "TOKEN": sender.token, "LANG": "C.UTF-8"}


def run(folder: Path, environ: dict[str, str], *command: str) -> str:
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=90, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_a_client_generated_in_python_works(product: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("post_hooks: []\n")  # which would only format it
    generate = [str(Path(sys.executable).parent / "openapi-python-client"), "generate", "--meta", "none"]
    files = ["--path", "openapi.json", "--output-path", "client", "--config", "settings.yaml"]
    told = run(tmp_path, product, *generate, *files)
    # The vendor's list has parameters whose names differ in `<` and `>` alone, and lines of JSON are for streams.
    left_out = [line for line in told.splitlines() if "will not be generated" in line or "omitted" in line]
    assert left_out == ["WARNING parsing GET /sms/messages/ within xoxzo. Endpoint will not be generated."]
    assert run(tmp_path, product, sys.executable, "-c", PYTHON) == "done\n"


def test_a_client_generated_in_typescript_works(product: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(npm.installed() / "node_modules")
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    (tmp_path / "call.ts").write_text(TYPESCRIPT)
    node, tools = shutil.which("node") or "node", tmp_path / "node_modules"
    run(tmp_path, product, node, str(tools / "openapi-typescript/bin/cli.js"), "openapi.json", "-o", "schema.ts")
    run(tmp_path, product, node, str(tools / "typescript/bin/tsc"), *STRICT, "call.ts")
    assert run(tmp_path, product, node, "out/call.js") == "done\n"
