"""What NAVER's clients send for FriendTalk: messages of a KakaoTalk channel to its friends."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

from pydantic import ConfigDict, Field

from shortener.errors import InvalidFieldsError
from shortener.rules.links.detection import BareDomains
from shortener.validation.models import VendorFields
from shortener.validation.types import Switch
from shortener.vendors.sens import link_check, numbers
from shortener.vendors.sens.fields import (
    MOST_RECIPIENTS,
    Chars,
    Content,
    CountryCode,
    Link,
    ShortChars,
    TalkText,
    Type,
    reserved_on,
)
from shortener.vendors.sens.order import Order
from shortener.vendors.sens.refused import BAD_LINK, BAD_NUMBER, Refused

EXAMPLE: Final[dict[str, Any]] = {
    "plusFriendId": "@shop",
    "messages": [{"to": "01012345678", "content": "Your parcel: https://example.com/track?id=1&lang=en"}],
}


class SensButton(VendorFields):
    """A button: handed to the gateway as it is."""

    type: Annotated[ShortChars, Field(description="WL: web link, AL: app link, and others.")]
    name: ShortChars | None = None
    link_mobile: Annotated[Link | None, Field(alias="linkMobile")] = None
    link_pc: Annotated[Link | None, Field(alias="linkPc")] = None
    scheme_ios: Annotated[Link | None, Field(alias="schemeIos")] = None
    scheme_android: Annotated[Link | None, Field(alias="schemeAndroid")] = None


class SensImage(VendorFields):
    """A picture that was given to the gateway before, and where it leads."""

    image_id: Annotated[ShortChars, Field(alias="imageId")]
    image_link: Annotated[Link | None, Field(alias="imageLink")] = None


class SensFailover(VendorFields):
    """The SMS that the gateway sends if the message does not arrive."""

    type: Type | None = None
    sender: Annotated[ShortChars | None, Field(alias="from")] = None
    subject: ShortChars | None = None
    content: Content | None = None


class SensFriend(VendorFields):
    """One recipient with its text."""

    to: Annotated[ShortChars, Field(description="The digits of the number.")]
    content: TalkText
    country_code: Annotated[CountryCode | None, Field(alias="countryCode", description="Default: 82.")] = None
    is_ad: Annotated[Switch, Field(alias="isAd")] = None
    buttons: Annotated[list[SensButton] | None, Field(max_length=5)] = None
    image: SensImage | None = None
    use_sms_failover: Annotated[Switch, Field(alias="useSmsFailover")] = None
    failover_config: Annotated[SensFailover | None, Field(alias="failoverConfig")] = None

    @property
    def country(self) -> str:
        """The code of the recipient's country."""
        return self.country_code or numbers.KOREA

    def extras(self) -> dict[str, Any]:
        """Return what only the gateway needs."""
        found = self.model_dump(by_alias=True, exclude_none=True, exclude={"to", "content"})
        return {**found, "countryCode": self.country}


class TalkRequest(VendorFields):
    """The fields of a request; unknown ones are passed over."""

    model_config = ConfigDict(title="SensTalkRequest", json_schema_extra={"examples": [EXAMPLE]})

    plus_friend_id: Annotated[ShortChars, Field(alias="plusFriendId", description="The channel, such as `@shop`.")]
    messages: Annotated[list[SensFriend], Field(min_length=1, max_length=MOST_RECIPIENTS)]
    reserve_time: Annotated[Chars | None, Field(alias="reserveTime", description="`YYYY-MM-DD HH:mm`.")] = None
    reserve_time_zone: Annotated[Chars | None, Field(alias="reserveTimeZone", description="Default: Asia/Seoul.")] = (
        None
    )


def orders(fields: Mapping[str, Any], service: str, bare_domains: BareDomains) -> list[Order]:
    """Check the fields; return an order for each recipient, perhaps with why it is refused.

    InvalidFieldsError names everything that is wrong with the request as a whole.
    """
    asked, faults = TalkRequest.check(fields), dict[str, list[str]]()
    send_on = reserved_on(asked.reserve_time, asked.reserve_time_zone, faults)
    if faults:
        raise InvalidFieldsError(faults)
    return [
        Order(
            index=index,
            to=one.to,
            country=one.country,
            sender=_sender(asked.plus_friend_id),
            sender_field="plusFriendId",
            text=one.content,
            send_on=send_on,
            fields={
                "service": service,
                "channel": "friendtalk",
                "plusFriendId": asked.plus_friend_id,
                "useSmsFailover": bool(one.use_sms_failover),
            },
            extras={"plusFriendId": asked.plus_friend_id, **one.extras()},
            refusal=_refusal(one, bare_domains),
        )
        for index, one in enumerate(asked.messages)
    ]


def _refusal(one: SensFriend, bare_domains: BareDomains) -> Refused | None:
    if numbers.international(one.to, one.country) is None:
        return Refused(BAD_NUMBER, "to: must be the digits of a number, such as 01012345678.")
    extras = one.extras()
    if found := link_check.fault(extras.get("buttons", []), extras.get("image"), bare_domains):
        return Refused(BAD_LINK, found)
    return None


def _sender(channel: str) -> str:
    """Return the channel as a sender, which is ASCII for every gateway; the gateway gets the channel itself too."""
    return channel if channel.isascii() else quote(channel, safe="@")[:200]
