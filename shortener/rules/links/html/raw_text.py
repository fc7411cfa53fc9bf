"""Elements whose content is no markup: where the content ends, by the WHATWG rules for each."""

import re
from functools import lru_cache
from typing import Final

_NAME_END: Final = r"(?=[\t\n\f\r />])"
_RAW: Final = frozenset({"style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
# Not `noscript`: programs that run no scripts, as mail programs do, show its content.
HIDING: Final = _RAW | {"script", "plaintext"}

_SCRIPT: Final = re.compile(rf"<!--|</script{_NAME_END}", re.I | re.A)
_ESCAPED: Final = re.compile(rf"-->|</?script{_NAME_END}", re.I | re.A)
_TWICE_ESCAPED: Final = re.compile(rf"-->|</script{_NAME_END}", re.I | re.A)


def end_of_content(html: str, name: str, start: int) -> int:
    """Return where the content of the element `name` ends: at its end tag, or with the HTML."""
    if name == "script":
        return _end_of_script(html, start)
    end = _end_tag(name).search(html, start) if name in _RAW else None
    return end.start() if end else len(html)


@lru_cache(maxsize=len(_RAW))
def _end_tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}{_NAME_END}", re.I | re.A)


def _end_of_script(html: str, start: int) -> int:
    """Return where a script ends.

    After `<!--` the script is escaped until `-->`. In it, `<script` escapes it twice: then `</script` does not end it.
    """
    pattern, position = _SCRIPT, start
    while sign := pattern.search(html, position):
        word, position = sign[0].lower(), sign.end()
        if word == "<!--":
            pattern, position = _ESCAPED, position - 2  # `<!-->` begins and ends it
        elif word == "-->":
            pattern = _SCRIPT
        elif word == "<script":
            pattern = _TWICE_ESCAPED
        elif pattern is _TWICE_ESCAPED:
            pattern = _ESCAPED
        else:
            return sign.start()
    return len(html)
