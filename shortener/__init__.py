"""A self-hosted link shortener and click tracker for messages."""

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from shortener.cli import register as register_commands
from shortener.config.settings import Settings
from shortener.running.services import make
from shortener.storage.db import bind
from shortener.vendors import register as register_vendors
from shortener.web import register as register_routes

MAX_BODY = 512 * 1024  # bytes; holds the longest fields there may be, escaped as JSON or a form may


class Json(DefaultJSONProvider):
    """JSON as people read it: fields in the order in which they are given, text as text."""

    sort_keys = False
    ensure_ascii = False


def create_app(settings: Settings | None = None) -> Flask:
    """Make the WSGI application; the only place that wires. Without settings, those of the environment."""
    settings = settings or Settings.from_env()
    app = Flask(__name__, template_folder="../templates", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.json = Json(app)
    bind(app, settings)
    make(app, settings)
    register_routes(app)
    register_vendors(app)
    register_commands(app)
    return app
