"""HTTP: the routes of the API, the redirect, the visitor pages and the dashboard."""

from typing import Final

from flask import Flask

from shortener.running.services import services
from shortener.web import (
    bodies,
    converters,
    dashboard,
    health,
    metrics,
    observation,
    path_groups,
    problems,
    proxies,
    redirect,
    responses,
    visitor_pages,
)
from shortener.web.api import batches, callbacks, export_jobs, exports, messages, receipts, sendings, tags
from shortener.web.description import openapi, reference
from shortener.web.path_groups import PathGroup

PROGRAMS: Final = PathGroup(
    prefixes=("/v1/", "/healthz", "/livez", "/readyz", "/openapi.json"), refuse=problems.refuse, is_vendors=False
)
METRICS: Final = PathGroup(
    prefixes=("/metrics",), refuse=problems.refuse, schemes=(path_groups.BEARER,), is_vendors=False
)
PEOPLE: Final = PathGroup(prefixes=("/",), refuse=problems.refuse_with_page, is_vendors=False)  # all other paths


def register(app: Flask) -> None:
    """Add every route, except those of the vendors."""
    with app.app_context():
        settings = services().settings
    # An extra slash is ignored, not redirected: a redirect would go to whatever host the request names.
    app.url_map.merge_slashes = app.url_map.strict_slashes = False
    app.wsgi_app = bodies.BodyLimits(app.wsgi_app, settings.threads)  # type: ignore[method-assign]  # Flask's own way
    app.wsgi_app = observation.Observed(  # type: ignore[method-assign]  # Flask's own way
        app, app.wsgi_app, settings.access_log
    )
    redirect.register(app)  # before the proxies: the middleware added last runs first
    app.wsgi_app = proxies.TrustedProxies(  # type: ignore[method-assign]  # Flask's own way
        app.wsgi_app, settings.trusted_proxies
    )
    app.before_request(observation.note_route)
    problems.register(app)
    responses.register(app)
    path_groups.add(app, PROGRAMS)
    path_groups.add(app, METRICS)
    path_groups.add(app, PEOPLE)
    path_groups.add(app, receipts.WITH_KEYS)
    app.url_map.converters["name"] = converters.NameConverter
    app.url_map.converters["text"] = converters.TextConverter
    app.register_blueprint(messages.blueprint)
    app.register_blueprint(batches.blueprint)
    app.register_blueprint(callbacks.blueprint)
    app.register_blueprint(exports.blueprint)
    app.register_blueprint(export_jobs.blueprint)
    app.register_blueprint(tags.blueprint)
    app.register_blueprint(receipts.blueprint)
    app.register_blueprint(sendings.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    openapi.register(app)
    app.register_blueprint(visitor_pages.blueprint)
    app.register_blueprint(reference.blueprint)
    dashboard.register(app)
