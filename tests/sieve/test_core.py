"""RFC 5228: control, tests and actions; RFC 3894 copy, envelope, and the comparators of RFC 4790."""

import pytest

from mailcore.sieve.actions import Discard, Keep

from .desk import MIXED, PLAIN, decide, holds, run


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("", ["implicit"]),
        ("keep;", ["keep"]),
        ("keep; keep;", ["keep"]),
        ("discard;", ["discard"]),
        ("discard; keep;", ["discard", "keep"]),
        ('redirect "cy@x.example";', ["redirect cy@x.example"]),
        ('redirect "cy@x.example"; redirect "CY@x.example"; keep;', ["redirect cy@x.example", "keep"]),
        ('require "copy"; redirect :copy "cy@x.example";', ["redirect cy@x.example", "implicit"]),
        ('require "fileinto"; fileinto "A"; fileinto "A"; fileinto "B";', ["into A", "into B"]),
        ('require ["fileinto", "copy"]; fileinto :copy "A";', ["into A", "implicit"]),
        ("stop; discard;", ["implicit"]),
        ("if false { discard; } elsif true { keep; } else { stop; }", ["keep"]),
        ('if false { discard; } elsif false { keep; } else { redirect "a@b.example"; }', ["redirect a@b.example"]),
        ("if true { if true { stop; } discard; } discard;", ["implicit"]),
        ("if true { discard; } if false { keep; } else { stop; }", ["discard"]),
    ],
)
def test_what_a_script_decides(script: str, wanted: list[str]) -> None:
    assert decide(script) == wanted


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('header "subject" "your order 1234 is on its way"', True),
        ('header :comparator "i;octet" "subject" "your order 1234 is on its way"', False),
        ('header :contains "subject" ["nothing", "ORDER"]', True),
        ('header :contains ["x-none", "subject"] "order"', True),
        ('header :contains "x-none" ""', False),
        ('header :contains "subject" ""', True),
        ('header :matches "subject" "your * 123? is*"', True),
        ('header :matches "subject" "*order"', False),
        ('header :matches "subject" "your \\\\* 1234"', False),
        ('header :matches "list-id" "*<*.shop.example>"', True),
        ('address "from" "BO@shop.example"', True),
        ('address :localpart "from" "bo"', True),
        ('address :domain :matches "from" "*.example"', True),
        ('address :is ["to", "cc"] "team@home.example"', True),
        ('address :contains "from" "Larsen"', False),
        ('header :contains "from" "Larsen"', True),
        ('exists ["from", "to"]', True),
        ('exists ["from", "x-none"]', False),
        ("size :over 100", True),
        ("size :under 100", False),
        ("size :over 10M", False),
        ("not false", True),
        ("allof (true, true, false)", False),
        ("anyof (false, true)", True),
        ("not anyof (false, false)", True),
    ],
)
def test_tests_of_the_base(test: str, truth: bool) -> None:
    assert holds(test) is truth


def test_encoded_headers_are_compared_decoded() -> None:
    assert holds('header :contains "subject" "Pläne"', MIXED)
    assert not holds('header :contains "subject" "PLÄNE"', MIXED), "i;ascii-casemap folds ASCII letters only"


def test_size_limits_exclude_the_limit_itself() -> None:
    assert not holds(f"size :over {len(PLAIN)}") and not holds(f"size :under {len(PLAIN)}")
    assert holds(f"size :under {len(PLAIN) + 1}")


@pytest.mark.parametrize(
    ("test", "sender", "truth"),
    [
        ('envelope "from" "bounces@shop.example"', "bounces@shop.example", True),
        ('envelope :domain ["from", "to"] "home.example"', "x@y.example", True),
        ('envelope "from" ""', "", True),
        ('envelope :domain "from" ""', "", True),
        ('envelope :localpart "to" "ann+orders"', "", True),
        ('envelope "from" ""', "a@b.example", False),
    ],
)
def test_envelope(test: str, sender: str, truth: bool) -> None:
    assert holds(test, require="envelope", sender=sender) is truth


def test_the_login_is_part_of_the_envelope() -> None:
    assert holds('envelope "auth" "ann"', require="envelope", authenticated="ann")
    assert not holds('envelope :matches "auth" "*"', require="envelope")


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('address :user "to" "ann"', True),
        ('address :detail "to" "orders"', True),
        ('address :detail "cc" ""', False),
        ('address :user "cc" "team"', True),
        ('not address :detail :matches "cc" "*"', True),
    ],
)
def test_subaddress(test: str, truth: bool) -> None:
    assert holds(test, require="subaddress") is truth


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('header :value "lt" :comparator "i;ascii-numeric" "x-priority" "3"', True),
        ('header :value "ge" :comparator "i;ascii-numeric" "x-priority" "3"', False),
        ('header :value "gt" :comparator "i;ascii-numeric" "subject" "999999"', True),
        ('header :is :comparator "i;ascii-numeric" "x-priority" "02"', True),
        ('header :count "eq" :comparator "i;ascii-numeric" ["to", "cc"] "2"', True),
        ('address :count "ge" :comparator "i;ascii-numeric" ["to", "cc"] "3"', True),
        ('header :count "eq" "x-none" "0"', True),
        ('header :value "ne" "subject" "x"', True),
    ],
)
def test_relational_and_numeric(test: str, truth: bool) -> None:
    assert holds(test, require="relational comparator-i;ascii-numeric") is truth


def test_each_action_tells_script_and_line() -> None:
    (action,) = run("\n\ndiscard;").actions
    assert isinstance(action, Discard) and str(action.at) == "main, line 3"
    (action,) = run("").actions
    assert isinstance(action, Keep) and action.at is None


def test_the_encoded_character_extension() -> None:
    assert holds('header :contains "subject" "${hex: 6f 72}der"', require="encoded-character")
    assert holds('header :contains "subject" "Pl${unicode: e4}ne"', MIXED, require="encoded-character")
    assert not holds('header :contains "subject" "${hex: 6f 72}der"')
    assert holds('header :is "subject" "${hex: 123 1}"', b"Subject: ${hex: 123 1}\r\n\r\n", require="encoded-character")
