"""`/openapi.json`: the description of every route, made from its view, its models and its documents."""

import re
from dataclasses import dataclass
from typing import Any, Final

from apispec import APISpec
from flask import Blueprint, Flask, current_app
from werkzeug.routing import Rule

from shortener.config.settings import VERSION
from shortener.rules.alerts.alert_event import ALERT, AlertEvent
from shortener.rules.delivery.event import CLICKED, RECEIPT, Event, ReceiptEvent
from shortener.running.services import services
from shortener.web.access import public
from shortener.web.description.operation import OPERATION, OURS, Answer, Credentials, Operation, described
from shortener.web.description.operations import names, operation_object
from shortener.web.description.schemas import Schemas

blueprint = Blueprint("openapi", __name__)
EXTENSION: Final = "openapi"
VENDORS_EXTENSION: Final = "openapi.vendors"
INTRODUCTION: Final = f"""Preprocess a message, send the text that is returned, and see who clicked its link.

{OURS.sentence} Times are UTC, RFC 3339. Errors are problem
documents (RFC 9457) with a stable `code`."""
TAGS: Final = {
    "Messages": "Messages, their links and clicks.",
    "Tags": "Tags: what became of the messages that have one.",
    "Receipts": "Receipts: take what gateways report about messages, and list it.",
    "Exports": "Exports: write the messages of a list as a file to the operator's storage.",
    "Callbacks": "Callbacks: list and replay them, and test a receiver.",
    "Visitors": "Shortlinks, as recipients' browsers request them.",
    "Operation": "For operators of this installation, and for tools that read this description.",
}


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor whose operations have a page of their own, `/docs/<name>`.

    `references` are the fields in which its clients name a message, and `bulk` is its name of a whole request's id.
    """

    name: str
    tag: str
    description: str
    credentials: Credentials
    references: tuple[str, ...]
    bulk: str


def register(app: Flask) -> None:
    """Add the route."""
    app.extensions[VENDORS_EXTENSION] = {}
    app.register_blueprint(blueprint)


def vendors(app: Flask) -> dict[str, Vendor]:
    """Return the vendors of an application by their tags; their packages add them."""
    found: dict[str, Vendor] = app.extensions[VENDORS_EXTENSION]
    return found


def credentials_of(app: Flask, tag: str) -> Credentials:
    """Return the credentials of the operations with this tag."""
    vendor = vendors(app).get(tag)
    return vendor.credentials if vendor else OURS


@blueprint.get("/openapi.json")
@described(Operation("Operation", {200: Answer("This description.")}))
@public
def openapi() -> dict[str, Any]:
    """The description of this API, OpenAPI 3.1."""
    return of(current_app)


def of(app: Flask) -> dict[str, Any]:
    """The description of an application's routes; made once."""
    if EXTENSION not in app.extensions:
        app.extensions[EXTENSION] = _assembled(app)
    found: dict[str, Any] = app.extensions[EXTENSION]
    return found


def path_of(rule: Rule) -> str:
    """A route's path as OpenAPI writes it."""
    return re.sub(r"<(?:[^<>:]*(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)


def _assembled(app: Flask) -> dict[str, Any]:
    schemas = Schemas()
    spec = APISpec(
        title="Shortener",
        version=VERSION,
        openapi_version="3.1.0",
        info={"description": INTRODUCTION},
        servers=[{"url": services().settings.base_url}],
        tags=[
            *({"name": name, "description": text} for name, text in TAGS.items()),
            *({"name": one.tag, "description": one.description} for one in vendors(app).values()),
        ],
    )
    schemes = [OURS.schemes, *(one.credentials.schemes for one in vendors(app).values())]
    for name, scheme in {name: scheme for group in schemes for name, scheme in group.items()}.items():
        spec.components.security_scheme(name, {**scheme})
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if hasattr(view, OPERATION):
            method = min((rule.methods or set()) - {"OPTIONS", "HEAD"}).lower()
            credentials = credentials_of(app, getattr(view, OPERATION).tag)
            operations = {method: operation_object(view, schemas, credentials)}
            spec.path(path_of(rule), parameters=names(rule), operations=operations)
    webhooks = {
        CLICKED: _webhook(
            "link_clicked", "A message's link was clicked for the first time", "lt_callbackurl", schemas.answer(Event)
        ),
        RECEIPT: _webhook("message_receipt", "A message has a new state", "receipts_url", schemas.answer(ReceiptEvent)),
        ALERT: _webhook(
            "alert", "An incident of the account has begun or is over", "alerts_url", schemas.answer(AlertEvent)
        ),
    }
    for name, schema in schemas.components().items():
        spec.components.schema(name, schema)
    return {**spec.to_dict(), "webhooks": {name: {"post": webhook} for name, webhook in webhooks.items()}}


def _webhook(name: str, summary: str, url: str, event: dict[str, Any]) -> dict[str, Any]:
    """The request that a receiver gets at the URL of a message's field, and the answer that it should give."""
    headers = {
        "webhook-id": "The ID of the event: the same for every attempt and replay.",
        "webhook-timestamp": "The time of this attempt, in seconds since 1970-01-01 UTC.",
        "webhook-signature": "The signature as Standard Webhooks specifies, made with the account's signing secret.",
    }
    return {
        "operationId": name,
        "tags": ["Callbacks"],
        "summary": summary,
        "description": f"Sent to `{url}`. Retried up to ten times until the receiver responds with 200.",
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for header, text in headers.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": event}}},
        "responses": {"200": {"description": "The event was received. Any other status counts as a failed attempt."}},
    }
