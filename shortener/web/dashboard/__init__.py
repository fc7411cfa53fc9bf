"""The dashboard: pages for the sender's staff and for the operator, drawn on the server, without script."""

from typing import Final

from flask import Blueprint, Flask

from shortener.web import problems
from shortener.web.dashboard import (
    account,
    around,
    assets,
    callbacks,
    failures,
    forms,
    language,
    message,
    message_list,
    operator,
    overview,
    seats,
    show,
    sign_in,
    try_it,
)

PAGES: Final = (sign_in, overview, message_list, message, callbacks, try_it, account, operator)


def register(app: Flask) -> None:
    """Put the pages in their places. All that they need done before and after a page hangs on their own blueprint."""
    blueprint = Blueprint("dashboard", __name__, url_prefix=seats.PATH)
    blueprint.before_request(_check_form)
    blueprint.after_request(around.finish)
    blueprint.context_processor(around.frame)
    for kind in failures.KINDS:
        blueprint.register_error_handler(kind, failures.page)
    problems.PAGES[f"{seats.PATH}/"] = failures.unrouted
    for pages in PAGES:
        pages.register(blueprint)
    language.register(app)
    show.register(app)
    app.register_blueprint(blueprint)
    app.register_blueprint(assets.blueprint)


def _check_form() -> None:
    if forms.sent():
        forms.check_origin()
