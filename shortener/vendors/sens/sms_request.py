"""What NAVER's clients send for SMS: one request for up to a hundred recipients."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, ConfigDict, Field

from shortener.errors import InvalidFieldsError
from shortener.validation.models import VendorFields
from shortener.vendors.sens import numbers
from shortener.vendors.sens.fields import (
    MOST_RECIPIENTS,
    Chars,
    Content,
    ContentType,
    CountryCode,
    ShortChars,
    Type,
    reserved_on,
    size,
)
from shortener.vendors.sens.order import Order

LIMITS: Final[dict[str, int]] = {"SMS": 90, "LMS": 2000, "MMS": 2000}  # bytes of the text
SUBJECT_BYTES: Final = 40
PICTURE: Final = "must have the fileId of a picture that the gateway has; pictures themselves are not taken here"

EXAMPLE: Final[dict[str, Any]] = {
    "type": "SMS",
    "from": "0215441234",
    "content": "Your parcel: https://example.com/track?id=1&lang=en",
    "messages": [{"to": "01012345678"}],
}


def _subject(text: str) -> str:
    if size(text) > SUBJECT_BYTES:
        raise ValueError(f"must be at most {SUBJECT_BYTES} bytes in EUC-KR")
    return text


Subject = Annotated[Chars, AfterValidator(_subject)]


class SensSmsRecipient(VendorFields):
    """One recipient, with a text and a subject of its own or those of all."""

    to: Annotated[ShortChars, Field(description="The digits of the number.")]
    subject: Subject | None = None
    content: Content | None = None


class SensSmsFile(VendorFields):
    """A picture that was given to the gateway before."""

    file_id: Annotated[ShortChars | None, Field(alias="fileId")] = None


class SmsRequest(VendorFields):
    """The fields of a request; unknown ones are passed over."""

    model_config = ConfigDict(title="SensSmsRequest", json_schema_extra={"examples": [EXAMPLE]})

    type: Type
    content_type: Annotated[ContentType | None, Field(alias="contentType")] = None
    country_code: Annotated[CountryCode | None, Field(alias="countryCode", description="Default: 82.")] = None
    sender: Annotated[ShortChars, Field(alias="from")]
    subject: Annotated[Subject | None, Field(description="Of LMS and MMS.")] = None
    content: Annotated[Content | None, Field(description="The text of all who have none of their own.")] = None
    messages: Annotated[list[SensSmsRecipient], Field(min_length=1, max_length=MOST_RECIPIENTS)]
    files: Annotated[list[SensSmsFile] | None, Field(max_length=3)] = None
    reserve_time: Annotated[Chars | None, Field(alias="reserveTime", description="`YYYY-MM-DD HH:mm`.")] = None
    reserve_time_zone: Annotated[Chars | None, Field(alias="reserveTimeZone", description="Default: Asia/Seoul.")] = (
        None
    )

    @property
    def country(self) -> str:
        """The code of the recipients' country."""
        return self.country_code or numbers.KOREA

    @property
    def kind(self) -> str:
        """Whether the message is advertising."""
        return self.content_type or "COMM"

    def text(self, one: SensSmsRecipient) -> str:
        """Return a recipient's text: its own, else that of all. A blank stands for none."""
        return next((text for text in (one.content, self.content) if text and text.strip()), "")

    def faults(self) -> Iterator[tuple[str, list[str]]]:
        """Yield what is wrong with fields that depend on others."""
        for index, one in enumerate(self.messages):
            if numbers.international(one.to, self.country) is None:
                yield f"messages[{index}].to", ["must be the digits of a number, such as 01012345678"]
            if not self.text(one):
                yield f"messages[{index}].content", ["is required, here or for all messages"]
        for index, file in enumerate(self.files or ()):
            if not file.file_id:
                yield f"files[{index}]", [PICTURE]

    def extras(self, one: SensSmsRecipient) -> dict[str, Any]:
        """Return what only the gateway needs."""
        subject = None if self.type == "SMS" else one.subject or self.subject
        files = [{"fileId": file.file_id} for file in self.files or ()]
        found = {"type": self.type, "contentType": self.kind, "countryCode": self.country, "subject": subject}
        return {name: value for name, value in {**found, "files": files}.items() if value}


def orders(fields: Mapping[str, Any], service: str) -> list[Order]:
    """Check the fields and return an order for each recipient; InvalidFieldsError names everything that is wrong."""
    asked = SmsRequest.check(fields)
    faults = dict(asked.faults())
    send_on = reserved_on(asked.reserve_time, asked.reserve_time_zone, faults)
    if faults:
        raise InvalidFieldsError(faults)
    return [
        Order(
            index=index,
            to=one.to,
            country=asked.country,
            sender=asked.sender,
            text=asked.text(one),
            longest=LIMITS[asked.type],
            send_on=send_on,
            fields={"service": service, "channel": "sms", "type": asked.type, "contentType": asked.kind},
            extras=asked.extras(one),
        )
        for index, one in enumerate(asked.messages)
    ]
