"""The vendors' wire formats, one folder each."""

from flask import Flask

from shortener.vendors.xoxzo import face
from shortener.web import problems


def register(app: Flask) -> None:
    """Add the routes of every vendor, and the shape of their errors."""
    app.register_blueprint(face.blueprint)
    problems.SHAPES["/sms/"] = face.shape
