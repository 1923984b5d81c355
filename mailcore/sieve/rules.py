"""Rules as a person fills them in a form, and the script they make; read back only where nobody changed it.

The script carries its rules as JSON comments under a first line with a digest of all that follows. Where the digest
fits, those comments are what was meant; a script that was changed by hand is somebody's own and stays as it is.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .ruleset import MAX_RULES, AwayMessage, BadRule, Forwarding, Rule, RuleAction, RuleSet, RuleTest
from .rulewriting import Writer
from .script import compile_script
from .writing import write_strings

MARK = "# Facteur rules 1 "


def write(rule_set: RuleSet) -> str:
    """The script; raises BadRule."""
    if len(rule_set.rules) > MAX_RULES:
        raise BadRule("rules", f"There may be {MAX_RULES} rules.")
    writer = Writer()
    blocks = []
    if rule_set.vacation is not None:
        blocks.append(_note("vacation", rule_set.vacation) + writer.vacation(rule_set.vacation))
    if rule_set.forwarding is not None:
        blocks.append(_note("forwarding", rule_set.forwarding) + writer.forwarding(rule_set.forwarding))
    blocks += [_note("rule", rule) + writer.rule(rule, f"rules.{index}") for index, rule in enumerate(rule_set.rules)]
    head = f"require {write_strings(sorted(writer.needs))};\n\n" if writer.needs else ""
    body = head + "\n".join(blocks)
    text = f"{MARK}{_digest(body)}\n{body}"
    compile_script(text)
    return text


def _note(kind: str, value: Any) -> str:
    return f"# {kind} {json.dumps(asdict(value), ensure_ascii=True, separators=(',', ':'))}\n"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:32]


def read(text: str) -> RuleSet | None:
    """The rules a script was written from; None where it is not one of ours, or was changed since."""
    head, _, body = text.replace("\r\n", "\n").partition("\n")
    if not head.startswith(MARK) or head[len(MARK) :].strip() != _digest(body):
        return None
    rules: list[Rule] = []
    vacation: AwayMessage | None = None
    forwarding: Forwarding | None = None
    for line in body.split("\n"):
        kind, _, written = line.removeprefix("# ").partition(" ")
        if not line.startswith("# ") or not written.startswith("{"):
            continue
        values = json.loads(written)
        if kind == "rule":
            rules.append(read_rule(values))
        elif kind == "vacation":
            vacation = AwayMessage(**{**values, "addresses": tuple(values["addresses"])})
        elif kind == "forwarding":
            forwarding = Forwarding(**{**values, "addresses": tuple(values["addresses"])})
    return RuleSet(tuple(rules), vacation, forwarding)


def read_rule(values: Mapping[str, Any]) -> Rule:
    """A rule from its JSON form."""
    tests = tuple(RuleTest(**{**test, "values": tuple(test["values"])}) for test in values["tests"])
    actions = tuple(RuleAction(**action) for action in values["actions"])
    return Rule(**{**values, "tests": tests, "actions": actions})


__all__ = ["AwayMessage", "BadRule", "Forwarding", "Rule", "RuleAction", "RuleSet", "RuleTest", "read", "read_rule", "write"]
