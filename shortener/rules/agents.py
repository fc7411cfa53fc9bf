"""What user agents say: the list of machines with its reasons, and the marks of browsers and in-app browsers.

`MACHINES` is written in the language of an operator's own file (see `visitor.parse_rules` and docs/visitors.md), so
that what is built in and what is added read alike. A token is looked for anywhere in the lower-cased agent; `^` and `$`
bind it to the agent's ends, `|` to the end of a word, and a leading `~` means: only where no browser is named beside
it. In the agent of an Android browser the name of the device is not searched: phones are called `CUBOT`, `VR BOT 552`,
`Spider 8`. If several tokens match, preview comes before scanner and scanner before bot.

Which names are here: first whatever may fetch a link out of a private message (messengers, mail, HTTP libraries); those
decide whether a callback is true. Search and marketing crawlers never see such a link; general marks find most of them
all the same, and the rest is left out, because every token can also hit a person.

Sources: the publishers' own pages (Meta, Google, Microsoft, Slack, Kakao, LINE, Telegram), published access logs, and
the agents that public test sets quote. bench/visitors.py measures the list against those sets.
"""

from typing import Final

MACHINES: Final = """
# --- previews: messengers, mail and social networks that draw a card of the page -------------------------------------
+preview facebookexternal      # Facebook, Messenger, Instagram; iMessage, KakaoTalk, LINE and NAVER borrow the name
+preview facebot               # iMessage: `facebookexternalhit/1.1 Facebot Twitterbot/1.0`, from the phone itself
+preview facebookcatalog       # Meta, product cards
+preview facebookscraper       # Meta, older name
+preview meta-external         # Meta: -externalhit, -externalagent, -externalfetcher, -externalads
+preview meta-webindexer       # Meta
+preview ^whatsapp             # WhatsApp, and Signal which borrows it. At the start: `WhatsAppElectron` is a window
+preview |yofmwhatsapp         # an unofficial WhatsApp
+preview googlemessages        # Google Messages (SMS, RCS) since January 2026
+preview google-pagerenderer   # Google Messages before; a complete Chrome agent stands in front of it
+preview /web/snippet          # Google's snippet fetcher: `(+https://developers.google.com/+/web/snippet/)`
+preview google web preview    # Google
+preview googleimageproxy      # Gmail
+preview google-read-aloud     # Google reads a page to its user
+preview slackbot              # Slack
+preview slack-imgproxy        # Slack
+preview ^slack/               # Slack's older fetcher. At the start: the desktop window has the same word inside
+preview telegrambot           # Telegram, from its servers
+preview twitterbot            # X, and iMessage
+preview linkedinbot           # LinkedIn
+preview discordbot            # Discord
+preview (dbot)                # Discord, in front of a page that refused the first name
+preview skypeuripreview       # Skype, Teams
+preview microsoftpreview      # Teams, Outlook
+preview bingpreview           # Microsoft
+preview (compatible; ms-office # Office looks whether a clicked link exists before it opens the browser
+preview ^microsoft office/    # the same, from Word, Outlook, PowerPoint
+preview microsoft office existence # the same, older
+preview kakaotalk-scrap       # KakaoTalk; the in-app browser says only `KAKAOTALK`
+preview kakaostory-og-reader  # Kakao
+preview naver.me/scrap        # NAVER
+preview blueno                # NAVER
+preview line-poker            # LINE; the in-app browser says `Line/`
+preview linespider            # LINE
+preview ^daum/                # Daum, KakaoTalk's search engine
+preview ^viber                # Viber. At the start: its in-app browser carries the name at the end
+preview ^zalo/                # Zalo
+preview ^wechat/              # WeChat; its browser says `MicroMessenger`, on a Mac `MacWechat`
+preview snap url preview      # Snapchat
+preview linkpresentation      # Apple's preview framework
+preview link preview          # Yahoo, Quora, Arena and others
+preview linkpreview           # Chatwork, Buffer and others
+preview linkexpand            # Yahoo
+preview previewbot            # Bluesky and others
+preview ~preview              # a fetcher that says so and no browser
+preview cardyb                # Bluesky
+preview bluesky bot           # Bluesky
+preview unfurl                # unfurlers of chat programs
+preview redditbot             # Reddit
+preview pinterestbot          # Pinterest
+preview pinterest/0           # Pinterest's fetcher; the app says `Pinterest for`
+preview ^tumblr/              # Tumblr's fetcher
+preview mediumbot             # Medium
+preview xing bot              # Xing
+preview odklbot               # Odnoklassniki
+preview vkshare               # VK
+preview mastodon/             # Mastodon: every server that shows the post fetches once
+preview pleroma               # Mastodon's kin
+preview misskey               # the same
+preview summalybot            # Misskey's preview service
+preview fedilist              # the same family
+preview synapse               # Matrix
+preview mattermost-bot        # Mattermost
+preview ^rocket.chat          # Rocket.Chat's server. At the start: its window has the word inside
+preview groupmebot            # GroupMe
+preview dingtalkbot           # DingTalk
+preview steamchaturllookup    # Steam chat
+preview peekbot               # GG
+preview iframely              # card service that many use
+preview embedly               # the same
+preview opengraph             # the same
+preview addthis               # the same
+preview evernoterichlinkbot   # Evernote
+preview ^notion/              # Notion's server. At the start: its window has the word inside
+preview flipboardproxy        # Flipboard
+preview hatena                # Hatena
+preview loomlybot             # Loomly
+preview yahoomailproxy        # Yahoo Mail
+preview seznamemailproxy      # Seznam mail
+preview fastmailua            # Fastmail
+preview github-camo           # GitHub, pictures in mail and comments
+preview twilioproxy           # Twilio, pictures for MMS

# --- scanners: mail gateways and security services that say who they are ---------------------------------------------
+scanner barracuda             # mail gateway
+scanner mimecast              # mail gateway
+scanner proofpoint            # mail gateway
+scanner symantec              # mail gateway
+scanner messagelabs           # mail gateway
+scanner forcepoint            # mail gateway
+scanner sophos                # mail gateway
+scanner trendmicro            # mail gateway
+scanner trend micro           # browser add-on that looks at links
+scanner ciscosecureemail      # mail gateway
+scanner ironport              # mail gateway
+scanner fortimail             # mail gateway
+scanner fireeye               # mail gateway
+scanner safelinks             # Microsoft, where it gives its name
+scanner urlscan               # looks at reported links
+scanner virustotal            # the same
+scanner phishtank             # the same
+scanner phishbucket           # the same
+scanner scamadviser           # the same
+scanner netcraft              # the same
+scanner google-safety         # the same
+scanner securityheaders       # looks at sites
+scanner foregenix             # looks at sites
+scanner ~scanner              # says what it is and no browser: there are apps called QR Scanner
+scanner ~security             # the same: there are apps called Mobile Security

# --- bots: HTTP libraries, and browsers that a program drives --------------------------------------------------------
+bot |curl/                    # curl
+bot libcurl                   # curl as a library
+bot wget                      # Wget
+bot python                    # `python-requests/`, `Python-urllib/`, `Python/3.11 aiohttp/`
+bot aiohttp                   # Python
+bot |httpx                    # Python
+bot ~okhttp                   # Android apps
+bot ~dalvik/                  # Android apps' own requests, never a page; some browsers put it before their engine
+bot cfnetwork                 # iOS and macOS apps' own requests, never a page
+bot ~cronet/                  # the same, Chrome's network library
+bot ~alamofire/               # the same, iOS
+bot ~winhttp                  # the same, Windows
+bot go-http                   # Go
+bot libwww-perl               # Perl; plain `libwww` would take Lynx, a browser
+bot ^lwp                      # Perl
+bot httpclient                # many
+bot http-client               # many
+bot http client               # many
+bot ^java/                    # Java; inside an agent the word is also a phone's
+bot |java/1.                  # Java behind a program's own name
+bot axios                     # Node
+bot node-fetch                # Node
+bot undici                    # Node
+bot jsdom                     # Node
+bot guzzle                    # PHP
+bot |php/                     # PHP; FirePHP is a browser's extension
+bot |ruby/                    # Ruby
+bot ~httpie                   # HTTPie
+bot ~restsharp                # .NET
+bot postman                   # somebody, but not the recipient
+bot insomnia/                 # the same
+bot headless                  # Chrome without a window
+bot phantomjs                 # the same, older
+bot puppeteer                 # drives a browser
+bot selenium                  # the same
+bot playwright                # the same
+bot cypress/                  # the same
+bot lighthouse                # the same
+bot synthetic                 # the same: Ruxit, New Relic
+bot ptst/                     # the same: WebPageTest
+bot google-agent              # an assistant at work for somebody, who may not even know
+bot googleagent               # the same
+bot google-inspectiontool     # Google

# --- bots: general marks ---------------------------------------------------------------------------------------------
+bot http://                   # says where to read about it: programs do, browsers do not
+bot https://                  # the same
+bot mailto:                   # says whom to write to
+bot bot|                      # a word that ends in bot: `Googlebot/`, `foobot;`. Inside a word it is no sign
+bot crawl                     # says what it is
+bot spider                    # says what it is
+bot slurp                     # Yahoo
+bot uptime                    # watches sites
+bot pingdom                   # watches sites
+bot statuscake                # watches sites
+bot site24x7                  # watches sites
+bot siteimprove               # watches sites
+bot ~scrap                    # says what it is and no browser
+bot ~fetcher                  # the same
+bot ~monitor                  # the same
+bot ~checker                  # the same
+bot ~validator                # the same
+bot ~feed                     # reads feeds
+bot ~rss                      # reads feeds
+bot ~(compatible;             # the form that programs use: browsers that have it name an engine too
+ignore cubot                  # a maker of phones, in apps' agents
+ignore http://bsalsa.com      # an Internet Explorer control that many old programs carried
"""

BROWSERS: Final = (
    # Engines. One of these in the agent, and it is a page's request by what it says of itself.
    "applewebkit",
    "gecko/",
    "like gecko",
    "msie ",
    "trident/",
    "presto/",
    "khtml",
    "goanna/",
    "libweb+",
    "opera/",
    "opera ",
    # Text browsers.
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
    # Rare ones that would look like a program.
    "ibrowse",
    "amiga-aweb",
    "mspie",
    "offbyone",
)

IN_APP: Final = (
    # What stands in a browser's agent, and the app whose window it is. It only names the reason. First match wins.
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
