"""The edge: HTTP in, HTTP out."""

from flask import Flask

from shortener.services import services
from shortener.web import (
    api,
    batches,
    callbacks_api,
    dashboard,
    exports,
    health,
    openapi,
    pages,
    paths,
    problems,
    proxies,
    redirect,
    reference,
)
from shortener.web.faces import xoxzo


def register(app: Flask) -> None:
    """Put every route in its place, in the order in which a reader may look for them."""
    with app.app_context():
        trusted = services().settings.trusted_proxies
    redirect.register(app)  # before the proxies, so that it stands behind them
    app.wsgi_app = proxies.TrustedProxies(app.wsgi_app, trusted)  # type: ignore[method-assign]  # Flask's own way
    problems.register(app)
    app.url_map.converters["name"] = paths.NameConverter
    app.register_blueprint(api.blueprint)
    app.register_blueprint(batches.blueprint)
    app.register_blueprint(callbacks_api.blueprint)
    app.register_blueprint(exports.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(openapi.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(reference.blueprint)
    app.register_blueprint(xoxzo.blueprint)
    dashboard.register(app)
    problems.SHAPES["/sms/"] = xoxzo.shape
