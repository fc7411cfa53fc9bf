"""A self-hosted link shortener and click tracker for messages."""

from flask import Flask

import shortener.cli as cli
import shortener.db as db
import shortener.services as services
import shortener.web as web
from shortener.config import Settings

MAX_BODY = 256 * 1024  # bytes; a message of 10,000 characters, each escaped as JSON or a form may, fits twice


def create_app(settings: Settings | None = None) -> Flask:
    """Make the WSGI application; the only place that wires. Without settings, those of the environment."""
    settings = (settings or Settings.from_env()).with_secret_key()
    app = Flask(__name__, template_folder="../templates", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]  # only the default provider has it, and that is ours
    db.bind(app, settings)
    services.make(app, settings)
    web.register(app)
    cli.register(app)
    return app
