"""What user agents say: the list of machines with its reasons, and the marks of browsers and in-app browsers.

How an agent is judged: a token of `MACHINES` makes it a machine. Else a mark of `ENGINES` or `BROWSERS` makes it a
person. Else it is `unknown` if it names a `DEVICE` that people hold, for then it may be an app's own window, and a bot
if not: real browsers have named an engine for twenty years.

`MACHINES` is written in the language of an operator's own file (see `visitor.parse_rules` and
docs/integrate/visitors.md), so that built-in and added rules read alike. A token matches anywhere in the lower-cased
agent; `^` and `$` bind it to the agent's ends, `|` to the end of a word, and a leading `~` means: only where no browser
is named beside it. In the agent of an Android browser the name of the device is not searched: phones are called
`CUBOT`, `VR BOT 552`, `Spider 8`. If several tokens match, preview comes before scanner and scanner before bot.

Which names are here: first whatever may fetch a link out of a private message (messengers, mail, assistants, HTTP
libraries); those decide whether a callback is true. An HTTP library is named although an agent without a browser is a
bot anyway: it stays one where a program sends a language beside it. Search and marketing crawlers never see such a
link; general marks find most of them all the same, and the rest is left out, because every token can also hit a person.

Sources: the publishers' own pages (Meta, Google, Microsoft, Slack, Kakao, LINE, Telegram), published access logs, and
the agents that public test sets quote. bench/visitors.py measures the list against those sets.
"""

import re
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
+preview google-read-aloud     # Google reads a page to its user
+preview slackbot              # Slack
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
+preview ^microsoft office    # Word, PowerPoint, Excel: the same by other names, and `Existence Discovery`
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
+preview pagepreview           # the same beside a browser
+preview page-preview          # the same
+preview page preview          # the same
+preview urlpreview            # Zulip and others
+preview url2meta              # Lark, Feishu
+preview forum onebox          # Discourse
+preview media-repo            # Matrix, the server's part that fetches cards
+preview metadataretriever     # Asana
+preview ~metadata             # a fetcher that says what it is after
+preview metascraper           # a library for cards
+preview ~metainspector        # the same
+preview ~open-graph           # the same; `opengraph` below
+preview ~open graph           # the same
+preview ~oembed               # the same
+preview ~^embed               # the same: `Embed PHP Library`
+preview hubspot page fetcher  # HubSpot
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
+preview akkoma                # the same
+preview gotosocial            # the same
+preview friendica             # the same
+preview peertube              # the same
+preview ~^lemmy               # the same
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
+preview googleimageproxy      # Gmail
+preview yahoomailproxy        # Yahoo Mail
+preview seznamemailproxy      # Seznam mail
+preview slack-imgproxy        # Slack
+preview imageproxy            # pictures in mail: Rambler and others
+preview image proxy           # the same
+preview imgproxy              # pictures for a page
+preview mailproxy             # the same
+preview mail proxy            # the same
+preview proxy)                # `(via mail.example proxy)`
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
+scanner kaspersky lab         # looks at links; its browsers say `Kaspersky` alone
+scanner link resolver         # follows short links
+scanner qcloudcdn             # Tencent looks at a link before WeChat opens it
+scanner clamav                # mail gateways
+scanner ~bitdefender          # the same; it has a browser too
+scanner ~zscaler              # the same
+scanner hornetsecurity        # the same
+scanner ~^vade                # the same
+scanner ~^eset                # the same
+scanner -miniredir            # Windows looks whether a link is a folder
+scanner openvas               # looks at hosts
+scanner nikto                 # the same
+scanner zgrab                 # the same
+scanner |nmap                 # the same
+scanner ~sqlmap               # looks for holes
+scanner burpcollaborator      # the same
+scanner sucuri                # looks at sites
+scanner hardenize             # the same
+scanner assetnote             # the same
+scanner cookiehub             # the same
+scanner abuse.xmco            # the same
+scanner ~whatweb              # the same
+scanner ~gobuster             # the same
+scanner ~antivirus            # says what it is and no browser
+scanner ~/scan                # says what it is and no browser
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
+bot ~dart:io                  # Dart, Flutter
+bot ~^dart/                   # the same
+bot ~reqwest                  # Rust
+bot ~ureq/                    # Rust
+bot ~isahc                    # Rust
+bot ~|hyper/                  # Rust
+bot ~faraday                  # Ruby
+bot ~http.rb                  # Ruby
+bot ~rest-client              # Ruby
+bot ~excon/                   # Ruby
+bot ~typhoeus                 # Ruby
+bot mechanize                 # Perl, Ruby, Python; a browser's agent may stand beside it
+bot powershell                # PowerShell: its agent looks like a browser's without an engine
+bot ~microsoft bits           # Windows
+bot ~lua-resty                # Lua, nginx
+bot ~luasocket                # Lua
+bot ~hackney                  # Erlang, Elixir
+bot ~reactornetty             # JVM
+bot ~jersey/                  # JVM
+bot ~akka-http                # JVM
+bot ~pekko-http               # JVM
+bot ~vert.x                   # JVM
+bot ~unirest                  # JVM
+bot ~apache-cxf               # JVM
+bot ~grpc-                    # many
+bot ~aws-sdk                  # many
+bot ~scalaj                   # Scala
+bot ~http4s                   # Scala
+bot ~http-kit                 # Clojure
+bot ~clj-http                 # Clojure
+bot ~ktor                     # Kotlin
+bot ~superagent               # Node
+bot ~|got/                    # Node
+bot ~^needle/                 # Node
+bot ~^deno/                   # Deno
+bot ~^bun/                    # Bun
+bot ~mojolicious              # Perl
+bot ~http-tiny                # Perl
+bot ~fasthttp                 # Go
+bot ~go-resty                 # Go
+bot ~colly                    # Go
+bot ~_http_client             # PHP: Zend, Laminas
+bot ~cpp-httplib              # C++
+bot ~cpprest                  # C++
+bot ~boost.beast              # C++
+bot ~libsoup                  # C
+bot ~haskell                  # Haskell
+bot ~r-curl                   # R
+bot ~julia                    # Julia
+bot ~http.jl                  # Julia
+bot ~scrapy                   # Python
+bot ~pycurl                   # Python
+bot ~cohttp                   # OCaml
+bot ~embarcadero              # Delphi
+bot ~unitywebrequest          # games
+bot |php/                     # PHP; FirePHP is a browser's extension
+bot |ruby/                    # Ruby
+bot ~httpie                   # HTTPie
+bot ~restsharp                # .NET
+bot splash version/           # drives a browser
+bot casperjs                  # the same
+bot slimerjs                  # the same
+bot functionize               # the same
+bot testlocally               # the same
+bot dejaclick                 # the same
+bot thousandeyes              # the same, to watch sites
+bot gomezagent                # the same
+bot catchpoint                # the same
+bot dotcom-monitor            # the same
+bot sitemonitor               # the same
+bot yottaamonitor             # the same
+bot gtmetrix                  # the same
+bot dareboost                 # the same
+bot debugbear                 # the same
+bot speedcurve                # the same
+bot checkly                   # the same
+bot silktide                  # the same
+bot |rigor)                   # the same
+bot |siege/                   # a load of requests
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
+bot -user/                    # an assistant reads for somebody: ChatGPT-User, Claude-User, Perplexity-User
+bot ~-user                    # the same without a number
+bot googleagent               # the same
+bot novaact                   # the same: Amazon
+bot jina-reader               # the same
+bot |google-                  # Google's fetchers: Google-Agent, Google-NotebookLM, Google-InspectionTool
+bot -google|                  # the same: Storebot-Google, Mediapartners-Google

# --- bots: general marks ---------------------------------------------------------------------------------------------
+bot http://                   # says where to read about it: programs do, browsers do not
+bot https://                  # the same
+bot mailto:                   # says whom to write to
+bot bot|                      # a word that ends in bot: `Googlebot/`, `foobot;`. Inside a word it is no sign
+bot crawl                     # says what it is
+bot spider                    # says what it is
+bot scraping                  # says what it is
+bot ; compatible;             # how programs name themselves behind an engine
+bot ; +                       # says where to ask: `; +research@labs.example`
+bot firefox mutant            # Daum
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
+ignore http://www.qtweb.net   # a browser that said where it comes from
+ignore http://dunkels.com     # the same: Contiki
+ignore http://bsalsa.com      # an Internet Explorer control that many old programs carried
"""

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
