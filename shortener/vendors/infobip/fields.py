"""The types of fields that both channels and both generations have, and the parent of their models."""

from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from shortener.validation.models import VendorFields
from shortener.validation.types import CallbackUrl, ShortText, Switch, no_switch, storable

LONGEST_VALIDITY: Final = 48 * 3600  # seconds; a longer one becomes this


def _title(model: type) -> str:
    """Return a name that no other vendor's model has in the description of the API."""
    return f"Infobip{model.__name__.removeprefix('Infobip')}"


class InfobipFields(VendorFields):
    """Fields whose names are in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, model_title_generator=_title)


def _not_blank(value: object) -> object:
    return None if value == "" else value


BLANK: Final = BeforeValidator(_not_blank)  # an empty text is none
Id = Annotated[ShortText | None, BLANK]
BulkId = Annotated[Annotated[str, Field(min_length=1, max_length=100), AfterValidator(storable)] | None, BLANK]
Name = Annotated[Annotated[str, Field(min_length=1, max_length=255), AfterValidator(storable)] | None, BLANK]
CallbackData = Annotated[Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(storable)] | None, BLANK]
Url = Annotated[CallbackUrl | None, BLANK]
Flag = Annotated[Switch, WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "null"}]})]  # also as a parameter
Positive = Annotated[
    Annotated[int, Field(ge=1)], BeforeValidator(no_switch, json_schema_input_type=Annotated[int, Field(ge=1)])
]
