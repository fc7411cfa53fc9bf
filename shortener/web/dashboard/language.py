"""The dashboard's language: chosen on a page, else the browser's preference."""

from typing import Final

from flask import Flask, Response, request
from flask_babel import Babel

LANGUAGES: Final = {"en": "English", "ja": "日本語"}
COOKIE: Final = "language"
PARAMETER: Final = "language"
YEAR: Final = 365 * 86_400


def register(app: Flask) -> None:
    """Load the compiled catalogues."""
    Babel(app, default_translation_directories="translations", locale_selector=spoken)


def spoken() -> str:
    """The language of the current page."""
    for chosen in (request.args.get(PARAMETER), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return str(chosen)
    # `best_match` would take `ja;q=0.5` before `en-GB`, because it prefers exact tags.
    asked = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((language for language in asked if language in LANGUAGES), "en")


def remember(response: Response) -> Response:
    """Store a language chosen on this page in a cookie, and name the page's language."""
    chosen = request.args.get(PARAMETER)
    if chosen in LANGUAGES:
        response.set_cookie(COOKIE, str(chosen), max_age=YEAR, path="/dashboard", httponly=True, samesite="Lax")
    response.headers["Content-Language"] = spoken()
    response.vary.update(("Accept-Language", "Cookie"))
    return response
