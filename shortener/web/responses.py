"""Responses as Flask makes them of what views return, in half of the time."""

import json
from typing import Any, Final

from flask import Flask, Response
from flask.json.provider import DefaultJSONProvider
from werkzeug.datastructures import Headers

_FINAL: Final = (200, 201)  # their headers are sent as the view gave them: addresses of ours are in ASCII
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=DefaultJSONProvider.default).encode


class _Response(Response):
    """A response that does not look for letters beyond ASCII in the headers of a successful answer."""

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """Return the headers to send."""
        if self.status_code in _FINAL and "Content-Length" in self.headers:
            return self.headers
        return super().get_wsgi_headers(environ)


class _Json(DefaultJSONProvider):
    """Readable JSON: fields in the order given, text not escaped to ASCII."""

    sort_keys = False
    ensure_ascii = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a response with a document as JSON."""
        return _Response(f"{_encode(self._prepare_response_obj(args, kwargs))}\n", mimetype=self.mimetype)


def register(app: Flask) -> None:
    """Let the application make its responses so."""
    app.response_class, app.json = _Response, _Json(app)
