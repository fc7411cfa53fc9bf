"""The small pages that a recipient may meet, in English, Japanese, Korean and Chinese. No script, no third party."""

import hashlib
from base64 import b64encode
from functools import lru_cache

from flask import Blueprint, Response, render_template, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from shortener.rules import contact
from shortener.running.services import services
from shortener.web.access import public

blueprint = Blueprint("pages", __name__)
LANGUAGES = ("en", "ja", "ko", "zh")
# The one style in the page is allowed by what it says, and no other.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DASHBOARD = "/dashboard"
RETRY_AFTER = 5  # seconds
PROGRAMS = ("/v1/", "/sms/", "/healthz", "/openapi.json")
RETRY = {"en": "Try again", "ja": "もう一度試す", "ko": "다시 시도", "zh": "重试"}

# title, text
WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "unknown": {
        "en": ("Link not found", "This link does not exist. Please check that the whole address was copied."),
        "ja": ("リンクが見つかりません", "このリンクは存在しません。アドレス全体がコピーされているかご確認ください。"),
        "ko": ("링크를 찾을 수 없습니다", "존재하지 않는 링크입니다. 주소 전체를 복사했는지 확인해 주세요."),
        "zh": ("找不到链接", "此链接不存在。请检查地址是否复制完整。"),
    },
    "expired": {
        "en": ("Link expired", "This link is no longer valid. Please ask the sender of the message for a new one."),
        "ja": (
            "リンクの有効期限が切れています",
            "このリンクは無効になりました。お手数ですが、メッセージの送信者にお問い合わせください。",
        ),
        "ko": ("만료된 링크입니다", "이 링크는 더 이상 유효하지 않습니다. 메시지를 보낸 곳에 문의해 주세요."),
        "zh": ("链接已过期", "此链接已失效。请联系消息的发送方。"),
    },
    "off": {
        "en": ("Link switched off", "The sender has switched this link off. If you still need it, please ask them."),
        "ja": (
            "リンクは停止されています",
            "このリンクは送信者によって停止されました。お手数ですが、メッセージの送信者にお問い合わせください。",
        ),
        "ko": (
            "중지된 링크입니다",
            "메시지를 보낸 곳에서 이 링크를 중지했습니다. 필요하시면 보낸 곳에 문의해 주세요.",
        ),
        "zh": ("链接已停用", "发送方已停用此链接。如仍需要，请联系消息的发送方。"),
    },
    "unavailable": {
        "en": ("One moment, please", "The service is busy at the moment. Please try again in a few seconds."),
        "ja": ("しばらくお待ちください", "ただいま混み合っています。数秒後にもう一度お試しください。"),
        "ko": ("잠시만 기다려 주세요", "지금은 서비스가 혼잡합니다. 몇 초 후에 다시 시도해 주세요."),
        "zh": ("请稍候", "服务暂时繁忙，请几秒钟后重试。"),
    },
    "refused": {
        "en": ("Request not understood", "This address cannot be used in that way."),
        "ja": ("リクエストを処理できません", "このアドレスはその方法ではご利用いただけません。"),
        "ko": ("요청을 처리할 수 없습니다", "이 주소는 그런 방식으로 사용할 수 없습니다."),
        "zh": ("无法处理请求", "不能以这种方式使用此地址。"),
    },
    "failed": {
        "en": ("Something went wrong", "The fault is on our side. Please try again later."),
        "ja": ("エラーが発生しました", "こちら側の問題です。しばらくしてからもう一度お試しください。"),
        "ko": ("문제가 발생했습니다", "저희 쪽의 문제입니다. 나중에 다시 시도해 주세요."),
        "zh": ("出现错误", "这是我们的问题，请稍后重试。"),
    },
}


@blueprint.get("/robots.txt")
@public
def robots() -> Response:
    """Ask crawlers to stay away: a shortlink is for one recipient."""
    return Response("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/")
@public
def home() -> Response:
    """Whoever has only the address: the fallback URL where one is set, else the dashboard, which asks who they are."""
    return _private(Response(status=302, headers={"Location": services().settings.fallback_url or DASHBOARD}))


def for_people() -> bool:
    """Whether the current request is for a page, not for a program's interface."""
    return not request.path.startswith(PROGRAMS)


def gone(name: str) -> Response:
    """What a visitor of a dead link gets: the operator's fallback URL where one is set, else a page."""
    fallback = services().settings.fallback_url
    if fallback is None:
        return page(404 if name == "unknown" else 410, name)
    response = Response(status=302, headers={"Location": fallback})
    return _private(response)


def page(status: int, name: str) -> Response:
    """A page in the language that the visitor's browser asks for, by its name in WORDS."""
    language = language_of(request.headers.get("Accept-Language", ""))
    html = _html(name, language, retry=status == 503)
    response = Response(html, status=status, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    response.headers["Content-Security-Policy"] = policy_of(html)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return _private(response)


@lru_cache(maxsize=256)  # the browsers of a country send the same few
def language_of(header: str) -> str:
    """The first of ours that is wanted: `zh-Hant-TW` wants `zh`, and more than the `en` that comes after it."""
    accepted = parse_accept_header(header, LanguageAccept)
    wanted = (tag.lower().replace("_", "-").partition("-")[0] for tag, q in accepted if q > 0)
    return next((language for language in wanted if language in LANGUAGES), "en")


def _html(name: str, language: str, *, retry: bool) -> str:
    settings = services().settings
    title, text = WORDS[name][language]
    return render_template(
        "visitor.html",
        language=language,
        title=title,
        text=text,
        retry=RETRY[language] if retry else None,
        reload=RETRY_AFTER if retry else None,
        sender=settings.sender_name,
        contact=settings.sender_contact,
        href=contact.href(settings.sender_contact) if settings.sender_contact else None,
    )


def policy_of(html: str) -> str:
    """The content security policy of a page that has one style and nothing else."""
    style = html.partition("<style>")[2].partition("</style>")[0]
    return CONTENT_SECURITY_POLICY.format(style=b64encode(hashlib.sha256(style.encode()).digest()).decode())


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
