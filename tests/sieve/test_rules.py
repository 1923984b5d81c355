"""Rules of the form: what they make of a message, that they read back, and what is wrong with them where."""

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.sieve import rules
from mailcore.sieve.faults import ScriptFault
from mailcore.sieve.rules import AwayMessage, BadRule, Forwarding, Rule, RuleAction, RuleSet, RuleTest

from .desk import MIXED, PLAIN, decide

FILE = (RuleAction("file", "A"),)


def outcome(*tests: RuleTest, actions: tuple[RuleAction, ...] = FILE, match: str = "all", **world: object) -> list[str]:
    return decide(rules.write(RuleSet((Rule("r", tests, actions, match),))), PLAIN, **world)


@pytest.mark.parametrize(
    ("test", "fits"),
    [
        (RuleTest("from", "contains", ("larsen",)), True),
        (RuleTest("from", "is", ("bo@shop.example",)), True),
        (RuleTest("from", "is", ("bo",)), False),
        (RuleTest("from", "ends", ("@shop.example>",)), True),
        (RuleTest("subject", "starts", ("your ORDER",)), True),
        (RuleTest("subject", "starts", ("Your *",)), False),
        (RuleTest("subject", "matches", ("your * is *way",)), True),
        (RuleTest("subject", "not_contains", ("invoice", "order")), False),
        (RuleTest("subject", "not_is", ("x",)), True),
        (RuleTest("recipient", "is", ("team@home.example",)), True),
        (RuleTest("recipient", "exists"), True),
        (RuleTest("cc", "not_exists"), False),
        (RuleTest("list", "contains", ("orders.shop.example",)), True),
        (RuleTest("header", "is", ("2",), "X-Priority"), True),
        (RuleTest("header", "not_exists", (), "X-None"), True),
        (RuleTest("body", "contains", ("left today",)), True),
        (RuleTest("detail", "is", ("orders",)), True),
        (RuleTest("detail", "exists"), True),
        (RuleTest("size", "over", ("100",)), True),
        (RuleTest("size", "under", ("100",)), False),
        (RuleTest("any"), True),
        (RuleTest("spam"), False),
    ],
)
def test_conditions(test: RuleTest, fits: bool) -> None:
    assert outcome(test) == (["into A"] if fits else ["implicit"])


def test_attachments() -> None:
    text = rules.write(RuleSet((Rule("r", (RuleTest("attachment"),), FILE),)))
    assert decide(text, MIXED) == ["into A"] and decide(text, PLAIN) == ["implicit"]


def test_spam() -> None:
    assert outcome(RuleTest("spam"), spam_percent=90.0) == ["into A"]


@pytest.mark.parametrize(
    ("actions", "wanted"),
    [
        ((RuleAction("copy", "B"), RuleAction("flag"), RuleAction("read"), RuleAction("label", "work")),
         ["into B \\Flagged \\Seen work", "implicit \\Flagged \\Seen work"]),
        ((RuleAction("forward", "cy@x.example"),), ["redirect cy@x.example"]),
        ((RuleAction("forward_copy", "cy@x.example"),), ["redirect cy@x.example", "implicit"]),
        ((RuleAction("refuse", "No.\nThanks."),), ["reject No.\nThanks.\n"]),
        ((RuleAction("discard"),), ["discard"]),
        ((RuleAction("keep"), RuleAction("file", "A/B")), ["keep", "into A/B"]),
    ],
)  # fmt: skip
def test_actions(actions: tuple[RuleAction, ...], wanted: list[str]) -> None:
    assert outcome(RuleTest("any"), actions=actions) == wanted


def test_rules_stop_or_go_on_and_may_be_off() -> None:
    first = Rule("one", (RuleTest("any"),), (RuleAction("copy", "One"),), stops=False)
    second = Rule("two", (RuleTest("subject", "is", ("x",)), RuleTest("any")), (RuleAction("file", "Two"),), "any")
    third = Rule("three", (RuleTest("any"),), (RuleAction("discard"),))
    assert decide(rules.write(RuleSet((first, second, third)))) == ["into One", "into Two"]
    assert decide(rules.write(RuleSet((replace(first, is_enabled=False), third)))) == ["discard"]
    assert decide(rules.write(RuleSet())) == ["implicit"]


def test_vacation_and_forwarding() -> None:
    away = AwayMessage("Back soon.", starts="2026-03-01", ends="2026-03-31", subject="Away", addresses=("a@home.example",))
    assert decide(rules.write(RuleSet(vacation=away))) == ["vacation Back soon.", "implicit"]
    assert decide(rules.write(RuleSet(vacation=replace(away, ends="2026-03-13")))) == ["implicit"]
    assert decide(rules.write(RuleSet(vacation=replace(away, starts="2026-03-15", ends="")))) == ["implicit"]
    assert decide(rules.write(RuleSet(vacation=replace(away, is_enabled=False)))) == ["implicit"]
    both = Forwarding(("x@far.example", "y@far.example"))
    assert decide(rules.write(RuleSet(forwarding=both))) == ["redirect x@far.example", "redirect y@far.example", "implicit"]
    only = RuleSet((Rule("r", (RuleTest("any"),), FILE),), forwarding=replace(both, keeps_copy=False))
    assert decide(rules.write(only)) == ["redirect x@far.example", "redirect y@far.example"]


@pytest.mark.parametrize(
    ("rule_set", "place"),
    [
        (RuleSet((Rule("r", (), FILE),)), "rules.0.tests"),
        (RuleSet((Rule("r", (RuleTest("any"),), ()),)), "rules.0.actions"),
        (RuleSet((Rule("r", (RuleTest("any"),), FILE, "some"),)), "rules.0.match"),
        (RuleSet((Rule("r", (RuleTest("nothing", "is", ("x",)),), FILE),)), "rules.0.tests.0.field"),
        (RuleSet((Rule("r", (RuleTest("from", "like", ("x",)),), FILE),)), "rules.0.tests.0.how"),
        (RuleSet((Rule("r", (RuleTest("from", "is"),), FILE),)), "rules.0.tests.0.values"),
        (RuleSet((Rule("r", (RuleTest("from", "is", (" ",)),), FILE),)), "rules.0.tests.0.values.0"),
        (RuleSet((Rule("r", (RuleTest("from", "is", ("a\nb",)),), FILE),)), "rules.0.tests.0.values.0"),
        (RuleSet((Rule("r", (RuleTest("header", "exists", (), "X A"),), FILE),)), "rules.0.tests.0.header"),
        (RuleSet((Rule("r", (RuleTest("size", "over", ("5 MB",)),), FILE),)), "rules.0.tests.0.values"),
        (RuleSet((Rule("r", (RuleTest("any"),), (RuleAction("file", "a//b"),)),)), "rules.0.actions.0.value"),
        (RuleSet((Rule("r", (RuleTest("any"),), (RuleAction("flag"), RuleAction("forward", "nobody"))),)), "rules.0.actions.1.value"),
        (RuleSet((Rule("r", (RuleTest("any"),), (RuleAction("label", "two words"),)),)), "rules.0.actions.0.value"),
        (RuleSet((Rule("r", (RuleTest("any"),), (RuleAction("refuse", "x"), RuleAction("keep"))),)), "rules.0.actions"),
        (RuleSet((Rule("r", (RuleTest("any"),), (RuleAction("shred"),)),)), "rules.0.actions.0.kind"),
        (RuleSet(vacation=AwayMessage("")), "vacation.text"),
        (RuleSet(vacation=AwayMessage("x", starts="soon")), "vacation.starts"),
        (RuleSet(vacation=AwayMessage("x", starts="2026-02-02", ends="2026-02-01")), "vacation.ends"),
        (RuleSet(vacation=AwayMessage("x", days=0)), "vacation.days"),
        (RuleSet(vacation=AwayMessage("x", zone="CET")), "vacation.zone"),
        (RuleSet(forwarding=Forwarding(())), "forwarding.addresses"),
        (RuleSet(forwarding=Forwarding(("x",))), "forwarding.addresses.0"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(rule_set: RuleSet, place: str) -> None:
    with pytest.raises(BadRule) as caught:
        rules.write(rule_set)
    assert caught.value.place == place


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(lambda text: text.strip() != "")
_TESTS = st.builds(
    RuleTest,
    st.sampled_from(["from", "subject", "body", "recipient"]),
    st.sampled_from(["contains", "not_is", "starts", "ends"]),
    st.lists(_TEXT, min_size=1, max_size=3).map(tuple),
)
_ACTIONS = st.builds(RuleAction, st.sampled_from(["flag", "discard", "keep", "read"]), st.just(""))
_RULES = st.builds(
    Rule,
    name=_TEXT,
    tests=st.lists(_TESTS, min_size=1, max_size=3).map(tuple),
    actions=st.lists(_ACTIONS, min_size=1, max_size=3).map(tuple),
    match=st.sampled_from(["all", "any"]),
    is_enabled=st.booleans(),
    stops=st.booleans(),
)


@given(st.lists(_RULES, max_size=4))
@settings(max_examples=60, deadline=None)
def test_rules_read_back_as_they_were(found: list[Rule]) -> None:
    rule_set = RuleSet(tuple(found), AwayMessage("Büro\nzu"), Forwarding(("a@b.example",), keeps_copy=False))
    text = rules.write(rule_set)
    assert rules.read(text) == rule_set
    assert rules.read(text.replace("\n", "\r\n")) == rule_set
    assert decide(text)


@given(_TEXT)
@settings(max_examples=60, deadline=None)
def test_no_value_breaks_out_of_its_string(value: str) -> None:
    text = rules.write(RuleSet((Rule(value, (RuleTest("subject", "is", (value,)),), (RuleAction("discard"),)),)))
    assert decide(text, f"Subject: other than {len(value)}\r\n\r\n".encode()) == ["implicit"]


def test_scripts_of_others_are_not_taken_for_rules() -> None:
    text = rules.write(RuleSet((Rule("r", (RuleTest("any"),), FILE),)))
    assert rules.read("keep;") is None and rules.read("") is None
    assert rules.read(text + "# mine\n") is None
    assert rules.read(text.replace('"A"', '"B"')) is None


def test_the_json_form_of_a_rule_is_whole() -> None:
    rule = Rule("r", (RuleTest("from", "is", ("a", "b")),), FILE, "any", is_enabled=False, stops=False)
    assert rules.read_rule(json.loads(json.dumps(asdict(rule)))) == rule


def test_every_written_script_compiles() -> None:
    with pytest.raises(BadRule):
        rules.write(RuleSet((Rule("r", (RuleTest("any"),), FILE),) * 201))
    try:
        rules.write(RuleSet((Rule("r", (RuleTest("any"),), FILE),) * 200))
    except ScriptFault as fault:
        pytest.fail(str(fault))
