"""The description of the interface: every route is in it, nothing else is, and its examples work."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import TypeAdapter, with_config

from shortener.messages.submission import EXAMPLE
from shortener.reporting import callback_documents, documents
from shortener.rules.visitors.visitor import Visitor
from shortener.web import health, problems
from shortener.web.description import openapi
from shortener.web.description.operation import OPERATION
from tests.support.factories import Sender

# For people; the reference is built from the description itself.
PAGES = {"/", "/robots.txt", "/docs", "/docs/<name>", "/assets/<name>"}
# Codes of no route: unknown paths and methods, and bodies without a length.
EVERYWHERE = {"not_found", "method_not_allowed", "length_required"}
# Codes that only people get, on the pages of the dashboard.
ON_PAGES = {
    *("account_name", "token_name", "person_name", "password", "common_password"),
    *("sign_in", "sign_in_busy", "sign_in_limit", "last_owner", "link_mail"),
    *("campaign_not_found", "campaign_started", "too_many_campaigns"),
}
OF_VENDORS = {"not_erasable"}  # only their clients can ask for it, and get the vendor's code
WEB = Path(openapi.__file__).parents[1]


@pytest.fixture
def description(app: Flask) -> dict[str, Any]:
    document: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    return document


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def test_every_route_is_described_and_nothing_else_is(app: Flask, description: dict[str, Any]) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule not in PAGES and "/dashboard" not in rule.rule]
    routes = {(method, openapi.path_of(rule)) for rule in rules for method in (rule.methods or set())}
    told = {(method, path) for method, path, _ in operations(description)}
    assert told == {(method, path) for method, path in routes if method not in {"HEAD", "OPTIONS"}}
    assert len(told) >= 19
    for rule in rules:
        assert hasattr(app.view_functions[rule.endpoint], OPERATION), rule


def test_every_operation_has_name_and_summary(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for _, _, operation in operations(description))


def test_every_schema_exists_and_is_used(description: dict[str, Any]) -> None:
    used = set(re.findall(r"'#/components/schemas/(\w+)'", str(description)))
    assert used == set(description["components"]["schemas"])


def test_every_code_of_an_error_is_described(description: dict[str, Any]) -> None:
    raised = {code for path in WEB.rglob("*.py") for code in re.findall(r'Error\(\s*\d+, "(\w+)"', path.read_text())}
    codes = {code for code, _ in problems.HTTP_CODES.values()} | {error.code for error in problems.STATUS} | raised
    told = set(re.findall(r"'(\w+)'", str([operation["responses"] for _, _, operation in operations(description)])))
    assert len(raised) > 5
    assert codes - EVERYWHERE - ON_PAGES - OF_VENDORS - told == set()


def test_an_error_document_lists_its_codes(description: dict[str, Any]) -> None:
    """Generators make one class of it; some ignore an enumeration that differs for each response."""
    for _, path, operation in operations(description):
        for status, answer in operation["responses"].items():
            problem = answer.get("content", {}).get("application/problem+json")
            if problem is not None:
                assert problem == {"schema": {"$ref": "#/components/schemas/Problem"}}, (path, status)
                assert answer["x-codes"] and all(f"`{code}`" in answer["description"] for code in answer["x-codes"])


def test_a_body_has_one_schema_for_one_media_type(description: dict[str, Any]) -> None:
    """With several, a generated client would send the fields in all forms at once."""
    for _, path, operation in operations(description):
        content = operation.get("requestBody", {}).get("content", {})
        schemas = [str(one["schema"]) for one in content.values() if "x-each-line" not in one]
        assert len(schemas) == len(set(schemas)), path
    body = description["paths"]["/v1/messages"]["post"]["requestBody"]
    assert list(body["content"]) == ["application/json"]
    assert body["x-forms"] == ["application/x-www-form-urlencoded", "multipart/form-data"]
    assert all(form in body["description"] for form in body["x-forms"])


def test_every_body_has_an_example_and_types(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    for _, path, operation in operations(description):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            assert name == "" or schemas[name]["examples"], path


def test_the_examples_of_documents_are_such_documents() -> None:
    modules = (documents, callback_documents, health)
    found = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    shown = [(kind, kind.__pydantic_config__["json_schema_extra"]) for kind in found if is_configured(kind)]
    assert len(shown) == 5
    for kind, extra in shown:
        [example] = extra["examples"]
        TypeAdapter(with_config(extra="forbid")(kind)).validate_python(example)


def is_configured(kind: type) -> bool:
    return "__pydantic_config__" in vars(kind)


def test_every_answer_is_described_by_its_views_return_type(description: dict[str, Any]) -> None:
    answers = description["paths"]["/v1/messages/{msgid}"]["get"]["responses"]["200"]["content"]
    assert answers == {"application/json": {"schema": {"$ref": "#/components/schemas/MessageReport"}}}
    assert set(description["components"]["schemas"]["VisitorCounts"]["properties"]) == set(Visitor)


def test_the_example_of_a_message_is_taken(app: Flask, sender: Sender) -> None:
    answer = app.test_client().post("/v1/messages", json=EXAMPLE, headers=sender.bearer)
    assert answer.status_code == 201


def test_a_batch_is_described_with_its_limit(description: dict[str, Any]) -> None:
    body = description["paths"]["/v1/messages/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "maxItems" not in body and "too_many_messages" in body["description"]
