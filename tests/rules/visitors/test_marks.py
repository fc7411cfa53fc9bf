"""The list of tokens: the format of an operator's file, and that the built-in list is sound."""

import re

import pytest

from shortener.rules.visitors import agents
from shortener.rules.visitors.marks import Rules, Token, Visitor, default_rules, parse_rules
from shortener.rules.visitors.visitor import classify

APP = "MyShop/3.1 okhttp/4.12.0"
BROWSER = agents.ORDINARY[0]


def seen(agent: str, text: str) -> tuple[str, str]:
    """Class and reason of `agent` under an operator's file `text`."""
    verdict = classify(agent, {}, parse_rules(text, default_rules()))
    return verdict.visitor.value, verdict.reason


def test_a_token_ignores_case_and_comment() -> None:
    assert seen("Acme Gateway 3 (mail)", "# our gateway\n\n+scanner Acme Gateway   # looks at links\n") == (
        "scanner",
        "token:acme gateway",
    )


def test_a_token_is_removed() -> None:
    assert seen("PostmanRuntime/7.39.0", "")[1] == "token:postman"
    assert seen("PostmanRuntime/7.39.0", "-postman")[1] == "program"
    assert seen("PostmanRuntime/7.39.0", "+person postman")[0] == "person"


def test_a_repeated_token_takes_its_new_class() -> None:
    assert seen("TelegramBot (like TwitterBot)", "+bot telegrambot\n-twitterbot") == ("bot", "token:telegrambot")


def test_an_operators_person_wins_over_every_machine() -> None:
    assert seen(APP, "+person ^myshop/") == ("person", "token:^myshop/")
    assert seen("Other/1.0 okhttp/4.12.0 myshop/", "+person ^myshop/")[0] == "bot"


def test_ignored_text_is_removed_before_matching() -> None:
    assert seen("Kibot Reader 5 (tablet)", "")[0] == "bot"
    assert seen("Kibot Reader 5 (tablet)", "+ignore kibot")[0] == "unknown"


@pytest.mark.parametrize(
    ("token", "agent", "found"),
    [
        ("acme", "an-acmeist", True),
        ("^acme", "acme/1", True),
        ("^acme", "an acme", False),
        ("acme$", "an acme", True),
        ("acme$", "acme/1", False),
        ("acme|", "theacme/1", True),
        ("acme|", "acmeist", False),
        ("|acme", "the-acmeist", True),
        ("|acme", "theacme", False),
        ("^acme$", "acme", True),
        ("^acme$", "acme 1", False),
        ("a.me", "acme", False),
    ],
)
def test_a_token_is_anchored_as_written(token: str, agent: str, found: bool) -> None:
    assert Token(token, Visitor.BOT).found_in(agent, browser=False) is found


def test_a_tilde_token_needs_no_named_browser() -> None:
    assert seen("Acme Reader 5 (phone)", "+bot ~acme") == ("bot", "token:~acme")
    assert seen(f"{BROWSER} Acme/5", "+bot ~acme") == ("person", "browser")


def test_an_android_device_name_is_not_searched() -> None:
    model = "Mozilla/5.0 (Linux; Android 9; Acme (2) One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Acme/1"
    assert seen(model.removesuffix(" Acme/1"), "+bot acme")[0] == "person"
    assert seen(model, "+bot acme")[0] == "bot"


def test_a_network_may_be_one_address_and_stand_twice() -> None:
    rules = parse_rules("scanner 203.0.113.7\nscanner 203.0.113.7/32\nscanner 2001:db8::1", default_rules())
    assert [str(network) for network in rules.networks] == ["203.0.113.7/32", "2001:db8::1/128"]


def test_a_file_with_bom_and_crlf_is_read() -> None:
    assert seen("Acme Gateway 3 (mail)", "\ufeff+scanner acme\r\nscanner 203.0.113.0/24\r\n")[0] == "scanner"


FAULTY = {
    "bot acme": "not one of",
    "+robot acme": "not one of",
    "+unknown acme": "not one of",
    "acme": "not one of",
    "+bot": "3 to 50 characters",
    "+bot ab": "3 to 50 characters",
    "+bot ^ab$": "3 to 50 characters",
    "+bot " + "a" * 51: "3 to 50 characters",
    "+bot caf\u00e9": "printable ASCII",
    "+bot ac\tme": "printable ASCII",
    "-no-such-token": "no such token",
    "+bot mozilla/5.0": "ordinary browsers",
    "+scanner safari": "ordinary browsers",
    "+preview like Gecko)": "ordinary browsers",
    "scanner 203.0.113.7/24": "host bits",
    "scanner somewhere": "does not appear to be",
    "scanner 0.0.0.0/0": "wider than /8",
    "scanner ::/0": "wider than /16",
}


def test_faulty_lines_have_number_and_reason() -> None:
    text = "# a comment\n+bot fine-token\n" + "\n".join(FAULTY)
    with pytest.raises(ValueError, match="line 3") as caught:
        parse_rules(text, default_rules())
    faults = str(caught.value).splitlines()
    assert len(faults) == len(FAULTY)
    for number, (fault, reason) in enumerate(zip(faults, FAULTY.values(), strict=True), 3):
        assert fault.startswith(f"line {number}: ")
        assert reason in fault
        assert fault.isascii()


def test_a_faulty_file_changes_nothing() -> None:
    before = default_rules().tokens
    parse_rules("+bot acme-gateway\n-postman", default_rules())
    assert default_rules().tokens is before


def test_no_rules_at_all_find_nothing() -> None:
    assert Rules().token_of("curl/8.5.0", browser=False) is None


def test_every_built_in_entry_says_why_it_is_there() -> None:
    entries = [line for line in agents.MACHINES.splitlines() if line and not line.startswith("#")]
    assert len(entries) > 150
    assert [line for line in entries if not re.fullmatch(r"\+(preview|bot|scanner|ignore) \S.*? +# \S.*", line)] == []


def test_no_built_in_token_is_given_twice() -> None:
    entries = [line.split("#")[0].strip() for line in agents.MACHINES.splitlines() if line.startswith("+")]
    assert len(entries) == len({entry.split(" ", 1)[1] for entry in entries})


@pytest.mark.parametrize("token", default_rules().tokens, ids=lambda token: token.text)
def test_every_built_in_token_marks_a_machine(token: Token) -> None:
    verdict = classify(f"{token.needle} ".ljust(20, "."), {}, default_rules())
    assert verdict.visitor in (Visitor.PREVIEW, Visitor.BOT, Visitor.SCANNER)


def test_tokens_are_asked_for_persons_first_and_bots_last() -> None:
    order = [token.visitor for token in parse_rules("+person myshop", default_rules()).tokens]
    ranks = [Visitor.PERSON, Visitor.PREVIEW, Visitor.SCANNER, Visitor.BOT]
    assert order == sorted(order, key=ranks.index)
    assert set(order) == set(ranks)
