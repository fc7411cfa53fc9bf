"""Placeholders for a recipient's data that were not replaced, in the notations of big senders.

A link that contains or touches a placeholder is not a target: once it is filled in, its text would continue the
shortlink. The notations are those of Brevo, Klaviyo, Liquid and Jinja, Mautic, CiviCRM, Mailgun, Mailchimp,
Mailtrain, MailerLite, Salesforce, SendGrid, Braze, Emarsys, GOV.UK Notify, Kakao, NAVER and printf, with spaces,
defaults and names in any script. `%20`, `[0]`, `a[key]=1` and a GUID in braces are parts of URLs.
"""

import re
from typing import Final

_HEX: Final = "[0-9A-Fa-f]"
_GUID: Final = rf"\{{{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}\}}"
# Placeholders wherever they are: in a link, directly before or after it, or around a bare name.
_STRONG: Final = "|".join((
    rf"(?!{_GUID})\{{[^{{}}\n]{{0,80}}\}}{{0,2}}",  # {name} {{ name | default }} {% x %} {$name} {!Contact.Id} #{이름}
    r"｛[^｛｝\n]{0,80}｝?",
    r"%%[^%\n]{1,80}%%",  # %%name%% %%=v(@name)=%%
    r"<%[^%\n]{0,80}%>",
    r"\*\|[^|\n]{0,80}\|\*",
    r"\|\*[^*\n]{0,80}\*\|",
    r"##[^\s#]{1,40}##",
    r"@@[^\s@]{1,40}@@",
    r"\(\([^()\n]{1,60}\)\)",
    r"%7[Bb]%7[Bb]",
))  # fmt: skip
_TAGS: Final = (
    "a|abbr|article|b|big|blockquote|body|br|center|code|dd|div|dl|dt|em|font|footer|h[1-6]|head|hr|html|i|img|ins|kbd|"
    "iframe|li|main|nav|ol|p|pre|q|s|script|section|small|span|strike|strong|style|sub|svg|sup|table|tbody|td|th|title|tr|tt|u|ul|wbr"
)
_FIELDS: Final = (
    "(?:お?(?:氏名|名前|姓|名)|会社名|顧客名|姓名|变量|變數|変数|이름|고객명|변수|"
    "[^\\]】］＞〉》」』〕\n]{0,12}(?:番号|コード|アドレス|번호|코드|号码|號碼))"
)
# These may be text or part of a URL elsewhere: they count if they begin in the link or directly after it.
_WEAK: Final = "|".join((
    r"%(?:[0-9]{1,2}\$)?[sdifu@](?!\w)",
    r"%\(\w{1,40}\)",
    rf"%(?!{_HEX}{{2}})[^\W\d][\w. -]{{0,40}}%(?!{_HEX}{{2}})",  # %recipient.id% %First Name%
    rf"%[^\W\d]\w{{0,40}}%(?!{_HEX}{{2}})",
    r"(?<!//)(?!(?<=_)\[[a-z]+\])\[(?:\[|%|(?=[^\W\d]))[\w .,=|:'\"/%-]{1,60}\](?![=\[])",
    rf"<{{1,2}}(?!(?:{_TAGS})\b)[^\W\d][\w .:-]{{0,40}}>",
    r"(?<=[=/])-[A-Za-z][A-Za-z_]{1,30}-(?![\w.~%-])",
    r"__[A-Z][A-Z0-9_]{0,38}?__(?!\w)",
    r"(?<==)__\w{1,40}?__(?!\w)",
    r"(?<==)(?:\$[^\W\d][\w ]{0,30}\$|@[A-Za-z_]{2,30}@|#[A-Z_]{2,30}#|::\w{1,30}::|\$[A-Za-z_]\w{0,30}(?!\w))",
    r"(?<=[=?&#/_-])[【［＜〈《「『〔][^】］＞〉》」』〕\n]{0,30}[】］＞〉》」』〕]",
    rf"[【［＜〈《「『〔]{_FIELDS}[】］＞〉》」』〕]",
))  # fmt: skip
_PATTERN: Final = re.compile(f"(?P<strong>{_STRONG})|{_WEAK}")
_SIGNS: Final = re.compile(r"[{｛%<*|#@(\[$【［＜〈《「『〔]|__|[=/]-|=::")
_SIGNS_THAT_CONTINUE: Final = re.compile(r"[%(\[$]")  # in a link, before a space or its end
_SIGNS_BEHIND: Final = frozenset("{｛%<*|#@([_$:-【［＜〈《「『〔")
_SIGNS_BEFORE: Final = frozenset("}｝%>*|#@)")
_OPENING: Final = re.compile("[{｛]|<%|%%")
_BEFORE, _AFTER = 90, 100  # characters beside the link that are read
_WRAPPED: Final = re.compile(r"https?://|www\.|[^/]+/", re.I)


def inside(link: str) -> bool:
    """Return whether a link contains a placeholder."""
    return _SIGNS.search(link) is not None and _PATTERN.search(link) is not None


def touches(text: str, start: int, end: int) -> bool:
    """Return whether a placeholder continues after the link `text[start:end]`, or is directly before or around it."""
    if not _may_touch(text, start, end):
        return False
    low, high = max(0, start - _BEFORE), min(len(text), end + _AFTER)
    for found in _PATTERN.finditer(text, low, high):
        if found.start() > end:
            return False
        if found.end() < start or (found.start() < start and not found["strong"]):
            continue
        around = found.start() < start and found.end() > start
        if not around or not _WRAPPED.match(text, start, end):
            return True
    return False


def _may_touch(text: str, start: int, end: int) -> bool:
    if text[end : end + 1] in _SIGNS_BEHIND or text[max(0, start - 1) : start] in _SIGNS_BEFORE:
        return True
    if _SIGNS_THAT_CONTINUE.search(text, start, end):
        return True
    return not _WRAPPED.match(text, start, end) and _OPENING.search(text, max(0, start - _BEFORE), start) is not None
