"""Data about user agents: the list of machines, and the names of browsers and in-app browsers.

An agent with a token of `MACHINES` is a machine. Otherwise, an agent with a name of `ENGINES` or `BROWSERS` is a
person. Otherwise it is unknown if it names a `DEVICE` that people hold, because then it may be an app's own window, and
a bot if not: real browsers have named an engine for twenty years.

`MACHINES` is the file machines.txt, in the language of an operator's own file (see `marks.parse_rules` and
docs/integrate/visitors.md). A token matches anywhere in the lower-case agent; `^` and `$` match the agent's ends, `|`
the end of a word, and a leading `~` means: only if no browser is named. In the agent of an Android browser, the name of
the device is not searched: phones are called `CUBOT`, `VR BOT 552`, `Spider 8`. If several tokens match, preview comes
before scanner, and scanner before bot.

The list has first of all what may fetch a link from a private message (messengers, mail, assistants, HTTP libraries),
because that decides whether a callback is right. HTTP libraries are listed although an agent without a browser is a bot
anyway, so that they are bots even if they send a language. Search and marketing crawlers never see such a link. General
tokens find most of them, and the others are left out, because every token can also match a person.

Sources: the publishers' own pages (Meta, Google, Microsoft, Slack, Kakao, LINE, Telegram), published access logs, and
the agents in public test sets. bench/visitors.py measures the list with those sets.
"""

import re
from pathlib import Path
from typing import Final

MACHINES: Final = Path(__file__).with_name("machines.txt").read_text(encoding="utf-8")

ENGINES: Final = (
    # One of these in the agent, and it is a page's request by what it says of itself.
    "applewebkit",
    "gecko/",
    ") gecko ",
    "like gecko",
    "msie ",
    "trident/",
    "presto/",
    "khtml",
    "goanna/",
    "libweb+",
    "opera/",
    "opera ",
)

BROWSERS: Final = (
    # Browsers that name no engine. First text browsers.
    "lynx/",
    "w3m/",
    "links (",
    "elinks/",
    "dillo",
    "netsurf",
    # Phones before smartphones, consoles, television sets.
    "profile/midp",
    "up.browser",
    "ucweb",
    "ucbrowser",
    "mqqbrowser",
    "netfront",
    "obigo",
    "polaris",
    "teleca",
    "jig browser",
    "wap browser",
    "wap-browser",
    "docomo/",
    "kddi-",
    "softbank/",
    "vodafone/",
    "j-phone/",
    "willcom",
    "ddipocket",
    "blackberry",
    "nokia",
    "playstation",
    "nintendo",
    "hbbtv/",
    # Rare and old ones that would look like a program.
    "ibrowse",
    "amiga-aweb",
    "amigavoyager",
    "mspie",
    "pocket internet explorer",
    "offbyone",
    "netpositive",
    "icab ",
    "icab/",
    "oregano",
    "oreganmedia",
    "ant fresco",
    "omniweb",
    "konqueror/",
    "edbrowse/",
    "retawq",
    "emacs-w3",
    "arachne/",
    "contiki/",
    "(charon",
    "amaya/",
    "ncsa_mosaic",
    "hotjava",
    "cyberdog",
    "webtv/",
    "planetweb",
    "dreampassport",
    "; elaine/",
    "blazer/",
    "palmscape",
    "xiino",
    "lotus-notes/",
    "briskbard",
    "biyubi",
    "ninetails",
    "bonecho",
    "browsex",
    "ice browser",
    "fireweb navigator",
    "inet browser",
    "nook browser",
    "onebrowser",
    "classilla",
    "avant browser",
    # Netscape: `Mozilla/4.8 [en] (Windows NT 5.0; U)`, `Mozilla/3.01Gold (WinNT; I)`, `(Win98; I ;Nav)`.
    "] (win",
    "] (x11;",
    "] (mac",
    "; i)",
    ";nav)",
)

# What people hold, in an agent that names no browser: it may be an app's own window. Programs run on servers.
DEVICE: Final = re.compile(
    r"android|iphone|ipad|ipod|\bfban/|\bios\b|\bipados|apple ?tv|\btvos"
    r"|macintosh|mac ?os\b|os=mac\b|windows (?:nt|phone|mobile|ce|[0-9])|\bwin(?:nt|32|64|10|11)\b"
    r"|\b(?:phone|mobile|tablet|smart-?tv|tizen|roku|fire os|vizios|kaios|harmony|openharmony|symbian|bada|xbox)"
)

IN_APP: Final = (
    # Texts in the agents of in-app browsers, and the apps. They only name the reason. The first match counts.
    (" line/", "line"),
    ("kakaotalk", "kakaotalk"),
    ("wxwork/", "wecom"),
    ("micromessenger", "wechat"),
    ("instagram", "instagram"),
    ("barcelona ", "threads"),
    ("/messenger", "messenger"),
    ("/orca-", "messenger"),
    ("fb_iab", "facebook"),
    ("fban/", "facebook"),
    ("metaiab", "facebook"),
    ("snapchat", "snapchat"),
    ("musical_ly", "tiktok"),
    ("bytedancewebview", "tiktok"),
    ("trill_", "tiktok"),
    ("tiktok", "tiktok"),
    ("telegram", "telegram"),
    ("wa4a/", "whatsapp"),
    ("whatsapp", "whatsapp"),
    ("viber", "viber"),
    ("zalo", "zalo"),
    ("twitter for", "x"),
    ("linkedinapp", "linkedin"),
    ("[pinterest", "pinterest"),
    ("naver(inapp", "naver"),
    ("yjapp-", "yahoo-japan"),
    (" gsa/", "google"),
)

PACKAGES: Final = {
    # `X-Requested-With` of an Android app's built-in browser, where its agent says nothing. It only names the reason.
    "com.facebook.katana": "facebook",
    "com.facebook.lite": "facebook",
    "com.facebook.orca": "messenger",
    "com.google.android.apps.messaging": "google-messages",
    "com.instagram.android": "instagram",
    "com.instagram.barcelona": "threads",
    "com.kakao.talk": "kakaotalk",
    "com.linkedin.android": "linkedin",
    "com.samsung.android.messaging": "samsung-messages",
    "com.snapchat.android": "snapchat",
    "com.ss.android.ugc.trill": "tiktok",
    "com.tencent.mm": "wechat",
    "com.viber.voip": "viber",
    "com.whatsapp": "whatsapp",
    "com.whatsapp.w4b": "whatsapp",
    "com.zhiliaoapp.musically": "tiktok",
    "com.zing.zalo": "zalo",
    "jp.naver.line.android": "line",
    "org.telegram.messenger": "telegram",
    "org.telegram.messenger.web": "telegram",
}

ORDINARY: Final = (
    # What most visitors send. An operator's token that is in one of these is refused: it would lose every click.
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; SAMSUNG SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
    "Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/141.0.0.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
    "Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 "
    "Edg/141.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
)
