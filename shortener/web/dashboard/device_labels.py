"""What a link was opened with, in the reader's language. Names of products are the same in every language."""

from collections.abc import Mapping
from typing import Final

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as pgettext
from flask_babel.speaklater import LazyString

from shortener.rules.visitors.device_words import App, DeviceClass, System

Names = Mapping[str, str | LazyString]

SYSTEMS: Final[Names] = {
    System.IOS: "iOS",
    System.ANDROID: "Android",
    System.WINDOWS: "Windows",
    System.MACOS: "macOS",
    System.LINUX: "Linux",
    System.CHROMEOS: "ChromeOS",
    System.OTHER: pgettext("system", "other"),
}
DEVICES: Final[Names] = {
    DeviceClass.PHONE: pgettext("device", "phone"),
    DeviceClass.TABLET: pgettext("device", "tablet"),
    DeviceClass.DESKTOP: pgettext("device", "desktop"),
    DeviceClass.OTHER: pgettext("device", "other"),
}
APPS: Final[Names] = {
    App.ANDROID_BROWSER: _("Android's old browser"),
    App.BRAVE: "Brave",
    App.CHROME: "Chrome",
    App.DUCKDUCKGO: "DuckDuckGo",
    App.ECOSIA: "Ecosia",
    App.EDGE: "Edge",
    App.FACEBOOK: "Facebook",
    App.FIREFOX: "Firefox",
    App.GOOGLE: _("Google app"),
    App.GOOGLE_MESSAGES: _("Google Messages"),
    App.HUAWEI_BROWSER: _("Huawei Browser"),
    App.INSTAGRAM: "Instagram",
    App.INTERNET_EXPLORER: "Internet Explorer",
    App.KAKAOTALK: "KakaoTalk",
    App.LINE: "LINE",
    App.LINKEDIN: "LinkedIn",
    App.MESSENGER: "Messenger",
    App.MI_BROWSER: "Mi Browser",
    App.NAVER: "NAVER",
    App.OPERA: "Opera",
    App.OTHER: pgettext("app", "other"),
    App.OUTLOOK: "Outlook",
    App.PINTEREST: "Pinterest",
    App.QQ_BROWSER: "QQ Browser",
    App.SAFARI: "Safari",
    App.SAMSUNG_INTERNET: "Samsung Internet",
    App.SAMSUNG_MESSAGES: _("Samsung Messages"),
    App.SILK: "Amazon Silk",
    App.SNAPCHAT: "Snapchat",
    App.TELEGRAM: "Telegram",
    App.THREADS: "Threads",
    App.TIKTOK: "TikTok",
    App.UC_BROWSER: "UC Browser",
    App.VIBER: "Viber",
    App.VIVALDI: "Vivaldi",
    App.WEB_VIEW: _("browser in an unnamed app"),
    App.WECHAT: "WeChat",
    App.WECOM: "WeCom",
    App.WHALE: "Whale",
    App.WHATSAPP: "WhatsApp",
    App.X: "X",
    App.YAHOO_JAPAN: "Yahoo! JAPAN",
    App.YANDEX: "Yandex",
    App.ZALO: "Zalo",
}
# What people call a system's device of a class.
_DEVICES: Final[Mapping[tuple[str, str], str | LazyString]] = {
    (System.IOS, DeviceClass.PHONE): "iPhone",
    (System.IOS, DeviceClass.TABLET): "iPad",
    (System.ANDROID, DeviceClass.TABLET): _("Android tablet"),
    (System.MACOS, DeviceClass.DESKTOP): "Mac",
    (System.OTHER, DeviceClass.PHONE): _("phone of another system"),
    (System.OTHER, DeviceClass.TABLET): _("tablet of another system"),
}


def opened_with(system: str | None, app: str | None, device: str | None) -> str:
    """Name a device and its app, such as `iPhone · Safari`; empty if neither is known."""
    if system is None or app is None or device is None:
        return ""
    known = "" if system == System.OTHER else SYSTEMS.get(system, system)
    names = (_DEVICES.get((system, device), known), "" if app == App.OTHER else APPS.get(app, app))
    return " · ".join(str(name) for name in names if name)
