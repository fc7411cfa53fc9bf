"""`/docs`: the description of the API as pages without scripts or external resources, one for each vendor's format."""

import json
import re
import shlex
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, current_app, render_template
from markupsafe import Markup, escape
from werkzeug.exceptions import NotFound

from shortener.web import visitor_pages
from shortener.web.access import public
from shortener.web.description import openapi

blueprint = Blueprint("reference", __name__)
EXTENSION: Final = "reference"
PLACEHOLDER: Final = "{}"  # characters that mark one
METHODS: Final = ("post", "get", "delete")
Schema = dict[str, Any]


@blueprint.get("/docs")
@public
def reference() -> Response:
    """Show our own API, as `/openapi.json` describes it, and where the pages of the vendors' formats are."""
    return _shown("")


@blueprint.get("/docs/<name>")
@public
def reference_of_vendor(name: str) -> Response:
    """Show the calls of one vendor's format."""
    return _shown(name)


def _shown(name: str) -> Response:
    """The page of a vendor's format, or of our own API; NotFound if there is no such vendor."""
    pages: dict[str, str] = current_app.extensions.setdefault(EXTENSION, {})
    if name not in pages:
        pages[name] = _page(openapi.of(current_app), name)
    html = pages[name]
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = visitor_pages.policy_of(html)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _page(description: Schema, name: str) -> str:
    """The page of the vendor's format with this name, or of our own API if it is empty."""
    tags = {tag["name"]: tag["description"] for tag in description["tags"]}
    vendors = {vendor.name: tag for tag, vendor in openapi.vendors(current_app).items()}
    if name and name not in vendors:
        raise NotFound
    wanted = [vendors[name]] if name else [*openapi.TAGS]
    operations = [one for one in _operations(description) if one["tag"] in wanted]
    operations.sort(key=lambda one: wanted.index(one["tag"]))
    webhooks = {} if name else description["webhooks"]
    return render_template(
        "reference.html",
        info=description["info"],
        vendor=vendors.get(name),
        credentials=openapi.credentials_of(current_app, wanted[0]),
        vendors=vendors,
        base_url=description["servers"][0]["url"],
        groups=[(tag, tags[tag], [*found]) for tag, found in groupby(operations, key=lambda one: one["tag"])],
        webhooks=webhooks,
        schemas=_used(description["components"]["schemas"], [operations, webhooks]),
        code=_with_code,
        shown=_as_json,
    )


def _used(schemas: Schema, shown: Any) -> Schema:
    """The schemas to which what is shown refers, directly or through others, in their order."""
    found: set[str] = set()
    names = _references(shown)
    while names:
        found |= names
        names = {one for name in names for one in _references(schemas[name])} - found
    return {name: schema for name, schema in schemas.items() if name in found}


def _references(document: Any) -> set[str]:
    """The names of the schemas to which a document refers."""
    return set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))


def _operations(description: Schema) -> Iterator[Schema]:
    """Each operation with what the page shows besides."""
    for path, item in description["paths"].items():
        for method in METHODS:
            if operation := item.get(method):
                parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
                more = {
                    "tag": operation["tags"][0],
                    "method": method.upper(),
                    "path": path,
                    "parameters": parameters,
                    "bodies": _bodies(operation),
                    "answers": operation["responses"],
                }
                yield {**operation, **more, "curl": _curl(description, {**operation, **more})}


def _bodies(operation: Schema) -> Schema:
    content: Schema = operation.get("requestBody", {}).get("content", {})
    return content


def _curl(description: Schema, operation: Schema) -> str:
    """A command to try; names in braces are placeholders."""
    credentials = openapi.credentials_of(current_app, operation["tag"]).curl if operation["security"] else ()
    words = ["curl", *credentials]
    shown = [one for one in operation["parameters"] if one.get("required") or "example" in one]
    needed = [(one["in"], one["name"], _value(one)) for one in shown]
    query = "&".join(f"{name}={quote(value, safe=PLACEHOLDER)}" for place, name, value in needed if place == "query")
    words += [word for place, name, value in needed if place == "header" for word in ("-H", f"{name}: {value}")]
    url = description["servers"][0]["url"] + operation["path"] + (f"?{query}" if query else "")
    line = shlex.join([*words, url])
    if body := operation["bodies"].get("application/json"):
        example = json.dumps(_example(description, body["schema"]), ensure_ascii=False)
        return f"{line} \\\n  --json {shlex.quote(example)}"
    if form := operation["bodies"].get("multipart/form-data"):
        fields = [f"{name}={text}" for name, text in _texts(_example(description, form["schema"]))]
        return f"{line} \\\n  " + " ".join(f"--form-string {shlex.quote(field)}" for field in fields)
    return line if operation["method"] == "GET" else shlex.join([*words, "-X", operation["method"], url])


def _value(parameter: Schema) -> str:
    """A value of a parameter, or a placeholder."""
    schema = parameter["schema"]
    values: list[str] = schema.get("enum") or schema.get("examples") or [f"{{{parameter['name']}}}"]
    return str(parameter.get("example", values[0]))


def _texts(example: Schema) -> Iterator[tuple[str, str]]:
    """The fields of a form; one with several values comes again."""
    for name, value in example.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, str(one)


def _example(description: Schema, schema: Schema) -> Any:
    """The first example of a schema; of a list, a list of one."""
    if "items" in schema:
        return [_example(description, schema["items"])]
    name = schema["$ref"].rpartition("/")[2]
    return description["components"]["schemas"][name]["examples"][0]


def _with_code(text: str) -> Markup:
    """A text with its `names` marked up as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1)
