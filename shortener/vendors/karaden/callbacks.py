"""The vendor's callbacks: the message as JSON, of a project, without its number and its text."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from shortener.callbacks.forms import CallbackRequest, Form, Told
from shortener.vendors.karaden import documents, requests

PROJECT: Final = 1  # there are none here, but a receiver may expect a number
LEFT_OUT: Final = frozenset({"to", "body"})


def request(told: Told, secrets: Sequence[str]) -> CallbackRequest:
    """Return the request that tells a new state, with the version that the message was sent with."""
    then = replace(told.message, state=told.state, state_on=told.at, reason=told.reason, code=told.code)
    message: dict[str, Any] = {**documents.message(then), "project_id": PROJECT}
    document = {name: value for name, value in message.items() if name not in LEFT_OUT}
    version = told.message.fields.get("version", requests.NEWEST)
    headers = {"Content-Type": "application/json", requests.VERSION: version}
    return CallbackRequest(body=json.dumps(document, ensure_ascii=False).encode(), headers=headers)


FORM: Final = Form(request=request, accepts=lambda status: status == 200)
