"""A self-hosted link shortener and click tracker for messages."""

from flask import Flask

from shortener.cli import register as register_commands
from shortener.config.settings import Settings
from shortener.running.services import make
from shortener.storage.db import bind
from shortener.vendors import gateways as vendor_apis
from shortener.vendors import register as register_vendors
from shortener.web import register as register_routes

MAX_BODY = 512 * 1024  # bytes; enough for the longest allowed fields, escaped as in JSON or a form


def create_app(settings: Settings | None = None) -> Flask:
    """Create the WSGI application, from the environment if no settings are given. Only here are parts put together.

    SettingsError if the settings are wrong, or name a gateway that there is not.
    """
    settings = settings or Settings.from_env()
    app = Flask(__name__, template_folder="../templates", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    bind(app, settings)
    make(app, settings, vendor_apis())
    register_routes(app)
    register_vendors(app)
    register_commands(app)
    return app
