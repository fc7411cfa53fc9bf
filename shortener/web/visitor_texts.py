"""The texts of the visitor pages in every language. They are code, so a page can be shown whatever else is broken."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Text(NamedTuple):
    """Heading and sentence of one page."""

    title: str
    sentence: str


DEFAULT: Final = "en"
# By the tag of the language (BCP 47, as in `lang` and `Content-Language`), then by the name of the page.
TEXTS: Final[Mapping[str, Mapping[str, Text]]] = {
    "en": {
        "unknown": Text(
            "Link not found", "This link does not exist. Please check that you have copied the whole address."
        ),
        "expired": Text(
            "Link expired", "This link is no longer valid. Please ask the sender of the message for a new one."
        ),
        "off": Text(
            "Link switched off", "The sender has switched off this link. If you still need it, please ask the sender."
        ),
        "unavailable": Text("One moment, please", "The service is busy right now. Please try again in a few seconds."),
        "refused": Text("Request not possible", "This address does not support that kind of request."),
        "failed": Text("Something went wrong", "The problem is on our side. Please try again later."),
    },
    "ja": {
        "unknown": Text(
            "リンクが見つかりません",
            "このリンクは存在しません。URLが最後まで正しく入力されているかご確認ください。",
        ),
        "expired": Text(
            "リンクの有効期限が切れています",
            "このリンクは無効になりました。お手数ですが、メッセージの送信元にお問い合わせください。",
        ),
        "off": Text(
            "このリンクは現在ご利用いただけません",
            "送信元がこのリンクを無効にしました。お手数ですが、メッセージの送信元にお問い合わせください。",
        ),
        "unavailable": Text("しばらくお待ちください", "ただいま混み合っています。数秒後にもう一度お試しください。"),
        "refused": Text("リクエストを処理できません", "このURLでは、その操作をご利用いただけません。"),
        "failed": Text(
            "エラーが発生しました", "システムに問題が発生しました。しばらくしてからもう一度お試しください。"
        ),
    },
    "ko": {
        "unknown": Text(
            "링크를 찾을 수 없습니다", "존재하지 않는 링크입니다. 주소 전체가 정확히 복사되었는지 확인해 주세요."
        ),
        "expired": Text("만료된 링크입니다", "이 링크는 더 이상 유효하지 않습니다. 메시지를 보낸 곳에 문의해 주세요."),
        "off": Text(
            "중지된 링크입니다",
            "메시지를 보낸 곳에서 이 링크를 중지했습니다. 필요하시면 보낸 곳에 문의해 주세요.",
        ),
        "unavailable": Text(
            "잠시만 기다려 주세요", "지금은 접속이 많아 처리가 지연되고 있습니다. 몇 초 후에 다시 시도해 주세요."
        ),
        "refused": Text("요청을 처리할 수 없습니다", "이 주소에서는 해당 요청을 처리할 수 없습니다."),
        "failed": Text("문제가 발생했습니다", "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해 주세요."),
    },
    "zh-Hans": {
        "unknown": Text("找不到链接", "此链接不存在。请检查网址是否复制完整。"),
        "expired": Text("链接已过期", "此链接已失效。请联系发送方获取新链接。"),
        "off": Text("链接已停用", "发送方已停用此链接。如仍需要，请联系发送方。"),
        "unavailable": Text("请稍候", "服务暂时繁忙，请几秒钟后重试。"),
        "refused": Text("无法处理请求", "此网址不支持该操作。"),
        "failed": Text("出现错误", "系统出现问题，请稍后重试。"),
    },
    "zh-Hant": {
        "unknown": Text("找不到連結", "此連結不存在。請確認網址是否複製完整。"),
        "expired": Text("連結已過期", "此連結已失效。請聯絡發送單位以取得新連結。"),
        "off": Text("連結已停用", "發送單位已停用此連結。如仍有需要，請聯絡發送單位。"),
        "unavailable": Text("請稍候", "系統目前忙碌中，請於幾秒後再試一次。"),
        "refused": Text("無法處理要求", "此網址不支援該操作。"),
        "failed": Text("發生錯誤", "系統發生問題，請稍後再試一次。"),
    },
}
RETRY: Final[Mapping[str, str]] = {
    "en": "Try again",
    "ja": "もう一度試す",
    "ko": "다시 시도",
    "zh-Hans": "重试",
    "zh-Hant": "再試一次",
}
_TRADITIONAL: Final = frozenset(("hant", "tw", "hk", "mo"))  # scripts and regions of a tag


def language_for(tag: str) -> str | None:
    """The language of ours for a tag that a browser sends, such as `zh-Hant-TW`, `zh_CN` or `ja`; None without one."""
    primary, *subtags = tag.lower().replace("_", "-").split("-")
    if primary == "zh":
        is_traditional = "hans" not in subtags and not _TRADITIONAL.isdisjoint(subtags)
        return "zh-Hant" if is_traditional else "zh-Hans"
    return primary if primary in TEXTS else None
