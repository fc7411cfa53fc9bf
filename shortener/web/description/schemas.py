"""JSON schemas of the models that check requests and of the documents that answer them."""

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

REFERENCE: Final = "#/components/schemas/{model}"


class Generator(GenerateJsonSchema):
    """Schemas without a title for each field: it would only repeat the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Give no field a title."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        """Leave out defaults that stand for a field that is missing."""
        found = super().default_schema(schema)
        return {key: value for key, value in found.items() if key != "default" or value not in (None, "", {})}


class Schemas:
    """Schemas by name, collected while a description is built; a schema with a name is used by reference."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def request(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a request's body, given as a type or as a finished schema with a title."""
        return self._add(kind) if isinstance(kind, dict) else self._of_type(kind, "validation")

    def answer(self, kind: Any) -> dict[str, Any]:
        """Return the schema of an answer's document."""
        return self._of_type(kind, "serialization")

    def parameters(self, model: type[BaseModel]) -> tuple[dict[str, Any], Sequence[str], dict[str, Any]]:
        """The schemas of a model's fields, each of which is a parameter; the names of the required ones; an example."""
        schema = self._of_type(model, "validation", inline=True)
        return schema["properties"], schema.get("required", ()), next(iter(schema.get("examples", ())), {})

    def components(self) -> dict[str, Any]:
        """Every schema that has a name, by its name."""
        return dict(sorted(self._found.items()))

    def _of_type(self, kind: Any, mode: JsonSchemaMode, *, inline: bool = False) -> dict[str, Any]:
        schema = TypeAdapter(kind).json_schema(ref_template=REFERENCE, schema_generator=Generator, mode=mode)
        schema = _with_titles(schema)
        for named in schema.pop("$defs", {}).values():
            self._add(named)
        return self._add(schema) if schema.get("type") == "object" and "title" in schema and not inline else schema

    def _add(self, schema: dict[str, Any]) -> dict[str, Any]:
        self._found[schema["title"]] = schema
        return {"$ref": REFERENCE.format(model=schema["title"])}


def _with_titles(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with references to titles: pydantic refers to classes, whose names are not the product's words."""
    text = json.dumps(schema)
    for name, named in schema.get("$defs", {}).items():
        text = text.replace(f'"{REFERENCE.format(model=name)}"', f'"{REFERENCE.format(model=named["title"])}"')
    titled: dict[str, Any] = json.loads(text)
    return titled
