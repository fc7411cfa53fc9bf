"""Types of fields that many documents of the API have, with what its description says about them."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

Moment = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T09:00:00.123456Z"]})
]
Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
Msgid = Annotated[str, Field(pattern="^[A-Za-z0-9]{32}$")]
EventId = Annotated[str, Field(pattern="^evt_[A-Za-z0-9]{1,60}$")]
NextPage = Annotated[Url | None, Field(description="The next page; null on the last one.")]
