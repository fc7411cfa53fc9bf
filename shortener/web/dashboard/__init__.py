"""The dashboard: pages for the sender's staff and for the operator, drawn on the server, without script."""

from flask import Blueprint, Flask, request

from shortener.web import problems
from shortener.web.dashboard import around, assets, failures, forms, language, operator, seats, show, sign_in, try_it


def register(app: Flask) -> None:
    """Put the pages in their places. All that they need done before and after a page hangs on their own blueprint."""
    blueprint = Blueprint("dashboard", __name__, url_prefix=seats.PATH)
    blueprint.before_request(_check_form)
    blueprint.after_request(around.finish)
    blueprint.context_processor(around.frame)
    for kind in failures.KINDS:
        blueprint.register_error_handler(kind, failures.page)
    problems.PAGES[f"{seats.PATH}/"] = failures.unrouted
    blueprint.add_url_rule("", "overview", view_func=try_it.first, strict_slashes=False)
    for pages in (sign_in, try_it, operator):
        pages.register(blueprint)
    language.register(app)
    show.register(app)
    app.register_blueprint(blueprint)
    app.register_blueprint(assets.blueprint)


def _check_form() -> None:
    if request.method == "POST":
        forms.check_origin()
