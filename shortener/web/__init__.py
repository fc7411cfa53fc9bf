"""The edge: HTTP in, HTTP out."""

from flask import Flask

from shortener.running.services import services
from shortener.web import bodies, converters, dashboard, health, problems, proxies, redirect, visitor_pages
from shortener.web.api import batches, callbacks, exports, messages
from shortener.web.description import openapi, reference


def register(app: Flask) -> None:
    """Put every route in its place, in the order in which a reader may look for them."""
    with app.app_context():
        trusted, threads = services().settings.trusted_proxies, services().settings.threads
    # A slash too many leads to the page itself: a redirect would go to whatever host the request names.
    app.url_map.merge_slashes = app.url_map.strict_slashes = False
    app.wsgi_app = bodies.Bodies(app.wsgi_app, threads)  # type: ignore[method-assign]  # Flask's own way
    redirect.register(app)  # before the proxies, so that it stands behind them
    app.wsgi_app = proxies.TrustedProxies(app.wsgi_app, trusted)  # type: ignore[method-assign]  # Flask's own way
    problems.register(app)
    app.url_map.converters["name"] = converters.NameConverter
    app.register_blueprint(messages.blueprint)
    app.register_blueprint(batches.blueprint)
    app.register_blueprint(callbacks.blueprint)
    app.register_blueprint(exports.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(openapi.blueprint)
    app.register_blueprint(visitor_pages.blueprint)
    app.register_blueprint(reference.blueprint)
    dashboard.register(app)
