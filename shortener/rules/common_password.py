"""Recognise passwords that attackers try first, by what is left of them without common words.

Leaked passwords of ten characters and more are, for the most part, common words with digits and signs around them, runs
along the keyboard, and repetitions. So no list of whole passwords is needed: nothing is left of `password123`,
`P@ssw0rd!!`, `summer2026!`, `qwertyuiop1`, `abc123abc123`, nor of `ann-ann-2026` if the person is named Ann.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

LEAST_LEFT: Final = 4  # letters that must be left
SHORTEST_OWN: Final = 4  # characters; shorter names occur in too many other words
_WORDS: Final = re.findall(
    r"\S+",
    """
password passwort passwords passwd motdepasse contrasena contraseña senha parola wachtwoord haslo pass word
admin administrator root user guest default test tester testing demo login logon access system server master
welcome hello letmein changeme change secret trust trustno superuser manager office company business
iloveyou loveyou iloveu love lovely babygirl baby princess angel sweet sweety honey flower butterfly beautiful
sunshine moonlight rainbow summer winter spring autumn january february march april june july august september
october november december monday tuesday wednesday thursday friday saturday sunday
football baseball basketball soccer hockey liverpool chelsea arsenal barcelona realmadrid juventus manchester united
superman batman spiderman starwars pokemon naruto minecraft fortnite matrix ninja hunter killer dragon monkey
tiger lion shadow phoenix mustang ferrari mercedes porsche corvette harley yamaha honda toyota
michael jennifer jessica ashley nicole daniel andrew joshua matthew charlie thomas jordan robert george michelle
computer internet samsung google facebook instagram youtube windows microsoft apple iphone android playstation
cheese chocolate cookie pepper banana freedom whatever nothing forever jesus christ heaven america canada england
deutschland schatz hallo ficken azerty bonjour soleil doudou marseille bonita teamo estrella
shortener dashboard shortlink
""",
)
# Rows of keyboards and the alphabet, from left to right; they count backwards too.
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn"),
    *("qazwsxedcrfvtgbyhnujmikolp", "qweasdzxc", "zaqxswcdevfrbgtnhymju"),
)
_RUN: Final = 3  # characters of a row that count as a run
_SIGNS: Final = str.maketrans(
    {"@": "a", "4": "a", "3": "e", "€": "e", "1": "i", "!": "i", "0": "o", "$": "s", "5": "s"}
)
_UNIT: Final = re.compile(r"(.{1,8}?)\1+")  # a repetition


def is_common(password: str, names: Iterable[str] = ()) -> bool:
    """Whether a password is easy to guess; `names` are those of the person and the account."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    own = {part for name in names for part in _parts(name)}
    if any(part in plain for part in own if len(part) >= SHORTEST_OWN):
        return True
    return any(_left(form, own) < LEAST_LEFT for form in (plain, plain.translate(_SIGNS)))


def _parts(name: str) -> list[str]:
    """Return names with their parts: `ann@example.com` has `ann` and `example`."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return [plain, *(part for part in re.split(r"[\W_]+", plain) if len(part) >= _RUN)]


def _left(plain: str, own: Iterable[str]) -> int:
    """Return how many letters are left without common words, own names, runs and repetitions."""
    for word in sorted((*own, *_WORDS), key=len, reverse=True):
        plain = plain.replace(word, " ")
    letters = "".join(char for char in plain if char.isalpha() or char == " ")
    return len(re.sub(r" ", "", _UNIT.sub(r"\1", _without_runs(letters))))


def _without_runs(letters: str) -> str:
    kept, place = [], 0
    while place < len(letters):
        run = _run_at(letters, place)
        kept.append(" " if run else letters[place])
        place += run or 1
    return "".join(kept)


def _run_at(letters: str, place: int) -> int:
    """Return the length of the run along a row that begins there; 0 if there is none."""
    longest = 0
    for row in _ALL_ROWS:
        start = row.find(letters[place : place + _RUN])
        if start < 0 or len(letters) - place < _RUN:
            continue
        length = _RUN
        while letters[place : place + length + 1] == row[start : start + length + 1] and place + length < len(letters):
            length += 1
        longest = max(longest, length)
    return longest


_ALL_ROWS: Final = tuple(row[::step] for row in _ROWS for step in (1, -1))
