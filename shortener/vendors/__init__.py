"""The vendors' wire formats: one package for each, found by walking this one.

A package `shortener.vendors.NAME` has one or more of these modules, and nothing else lists the vendors:
`face` with a `Face` named `FACE`, `receipts` with a function `read`, `callbacks` with a `Form` named `FORM`, and
`gateway` with a `VendorApi` named `GATEWAY`.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from flask import Blueprint, Flask

from shortener.callbacks.forms import Form
from shortener.receipts.incoming import Reader
from shortener.running.services import EXTENSION, Services
from shortener.sending.vendor_api import VendorApi
from shortener.web import path_groups
from shortener.web.description import openapi
from shortener.web.description.operation import OURS, Credentials
from shortener.web.path_groups import PathGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Face(PathGroup):
    """A vendor's wire format as we speak it: its paths with their credentials and errors, its views, its heading."""

    tag: str  # the heading of its operations in /openapi.json and /docs
    description: str  # one sentence under the heading
    blueprint: Blueprint  # its name is that of the package
    credentials: Credentials = OURS  # as the description has them
    references: tuple[str, ...] = ()  # stored fields in which clients name a message; the dashboard shows them
    bulk: str = ""  # the vendor's name of the id of all messages of one request


def load() -> list[Face]:
    """Return the face of every package in this one that has one, by the packages' names."""
    return [module.FACE for module in _modules("face").values()]


def receipt_readers() -> dict[str, Reader]:
    """Return the reader of every vendor whose receipts we understand, by the packages' names."""
    return {name: module.read for name, module in _modules("receipts").items()}


def callback_forms() -> dict[str, Form]:
    """Return the form of callbacks of every vendor that has one, by the packages' names."""
    return {name: module.FORM for name, module in _modules("callbacks").items()}


def gateways() -> dict[str, VendorApi]:
    """Return the API of every vendor that can be a gateway, by the packages' names."""
    return {name: module.GATEWAY for name, module in _modules("gateway").items()}


def register(app: Flask) -> None:
    """Add the routes of every vendor, with their credentials, their form of errors and their description."""
    made: Services = app.extensions[EXTENSION]
    made.receipt_readers.update(receipt_readers())
    made.callback_forms.update(callback_forms())
    for face in load():
        path_groups.add(app, face)
        openapi.vendors(app)[face.tag] = openapi.Vendor(
            face.blueprint.name, face.tag, face.description, face.credentials, face.references, face.bulk
        )
        app.register_blueprint(face.blueprint)


def _modules(name: str) -> dict[str, Any]:
    """Return the module of this name of every package that has it, by the packages' names."""
    packages = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    paths = {package: f"{__name__}.{package}.{name}" for package in packages}
    return {package: importlib.import_module(path) for package, path in paths.items() if find_spec(path)}
