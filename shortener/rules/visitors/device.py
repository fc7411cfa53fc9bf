"""Say in three short words what a visitor opened a link with: system, app and class of the device.

The library ua-parser reads the user agent, with patterns that are part of it: it looks nothing up. The words are coarse
on purpose. They name no version and no model, so that they do not tell one visitor from another.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final, NamedTuple

from ua_parser import Domain
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver

from shortener.rules.visitors import agents
from shortener.rules.visitors.device_words import APPS, PLATFORMS, SYSTEMS, App, DeviceClass, System
from shortener.rules.visitors.marks import one_of
from shortener.rules.visitors.visitor import LONGEST_AGENT, Visitor

_REMEMBERED: Final = 2048  # agents; about a megabyte and a half
_ANY_APP: Final = one_of(mark for mark, _ in agents.IN_APP)
# In this order: an agent of Windows Phone also names Android and the iPhone.
_SYSTEMS: Final = (
    ("windows phone", System.OTHER),
    ("iphone", System.IOS),
    ("ipad", System.IOS),
    ("android", System.ANDROID),
    ("windows nt", System.WINDOWS),
    ("macintosh", System.MACOS),
)
_TELEVISION: Final = re.compile(r"\btv\b|smart-?tv|android ?tv|google ?tv|appletv|bravia|web0s|\baft[a-z]+\b|tizen")
_HANDHELD: Final = re.compile(
    r"mobile|phone|profile/midp|docomo/|kddi-|softbank/|vodafone/|j-phone/|willcom|ddipocket|blackberry|bb10|nokia"
)
_DESKTOPS: Final = frozenset({System.WINDOWS, System.MACOS, System.LINUX, System.CHROMEOS})
_TABLET: Final = re.compile(r"tablet|kindle|playbook|touchpad")


class Device(NamedTuple):
    """What a visitor opened a link with; a value of `System`, `App` and `DeviceClass`, or None if it is not kept."""

    system: str | None
    app: str | None
    device: str | None


NO_DEVICE: Final = Device(None, None, None)
# Machines have no device: what their agents say of it is borrowed.
HOLDERS: Final = frozenset({Visitor.PERSON, Visitor.UNKNOWN})


def prepare() -> None:
    """Load the library's patterns: 17 MB, and 0.2 s that no visitor should wait for."""
    _parser()


def device_of(agent: str, headers: Mapping[str, str]) -> Device:
    """Return a person's device. `headers` has the sent ones of `visitor.HEADERS`; `agent` is "" if none was sent."""
    package = agents.PACKAGES.get(headers.get("x-requested-with", ""))
    platform = PLATFORMS.get(headers.get("sec-ch-ua-platform", "").strip('"').lower())
    return _of(agent[:LONGEST_AGENT], package, platform, headers.get("sec-ch-ua-mobile") == "?1")


@cache
def _parser() -> Resolver:
    # Without the patterns for models of devices, which would take as much memory again.
    agent, system, _ = load_builtins()
    return Resolver((agent, system, []))


@lru_cache(maxsize=_REMEMBERED)
def _of(agent: str, package: str | None, platform: System | None, mobile: bool) -> Device:
    name = agent.lower()
    readable = agent if agent.isascii() else agent.encode("ascii", "replace").decode()
    system = platform or _system(name, readable)
    app = package or _built_in(name) or _browser(readable)
    if system is System.MACOS and " mobile/" in name:  # an app on an iPad, whose browser says it is a Mac's
        return Device(System.IOS.value, app, DeviceClass.TABLET.value)
    return Device(system.value, app, _class(system, name, mobile=mobile).value)


def _system(name: str, readable: str) -> System:
    """Return the system. The library is asked only for what is neither a phone's nor a computer's usual agent."""
    for mark, system in _SYSTEMS:
        if mark in name:
            return system
    read = _parser()(readable, Domain.OS).os
    return SYSTEMS.get(read.family, System.OTHER) if read else System.OTHER


def _built_in(name: str) -> str | None:
    """Return the app around a built-in browser, as the visitor's class has it."""
    return next((app for mark, app in agents.IN_APP if mark in name), None) if _ANY_APP.search(name) else None


def _browser(readable: str) -> str:
    read = _parser()(readable, Domain.USER_AGENT).user_agent
    return (APPS.get(read.family, App.OTHER) if read else App.OTHER).value


def _class(system: System, name: str, *, mobile: bool) -> DeviceClass:
    """Return the class of a device whose lower-cased agent is `name`; `mobile` is what its browser said about it."""
    if system is System.IOS:
        held = DeviceClass.PHONE if "iphone" in name or "ipod" in name else DeviceClass.OTHER
        return DeviceClass.TABLET if "ipad" in name else held
    if mobile or (system is System.ANDROID and "mobile" in name):
        return DeviceClass.PHONE
    if "xbox" in name or _TELEVISION.search(name):
        return DeviceClass.OTHER
    if system in _DESKTOPS:
        return DeviceClass.PHONE if system is System.LINUX and "mobile" in name else DeviceClass.DESKTOP
    if _HANDHELD.search(name):
        return DeviceClass.PHONE
    # Browsers on Android say "Mobile" on phones, and say nothing on tablets.
    if _TABLET.search(name) or (system is System.ANDROID and "applewebkit" in name):
        return DeviceClass.TABLET
    return DeviceClass.OTHER
