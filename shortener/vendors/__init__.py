"""The vendors' wire formats: one package for each, found by walking this one.

A package `shortener.vendors.NAME` has a module `face` with a `Face` named `FACE`. Nothing else lists the vendors.
"""

import importlib
import pkgutil
from dataclasses import dataclass

from flask import Blueprint, Flask

from shortener.web import path_groups
from shortener.web.description import openapi
from shortener.web.path_groups import PathGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Face(PathGroup):
    """A vendor's wire format as we speak it: its paths with their credentials and errors, its views, its heading."""

    tag: str  # the heading of its operations in /openapi.json and /docs
    description: str  # one sentence under the heading
    blueprint: Blueprint


def load() -> list[Face]:
    """Return the face of every package in this one, by the packages' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return [importlib.import_module(f"{__name__}.{name}.face").FACE for name in names]


def register(app: Flask) -> None:
    """Add the routes of every vendor, with their credentials, their form of errors and their description."""
    for face in load():
        path_groups.add(app, face)
        openapi.tags(app)[face.tag] = face.description
        app.register_blueprint(face.blueprint)
