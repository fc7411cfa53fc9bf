"""Check every response in the tests against the API description: status, code, headers and document."""

from typing import Any

from flask.testing import FlaskClient
from pydantic import TypeAdapter
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from shortener.web.access import ACCESS
from shortener.web.description import operations
from shortener.web.description.operation import JSON, OPERATION, Operation, document_of
from shortener.web.problems import Problem


class DescribedClient(FlaskClient):
    """A test client that fails on responses that are not described."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        if not answer.is_streamed:
            check(self, answer)
        return answer


def check(client: FlaskClient, answer: TestResponse) -> None:
    """Fail if the response to a described route is not in the description; OPTIONS and HEAD are not checked."""
    request = answer.request
    try:
        endpoint, _ = client.application.url_map.bind_to_environ(request.environ).match()
    except (HTTPException, RequestRedirect):  # no route has this method and path
        return
    view = client.application.view_functions[endpoint]
    operation: Operation | None = getattr(view, OPERATION, None)
    if operation is None or request.method in {"OPTIONS", "HEAD"}:
        return
    if answer.status_code in operation.answers:
        described = operation.answers[answer.status_code]
        assert not answer.data or answer.mimetype in described.media
        assert set(described.headers) <= set(answer.headers.keys())
        document = document_of(view, described) if answer.mimetype in JSON else None
    else:
        document = refusal_of(operation, answer, guarded=getattr(view, ACCESS) == "senders")
    if document is not None:
        TypeAdapter(document).validate_json(answer.data)


def refusal_of(operation: Operation, answer: TestResponse, *, guarded: bool) -> Any:
    """The type of an error document, after a check that its status and code are described."""
    codes = operations.codes(operation, guarded=guarded)
    if operation.refusal is not None:
        assert answer.status_code in codes or answer.status_code == 400
        return operation.refusal
    assert answer.mimetype == operations.PROBLEM
    assert answer.get_json(force=True)["code"] in codes.get(answer.status_code, []), answer.text
    return Problem
