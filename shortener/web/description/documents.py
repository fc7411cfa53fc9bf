"""What all documents of our interface have in common, and the two that belong to no noun."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Moment = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T09:00:00.123456Z"]})
]
Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
Msgid = Annotated[str, Field(pattern="^[A-Za-z0-9]{32}$")]
EventId = Annotated[str, Field(pattern="^evt_[A-Za-z0-9]{1,60}$")]
Next = Annotated[Url | None, Field(description="The next page; null where there is no more.")]


class Document(BaseModel):
    """One of our documents: these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Problem(Document):
    """What went wrong (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: Annotated[str, Field(description="Stable; for programs.")]
    detail: Annotated[str, Field(description="What to do about it.")]
    errors: Annotated[dict[str, list[str]], Field(description="What is wrong, by field or parameter; with 422.")] = {}
    msgid: Annotated[Msgid, Field(description="The message that has the `client_tag`; with `client_tag_taken`.")] = ""
    url: Annotated[Url, Field(description="The report of that message.")] = ""


class Health(Document):
    """This process and its database serve."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"status": "ok", "clicks_spooled": 0, "clicks_lost": 0, "clock": "ok"}]},
    )

    status: Literal["ok"]
    clicks_spooled: Annotated[int, Field(description="Clicks of this node that wait for the database.")]
    clicks_lost: Annotated[int, Field(description="Clicks of this node that nothing kept; visitors got 503.")]
    clock: Annotated[
        Literal["ok", "ahead", "behind"],
        Field(description="More than seven days from the time last seen: `ahead`, and nothing is pruned, or `behind`."),
    ]
