"""The types of parameters in the lists of both channels."""

from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from shortener.validation.types import no_switch

MOST_NAMED: Final = 1_000  # ids in one request
MOST: Final = 1_000  # results in one answer
USUAL: Final = 50
LONGEST: Final = 10_000  # characters of a list with commas


def _names(value: object) -> object:
    """Return the texts of a list, and what stands between commas in each: clients write lists in both ways."""
    given = value if isinstance(value, list) else [value]
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        return value
    pieces = [piece.strip() for text in texts for piece in [text, *text.split(",")]]
    return list(dict.fromkeys(piece for piece in pieces if piece)) or None


def _storable(texts: list[str] | None) -> list[str] | None:
    if texts and any("\0" in text for text in texts):
        raise ValueError("must not contain the character NUL")
    return texts


_Name = Annotated[str, Field(max_length=LONGEST)]
Names = Annotated[
    Annotated[list[_Name], Field(max_length=2 * MOST_NAMED)] | None, BeforeValidator(_names), AfterValidator(_storable)
]
Limit = Annotated[
    Annotated[int, Field(ge=1, le=MOST)],
    BeforeValidator(no_switch, json_schema_input_type=Annotated[int, Field(ge=1, le=MOST)]),
]
