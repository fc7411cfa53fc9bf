"""The dashboard: pages for the sender's staff and for the operator, drawn on the server. They work without script."""

from typing import Final

from flask import Blueprint, Flask

from shortener.web import path_groups
from shortener.web.dashboard import (
    access,
    account,
    assets,
    audit,
    callbacks,
    campaigns,
    choose_password,
    credentials,
    decisions,
    errors,
    exports,
    filters,
    first_clicks,
    forms,
    language,
    layout,
    message,
    message_list,
    new_message,
    operator,
    overview,
    people,
    sign_in,
    tags,
    time_zone,
    try_it,
)
from shortener.web.path_groups import PathGroup

PAGES: Final = (
    *(sign_in, choose_password, time_zone, overview, message_list, new_message, first_clicks, message, tags, decisions),
    *(campaigns, callbacks, exports, try_it, account, people, credentials, audit, operator),
)


def register(app: Flask) -> None:
    """Add the pages, with what runs before and after each of them."""
    blueprint = Blueprint("dashboard", __name__, url_prefix=access.PATH)
    blueprint.before_request(_check_form)
    blueprint.after_request(layout.finish)
    blueprint.context_processor(layout.frame)
    for kind in errors.KINDS:
        blueprint.register_error_handler(kind, errors.page)
    path_groups.add(app, PathGroup(prefixes=(f"{access.PATH}/",), refuse=errors.refuse))
    for pages in PAGES:
        pages.register(blueprint)
    language.register(app)
    filters.register(app)
    app.register_blueprint(blueprint)
    app.register_blueprint(assets.blueprint)


def _check_form() -> None:
    if forms.sent():
        forms.check_origin()
