"""What user agents say: the list of machines with its reasons, and the marks of browsers and in-app browsers.

`MACHINES` is written in the same language as an operator's own file (see `visitor.parse_rules`), so that what is built
in and what is added read alike. Matching is done on the lower-cased agent between `^` and `$`: a token that begins
with `^` or ends with `$` is bound to that end, every other one may stand anywhere. Order within a class does not
matter; between classes preview comes before scanner and scanner before bot.

Only what could ever fetch a link out of a private message matters much: messengers, mail gateways, HTTP libraries.
Search and marketing crawlers never see such a link; a few general marks find most of them all the same.
"""

from typing import Final

MACHINES: Final = """
# --- previews: messengers, mail clients and social networks that draw a card of the page -----------------------------
+preview facebookexternal       # Facebook, Messenger, Instagram; also iMessage, KakaoTalk, LINE, NAVER borrow the name
+preview facebot                # iMessage sends `facebookexternalhit/1.1 Facebot Twitterbot/1.0` from the phone itself
+preview facebookcatalog        # Meta, product cards
+preview facebookscraper        # Meta, older name
+preview meta-external          # Meta: meta-externalhit, -externalagent, -externalfetcher, -externalads
+preview meta-webindexer        # Meta
+preview ^whatsapp              # WhatsApp and Signal: `WhatsApp/2.x A|i|N|W`; WhatsAppElectron is a window
+preview fmwhatsapp             # unofficial WhatsApp builds
+preview googlemessages         # Google Messages (SMS, RCS) since 2026; behind a Chrome-like agent too
+preview google-pagerenderer    # Google Messages before 2026
+preview /web/snippet           # Google's snippet fetcher, older form of the same
+preview google web preview     # Google
+preview googleimageproxy       # Gmail
+preview google-read-aloud      # Google, reads a page to its user
+preview slackbot               # Slack: Slackbot-LinkExpanding
+preview slack-imgproxy         # Slack
+preview slack/                 # Slack, older fetcher
+preview telegrambot            # Telegram, server side
+preview twitterbot             # X, and iMessage
+preview linkedinbot            # LinkedIn
+preview discordbot             # Discord
+preview skypeuripreview        # Skype, Teams
+preview microsoftpreview       # Teams, Outlook
+preview bingpreview            # Microsoft
+preview kakaotalk-scrap        # KakaoTalk
+preview kakaostory-og-reader   # Kakao
+preview naver.me/scrap         # NAVER (Blueno)
+preview blueno                 # NAVER
+preview line-poker             # LINE
+preview linespider             # LINE
+preview ^viber                 # Viber; at the start only, its in-app browser carries the name at the end
+preview snap url preview       # Snapchat
+preview linkpresentation       # Apple's preview framework
+preview link preview           # Yahoo, Quora, Arena and others
+preview linkpreview            # Chatwork, Buffer and others
+preview linkexpand             # Yahoo
+preview previewbot             # Bluesky and others
+preview cardyb                 # Bluesky
+preview unfurl                 # link unfurlers of chat programs
+preview redditbot              # Reddit
+preview pinterestbot           # Pinterest
+preview pinterest/0            # Pinterest's fetcher; the app says `Pinterest for ...`
+preview mastodon               # Mastodon servers, one fetch each
+preview pleroma                # Mastodon's kin
+preview misskey                # the same
+preview summalybot             # Misskey's preview service
+preview synapse                # Matrix
+preview mattermost-bot         # Mattermost
+preview rocket.chat/           # Rocket.Chat server
+preview groupmebot             # GroupMe
+preview vkshare                # VK
+preview dingtalkbot            # DingTalk
+preview chatwork               # Chatwork
+preview wechat/                # WeChat's own fetch; its browser says MicroMessenger
+preview steamchaturllookup     # Steam chat
+preview iframely               # card service used by many
+preview embedly                # the same
+preview opengraph              # the same
+preview evernoterichlinkbot    # Evernote
+preview notion/                # Notion
+preview flipboardproxy         # Flipboard
+preview peekbot                # GG
+preview zalo/                  # Zalo's own fetch
+preview yahoomailproxy         # Yahoo Mail
+preview (compatible; ms-office # Office looks whether a link exists before it opens the browser
+preview microsoft office existence # the same, older

# --- scanners: mail gateways and security services that say who they are ---------------------------------------------
+scanner barracuda              # mail gateway
+scanner mimecast               # mail gateway
+scanner proofpoint             # mail gateway
+scanner symantec               # mail gateway
+scanner messagelabs            # mail gateway
+scanner forcepoint             # mail gateway
+scanner sophos                 # mail gateway
+scanner trendmicro             # mail gateway
+scanner fireeye                # mail gateway
+scanner safelinks              # Microsoft, where it names itself
+scanner urlscan                # looks at reported links
+scanner virustotal             # the same
+scanner phishtank              # the same
+scanner netcraft               # the same
+scanner scanner                # says what it is
+scanner security               # `... Security Scanner`, `securityheaders`; no browser has the word

# --- bots: HTTP libraries --------------------------------------------------------------------------------------------
+bot curl/                      # curl; also libcurl/, r-curl/
+bot wget                       # Wget
+bot python                     # requests, urllib, httpx say `python-`; aiohttp `Python/3.x`
+bot aiohttp                    # Python
+bot httpx                      # Python
+bot okhttp                     # Android apps
+bot ^dalvik/                   # Android apps: never a page, always an app's own request
+bot cfnetwork                  # iOS and macOS apps: never a page, always an app's own request
+bot go-http                    # Go
+bot libwww-perl                # Perl; plain `libwww` would take Lynx, a browser
+bot httpclient                 # many
+bot http-client                # many
+bot http client                # many
+bot |java/                      # Java
+bot axios                      # Node
+bot node-fetch                 # Node
+bot undici                     # Node
+bot guzzle                     # PHP
+bot |php/                       # PHP
+bot ruby                       # Ruby
+bot postman                    # by hand, but not the recipient
+bot insomnia                   # the same
+bot headless                   # Chrome without a window
+bot phantomjs                  # the same, older
+bot puppeteer                  # drives a browser
+bot selenium                   # the same
+bot playwright                 # the same

# --- bots: general marks ---------------------------------------------------------------------------------------------
+bot http://                    # gives an address where to read about it: programs do, browsers do not
+bot https://                   # the same
+bot crawl                      # says what it is
+bot spider                     # says what it is
+bot slurp                      # Yahoo
+bot scrap                      # says what it is
+bot fetcher                    # says what it is
+bot monitor                    # says what it is
+bot uptime                     # watches sites
+bot pingdom                    # watches sites
+bot checker                    # says what it is
+bot bot|                       # a word that ends in bot; `bot` inside a word is no sign
+ignore cubot                   # a maker of phones
+ignore m bot                   # phones called `M bot 54`
"""

IN_APP: Final = (
    # what stands in the agent, the app whose window it is
    (" line/", "line"),
    ("kakaotalk", "kakaotalk"),
    ("micromessenger", "wechat"),
    ("instagram", "instagram"),
    ("barcelona ", "threads"),
    ("fban/messenger", "messenger"),
    ("fb_iab/messenger", "messenger"),
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
    ("viber/", "viber"),
    ("twitter for", "x"),
    ("linkedinapp", "linkedin"),
    ("pinterest for", "pinterest"),
    ("[pinterest", "pinterest"),
    ("naver(inapp", "naver"),
    ("yjapp-", "yahoo-japan"),
    ("gsa/", "google"),
)

BROWSERS: Final = (
    # engines
    "applewebkit",
    "gecko/",
    "msie ",
    "trident/",
    "presto/",
    "khtml",
    "opera/",
    # text browsers
    "lynx/",
    "w3m/",
    "links (",
    # phones before smartphones
    "profile/midp",
    "up.browser",
    "ucweb",
    "ucbrowser",
    "netfront",
    "obigo",
    "docomo/",
    "kddi-",
    "softbank/",
    "vodafone/",
    "j-phone/",
    "blackberry",
    "nokia",
)

ORDINARY: Final = (
    # what most visitors send; a token that is in one of these is refused, for it would lose every click
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 "
    "Edg/141.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
    "Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
    "Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/141.0.0.0 Mobile/15E148 Safari/604.1",
)
