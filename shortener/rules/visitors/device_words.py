"""The words for a visitor's system, app and device, and what the library calls them."""

import enum
from typing import Final


class System(enum.StrEnum):
    """The operating system of a visitor's device."""

    IOS = "ios"
    ANDROID = "android"
    WINDOWS = "windows"
    MACOS = "macos"
    LINUX = "linux"
    CHROMEOS = "chromeos"
    OTHER = "other"


class DeviceClass(enum.StrEnum):
    """How large a visitor's device is."""

    PHONE = "phone"
    TABLET = "tablet"
    DESKTOP = "desktop"
    OTHER = "other"


class App(enum.StrEnum):
    """The app in which a link was opened: a browser, or an app with a browser built in.

    The apps of `agents.IN_APP` and `agents.PACKAGES` are among them.
    """

    ANDROID_BROWSER = "android-browser"
    BRAVE = "brave"
    CHROME = "chrome"
    DUCKDUCKGO = "duckduckgo"
    ECOSIA = "ecosia"
    EDGE = "edge"
    FACEBOOK = "facebook"
    FIREFOX = "firefox"
    GOOGLE = "google"
    GOOGLE_MESSAGES = "google-messages"
    HUAWEI_BROWSER = "huawei-browser"
    INSTAGRAM = "instagram"
    INTERNET_EXPLORER = "internet-explorer"
    KAKAOTALK = "kakaotalk"
    LINE = "line"
    LINKEDIN = "linkedin"
    MESSENGER = "messenger"
    MI_BROWSER = "mi-browser"
    NAVER = "naver"
    OPERA = "opera"
    OTHER = "other"
    OUTLOOK = "outlook"
    PINTEREST = "pinterest"
    QQ_BROWSER = "qq-browser"
    SAFARI = "safari"
    SAMSUNG_INTERNET = "samsung-internet"
    SAMSUNG_MESSAGES = "samsung-messages"
    SILK = "silk"
    SNAPCHAT = "snapchat"
    TELEGRAM = "telegram"
    THREADS = "threads"
    TIKTOK = "tiktok"
    UC_BROWSER = "uc-browser"
    VIBER = "viber"
    VIVALDI = "vivaldi"
    WEB_VIEW = "web-view"  # the browser built into an app that does not say its name
    WECHAT = "wechat"
    WECOM = "wecom"
    WHALE = "whale"
    WHATSAPP = "whatsapp"
    X = "x"
    YAHOO_JAPAN = "yahoo-japan"
    YANDEX = "yandex"
    ZALO = "zalo"


# The names that the library gives systems and apps. A name that is missing here is `other`.
SYSTEMS: Final[dict[str, System]] = {
    "iOS": System.IOS,
    "Android": System.ANDROID,
    "Windows": System.WINDOWS,
    "Mac OS X": System.MACOS,
    "Mac OS": System.MACOS,
    "Chrome OS": System.CHROMEOS,
    **dict.fromkeys(
        ("Linux", "Ubuntu", "Kubuntu", "Debian", "Fedora", "Linux Mint", "Red Hat", "SUSE", "Gentoo", "Arch Linux"),
        System.LINUX,
    ),
}
PLATFORMS: Final[dict[str, System]] = {
    # `Sec-CH-UA-Platform`, in lower case and without its quotation marks.
    "android": System.ANDROID,
    "chrome os": System.CHROMEOS,
    "chromium os": System.CHROMEOS,
    "ios": System.IOS,
    "linux": System.LINUX,
    "macos": System.MACOS,
    "windows": System.WINDOWS,
}
_NAMES: Final[dict[App, tuple[str, ...]]] = {
    App.ANDROID_BROWSER: ("Android",),
    App.BRAVE: ("Brave",),
    App.CHROME: ("Chrome", "Chrome Mobile", "Chrome Mobile iOS", "Chromium"),
    App.DUCKDUCKGO: ("DuckDuckGo", "DuckDuckGo Mobile"),
    App.ECOSIA: ("Ecosia Android", "Ecosia iOS"),
    App.EDGE: ("Edge", "Edge Mobile"),
    App.FACEBOOK: ("Facebook",),
    App.FIREFOX: ("Firefox", "Firefox Alpha", "Firefox Beta", "Firefox Mobile", "Firefox iOS"),
    App.GOOGLE: ("Google",),
    App.HUAWEI_BROWSER: ("Huawei Browser", "Honor Browser"),
    App.INSTAGRAM: ("Instagram",),
    App.INTERNET_EXPLORER: ("IE", "IE Mobile"),
    App.KAKAOTALK: ("KakaoTalk",),
    App.LINE: ("LINE",),
    App.LINKEDIN: ("LinkedIn",),
    App.MESSENGER: ("Facebook Messenger",),
    App.MI_BROWSER: ("MiuiBrowser", "Mint Browser"),
    App.OPERA: ("Opera", "Opera GX", "Opera Mini", "Opera Mobile", "Opera Neon", "Opera Touch"),
    App.OUTLOOK: ("Outlook",),
    App.PINTEREST: ("Pinterest",),
    App.QQ_BROWSER: ("QQ Browser", "QQ Browser Mini", "QQ Browser Mobile"),
    App.SAFARI: ("Safari", "Mobile Safari"),
    App.SAMSUNG_INTERNET: ("Samsung Internet",),
    App.SILK: ("Amazon Silk",),
    App.SNAPCHAT: ("Snapchat",),
    App.TELEGRAM: ("Telegram",),
    App.TIKTOK: ("TikTok",),
    App.UC_BROWSER: ("UC Browser",),
    App.VIVALDI: ("Vivaldi",),
    # What the library takes for Mail is any window of WebKit that says no more than that.
    App.WEB_VIEW: ("Chrome Mobile WebView", "Mobile Safari UI/WKWebView", "Apple Mail"),
    App.WECHAT: ("WeChat Browser",),
    App.WHALE: ("Whale",),
    App.WHATSAPP: ("WhatsApp",),
    App.X: ("Twitter",),
    App.YANDEX: ("Yandex Browser",),
}
APPS: Final[dict[str, App]] = {name: app for app, names in _NAMES.items() for name in names}
