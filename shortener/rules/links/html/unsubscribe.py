"""Recognize the links by which a recipient leaves a list. They stay, so that leaving works as long as the mail exists.

In doubt a link counts as one of them: a link that is not tracked costs a number, one that no longer leads out of a
list costs a complaint. The words are those of the product's five languages, as senders usually write them.
"""

import re
from typing import Final
from urllib.parse import unquote

_IN_TEXT: Final = re.compile(
    r"\bun-?subscrib|\bopt(?:ing)?[ -]?out\b"
    r"|\bstop (?:receiving|getting) (?:[a-z]+ ){0,3}(?:e-?mails?|mails?|messages?|newsletters?)\b"
    r"|(?:配信|購読|受信|登録|メルマガ|メールマガジン)(?:の|を)?(?:停止|解除|拒否|中止|やめ|止め)"
    r"|退会|受信しない|(?:配信|受信)を希望しない"
    r"|수신(?:을)? ?거부|구독(?:을)? ?(?:취소|해지)|退订|退訂|取消(?:订阅|訂閱|电子报|電子報)",
    re.I,
)
# Beside a link that says only "here", less is enough.
_IN_SENTENCE: Final = re.compile(rf"{_IN_TEXT.pattern}|(?:解除|停止)(?:を?(?:ご?希望|する|される).{{0,10}})?は", re.I)
_IN_URL: Final = re.compile(
    r"(?<![a-z])un[-_]?sub(?:scri(?:be[rds]?|bing|ption))?(?![a-z])|(?<![a-z])opt[-_ +]?out(?![a-z])"
    rf"|{_IN_TEXT.pattern}",
    re.I,
)
_HOST: Final = re.compile(r"https?://[^/?#]*", re.I)
# A link that says only this means what is said beside it, as in "To unsubscribe, click here" and 「配信停止はこちら」.
_HERE: Final = re.compile(
    r"\W*(?:(?:please )?(?:click |tap )?(?:here|this link|link)|こちらから|こちら|コチラ|ここ|クリック"
    r"|여기|여기를 클릭|(?:点击|點擊|点|點)?(?:这里|這裡|此处|此處|此))\W*",
    re.I,
)
# A link that shows its URL means what is said before it, as in "Unsubscribe: https://example.com/l/1".
_URL: Final = re.compile(r"\W*(?:https?://|www\.)\S+\s*", re.I)
_SENTENCE_END: Final = re.compile(r"[。！？!?]|\.(?=\s)")
_LONGEST_LABEL: Final = 100  # characters; a longer text, such as a headline, is about something else
_BESIDE: Final = 60  # characters before and after the link


def is_in_url(location: str) -> bool:
    """Return whether path, query or fragment of a URL in its ASCII form say so."""
    return _IN_URL.search(unquote(_HOST.sub("", location, count=1))) is not None


def is_in_text(before: str, label: str, after: str) -> bool:
    """Return whether a link's text says so, or the sentence around a link that only says "here" or shows its URL."""
    if len(label) > _LONGEST_LABEL:
        return False
    if _IN_TEXT.search(label):
        return True
    ahead = _SENTENCE_END.split(before[-_BESIDE:])[-1]
    if _URL.fullmatch(label):
        return _IN_SENTENCE.search(ahead) is not None
    behind = _SENTENCE_END.split(after[:_BESIDE], maxsplit=1)[0]
    return _HERE.fullmatch(label) is not None and _IN_SENTENCE.search(f"{ahead} {behind}") is not None
