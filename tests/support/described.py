"""Holds every answer in the tests to what the description of the interface says, without any field that it lacks."""

from typing import Any

from flask.testing import FlaskClient
from pydantic import TypeAdapter
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from shortener.web.access import ACCESS
from shortener.web.description import operations
from shortener.web.description.documents import Problem
from shortener.web.description.operation import JSON, OPERATION, Operation


class DescribedClient(FlaskClient):
    """A client that knows what it may be answered."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        if not answer.is_streamed:
            hold(self, answer)
        return answer


def hold(client: FlaskClient, answer: TestResponse) -> None:
    request = answer.request
    try:
        endpoint, _ = client.application.url_map.bind_to_environ(request.environ).match()
    except (HTTPException, RequestRedirect):  # of no route: another method, another path
        return
    view = client.application.view_functions[endpoint]
    operation: Operation | None = getattr(view, OPERATION, None)
    if operation is None or request.method in {"OPTIONS", "HEAD"}:
        return
    document = document_of(operation, answer, guarded=getattr(view, ACCESS) == "senders")
    if document is not None:
        TypeAdapter(document).validate_json(answer.data)


def document_of(operation: Operation, answer: TestResponse, *, guarded: bool) -> Any:
    """What must stand in the answer; None for what is no JSON. Looks at status, code and media type itself."""
    status = answer.status_code
    if status in operation.answers:
        told = operation.answers[status]
        assert not answer.data or answer.mimetype in told.media
        assert set(told.headers) <= set(answer.headers.keys())
        return told.document if answer.mimetype in JSON else None
    codes = operations.codes(operation, guarded=guarded)
    if operation.refusal is not None:
        assert status in codes or status == 400, status
        return operation.refusal
    assert answer.mimetype == operations.PROBLEM
    assert answer.get_json(force=True)["code"] in codes.get(status, []), (operation.name, status, answer.text)
    return Problem
