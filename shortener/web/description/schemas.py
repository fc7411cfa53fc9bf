"""JSON schemas of the models that check requests and of the documents that answer them."""

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

REFERENCE: Final = "#/components/schemas/{model}"


class Generator(GenerateJsonSchema):
    """Schemas without a title for each field: it would only repeat the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        """Leave out the default where it is null, or the text that stands for a field that is missing."""
        found = super().default_schema(schema)
        return {key: value for key, value in found.items() if key != "default" or value not in (None, "", {})}


class Schemas:
    """Schemas by name, gathered while a description is put together; what is named is given as a reference."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def request(self, kind: Any) -> dict[str, Any]:
        """The schema of what comes in: of a type, or one that is ready."""
        if isinstance(kind, dict):
            self._found[kind["title"]] = kind
            return {"$ref": REFERENCE.format(model=kind["title"])}
        return self._gathered(kind, "validation")

    def inline(self, kind: Any) -> dict[str, Any]:
        """The schema of a model whose fields are parameters."""
        return TypeAdapter(kind).json_schema(ref_template=REFERENCE, schema_generator=Generator)

    def answer(self, kind: Any) -> dict[str, Any]:
        """The schema of what goes out. It may get more fields later: nobody is to rely on there being none."""
        return self._gathered(kind, "serialization", opened=True)

    def components(self) -> dict[str, Any]:
        """Every schema that has a name."""
        return dict(sorted(self._found.items()))

    def _gathered(self, kind: Any, mode: JsonSchemaMode, *, opened: bool = False) -> dict[str, Any]:
        schema = TypeAdapter(kind).json_schema(ref_template=REFERENCE, schema_generator=Generator, mode=mode)
        named = schema.pop("$defs", {})
        if schema.get("type") == "object" and "title" in schema:
            named[schema["title"]] = schema
            schema = {"$ref": REFERENCE.format(model=schema["title"])}
        for one in named.values():
            if opened:
                one.pop("additionalProperties", None)
        self._found |= named
        return schema
