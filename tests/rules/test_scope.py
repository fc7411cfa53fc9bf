"""Scopes: how they are written, stored and read again."""

import pytest

from shortener.rules import scope
from shortener.rules.scope import Scope


def test_scopes_are_read_from_a_text() -> None:
    assert scope.parse(" send, read,") == {Scope.SEND, Scope.READ}


@pytest.mark.parametrize("text", ["", ",", "write", "send;read", "SEND"])
def test_other_words_are_no_scopes(text: str) -> None:
    with pytest.raises(ValueError, match="send, read, manage, receipts"):
        scope.parse(text)


@pytest.mark.parametrize("scopes", [scope.ALL, frozenset({Scope.READ}), frozenset({Scope.MANAGE, Scope.SEND})])
def test_stored_scopes_are_read_as_they_were(scopes: frozenset[Scope]) -> None:
    assert scope.read(scope.stored(scopes)) == scopes


def test_an_unknown_stored_scope_allows_nothing() -> None:
    assert scope.read("later,read") == {Scope.READ}
    assert scope.read("") == frozenset()
