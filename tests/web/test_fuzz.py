"""The whole API under generated requests: no 5xx, and every response matches the description."""

import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck
from hypothesis.strategies import SearchStrategy, sampled_from
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks
from sqlalchemy import func, select, update
from werkzeug.test import run_wsgi_app

from shortener.config.settings import Settings
from shortener.outbound.client import Client
from shortener.receipts.keys import account_path
from shortener.rules.delivery.receipt_key import receipt_key
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Callback, Export, Message
from shortener.vendors.infobip.email import new_request, old_request
from tests.conftest import SECRET_KEY, running
from tests.support import sens
from tests.support.factories import BROWSER, TEXT, Sender, make_account, make_message, slug_of

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.ignored_auth,
    openapi_checks.unsupported_method,
]
TAKES_NOTHING = {"GET /healthz", "GET /openapi.json"}  # so nothing about it can be wrong
# Their errors have status 200, also those about credentials.
METRICS_TOKEN = "a token for Prometheus"
REFUSED_WITH_200 = {"POST /sms/json", "GET /sms/json"}
REFUSED = {
    # The parameters are a gateway's own, so none are described.
    "GET /v1/receipts/{gateway}",
    "GET /receipts/{gateway}/{key}",
    "GET /receipts/{gateway}/{msgid}/{mac}",
    # Without a gateway there is nothing to decide.
    "POST /v1/messages/{msgid}/cancel",
    "POST /v1/messages/{msgid}/repeat",
    "POST /v1/messages/{msgid}/give-up",
    "POST /api/{sid}/messages/{msgid}/cancel",
    # The known message came in another format.
    "GET /api/{sid}/messages/{msgid}",
}
# What is taken, where a schema does not say enough to make up much of it.
KNOWN_BODIES = {
    "/v1/messages": {"message": TEXT},
    "/v1/exports": {"format": "csv"},
    "/v1/callbacks/replay": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
    "/v1/callbacks/test": {"url": "http://127.0.0.1:9/clicked"},
    "/sms/v2/services/{service}/messages": sens.sms(),
    "/friendtalk/v2/services/{service}/messages": sens.talk(),
    "/email/3/send": old_request.SCHEMA["examples"][0],
    "/email/4/messages": new_request.EXAMPLE,
    "/api/{sid}/messages": {"service_id": 1, "to": "09012345678", "body": TEXT},
    "/2010-04-01/Accounts/{account_sid}/Messages.json": {"To": "+15558675310", "From": "+15017122661", "Body": TEXT},
    "/conversions/sms": {"message-id": "x"},
    "/sms/messages/": {"message": TEXT, "recipient": "+818012345678", "sender": "XOXZO"},
}
KNOWN_QUERIES = {
    "GET /v1/messages/export": {"format": "csv"},
    "GET /sms/1/text/query": {"from": "Acme", "to": "41793026727", "text": TEXT},
    "GET /sms/v2/services/{service}/messages": {"requestId": "x"},
    "GET /friendtalk/v2/services/{service}/messages": {"requestId": "x"},
}
EXAMPLES = {"sqlite": 12, "postgresql": 5}  # of each operation


def on_loopback(_host: str, port: int, *_: Any, **__: Any) -> list[Any]:
    """No generated URL leads to a call outside."""
    return socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)


def whole(app: Flask, sender: Sender) -> Callable[..., Iterable[bytes]]:
    """The application, whose answers are read to their end and closed, as a server does it.

    Requests with the sender's access key are signed where a signature is what counts.
    """

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(sens.PREFIXES):
            environ |= sens.signed(environ, sender)
        with environ["wsgi.input"]:  # for a large body it is a file, which Werkzeug's client leaves open
            body, status, headers = run_wsgi_app(app, environ, buffered=True)
        start_response(status, headers.to_wsgi_list())
        return body

    return serve


@pytest.fixture(scope="module")
def app(own_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    settings = Settings(
        database_url=own_database_url,
        data=folder,
        secret_key=SECRET_KEY,
        metrics_token=METRICS_TOKEN,
        public_url="http://localhost",
        callback_allow_nets=("127.0.0.0/8",),
        callback_timeout=1,
        spool_bytes=65536,
        export_url=f"file://{folder}/exports",
    )
    with running(settings) as app:
        services().client = Client(services().policy, timeout=1, resolve=on_loopback)
        yield app


@pytest.fixture(scope="module")
def sender(app: Flask) -> Sender:
    return make_account("shop")


@pytest.fixture(scope="module")
def known(app: Flask, sender: Sender) -> dict[str, str]:
    """Existing data: a clicked message and its callback."""
    made = make_message(sender, lt_callbackurl="http://127.0.0.1:9/clicked", tags=["a"], client_tag="order-1")
    slug, other = slug_of(made.link), slug_of(make_message(sender).link)  # the first one will be switched off
    client = app.test_client()
    client.get(f"/{slug}", headers={"User-Agent": BROWSER})
    [callback] = client.get("/v1/callbacks", headers=sender.bearer).get_json()["callbacks"]
    export = client.post("/v1/exports", json={"format": "csv"}, headers=sender.bearer).get_json()
    msgid, gateway = made.message.msgid, "vonage"
    keys = {
        "key": account_path(gateway, sender.sid, SECRET_KEY).rpartition("/")[2],
        "mac": receipt_key(SECRET_KEY, gateway, msgid),
    }
    keys |= {"sid": sender.sid, "account_sid": sender.sid, "message_sid": f"SM{make_message(sender).message.msgid}"}
    ids = {"msgid": msgid, "event_id": callback["id"], "export_id": export["id"]}
    return {**ids, "slug": other, "gateway": gateway, **keys}


@pytest.fixture(scope="module")
def of_faces(app: Flask, sender: Sender) -> dict[str, dict[str, str]]:
    """Names in paths of messages that came in a vendor's wire format, by the paths' prefixes."""
    client = app.test_client()
    documents = {sens.SMS: sens.sms(), sens.TALK: sens.talk()}
    sent = {path: sens.post(client, sender, path, document).get_json() for path, document in documents.items()}
    return {
        path.partition("services")[0]: {"service": path.split("/")[4], "msgid": one["messages"][0]["messageId"]}
        for path, one in sent.items()
    }


@pytest.fixture(scope="module", params=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
def mode(request: pytest.FixtureRequest) -> GenerationMode:
    """Whether requests match the description."""
    found: GenerationMode = request.param
    return found


@pytest.fixture(scope="module")
def described(
    app: Flask, known: dict[str, str], of_faces: dict[str, dict[str, str]], sender: Sender, mode: GenerationMode
) -> Any:
    description = app.test_client().get("/openapi.json").get_json()
    for item in description["paths"].values():
        for operation in item.values():
            body = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            # Forms are described in words, and have the fields of the JSON.
            for media in body.get("x-forms", ()):
                body["content"][media] = body["content"]["application/json"]
    schema = schemathesis.openapi.from_dict(description)
    schema.app = whole(app, sender)

    receipt = {"messageId": known["msgid"], "status": "delivered"}

    def with_known_names(context: Any, values: dict[str, Any] | None) -> SearchStrategy[dict[str, Any] | None]:
        """Replace most generated names with existing ones, those of one path together."""
        names = next((own for prefix, own in of_faces.items() if context.operation.path.startswith(prefix)), known)
        existing = {name: names.get(name, value) for name, value in (values or {}).items()}
        return sampled_from([existing] * 5 + [values])

    def with_known_query(context: Any, query: dict[str, Any] | None) -> SearchStrategy[dict[str, Any] | None]:
        """Replace every second query with one that is taken."""
        return sampled_from([KNOWN_QUERIES.get(context.operation.label, query), query])

    def with_known_fields(context: Any, body: Any) -> SearchStrategy[Any]:
        """Replace every second body with one that is taken, and all of paths that must be right as well."""
        path = context.operation.path
        known_body = receipt if "receipts/" in path else KNOWN_BODIES.get(path, body)
        return sampled_from([known_body] if path.startswith("/receipts/") else [known_body, body])

    # Hypothesis begins with the first choice of each: the first valid request does what it asks.
    schema.hook("flatmap_path_parameters")(with_known_names)
    if mode is GenerationMode.POSITIVE:
        schema.hook("flatmap_query")(with_known_query)
        schema.hook("flatmap_body")(with_known_fields)
    return schema


@pytest.mark.timeout(300)
def test_every_answer_matches_its_description(
    described: Any, sender: Sender, database_kind: str, mode: GenerationMode
) -> None:
    faults = {}
    for operation in (found.ok() for found in described.get_all_operations()):
        if mode is GenerationMode.NEGATIVE and operation.label in TAKES_NOTHING:
            continue
        settle()
        try:
            statuses = asked(operation, sender, mode, EXAMPLES[database_kind])
        except Exception as error:
            faults[operation.label] = error
        else:
            may_fail = mode is GenerationMode.NEGATIVE or operation.label in REFUSED
            if not may_fail and min(statuses) >= 400:
                faults[operation.label] = AssertionError(f"it never did what it was asked: {sorted(statuses)}")
    assert not faults, "\n\n".join(f"{label}: {error}" for label, error in faults.items())


def settle() -> None:
    """Make the callback ready for a replay, the export for canceling, and take back deletions by vendors' clients."""
    with db.write() as session:
        session.execute(update(Message).where(Message.face.is_(None)).values(vendor_fields=None))
        first = select(func.min(Export.id)).scalar_subquery()
        session.execute(update(Export).values(state="delivered", settled_on=db.now(session)))
        session.execute(update(Export).where(Export.id == first).values(state="pending", settled_on=None))
        session.execute(update(Callback).values(state="exhausted", settled_on=db.now(session)))


def credentials_of(sender: Sender, path: str) -> dict[str, str]:
    """What is sent to this path, as the description has it; `whole` makes the signatures."""
    if path == "/metrics":
        return {"Authorization": f"Bearer {METRICS_TOKEN}"}
    if path.startswith(sens.PREFIXES):
        return {sens.ACCESS_KEY: sender.sid}
    return sender.bearer if path.startswith("/api/") else sender.basic


def asked(operation: Any, sender: Sender, mode: GenerationMode, examples: int) -> set[int]:
    """Generate requests of one operation, the same ones each time; check each response against the description.

    Return the statuses of all responses.
    """
    statuses = set()
    credentials = credentials_of(sender, operation.path)
    asked_checks = [
        one for one in CHECKS if one is not openapi_checks.ignored_auth or operation.label not in REFUSED_WITH_200
    ]

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        # A generated fault that is none is discarded, and large bodies are made slowly on a busy machine.
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    def ask(case: schemathesis.Case) -> None:
        statuses.add(case.call_and_validate(headers=credentials, checks=asked_checks).status_code)

    ask()
    assert statuses, "no request could be made up"
    return statuses
