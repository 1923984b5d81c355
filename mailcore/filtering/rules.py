"""The rules of a mailbox for the form in the webmail: loaded from its script, saved as one.

A script somebody wrote by hand, or put by ManageSieve, is never overwritten unasked.
"""

from dataclasses import dataclass

from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.sieve import rules
from mailcore.sieve.rules import AwayMessage, BadRule, Forwarding, Rule, RuleAction, RuleSet, RuleTest

from . import scripts

NAME = "rules"
"""The script that rules are saved as."""


@dataclass(frozen=True, slots=True)
class Loaded:
    rules: RuleSet
    """What the form shows; empty where there are none yet."""
    is_active: bool
    """Whether these rules are what runs."""
    foreign_name: str = ""
    """The active script where it is not ours; "" where it is, or none is."""
    foreign_text: str = ""


def load(mailbox_id: MailboxId) -> Loaded:
    active = scripts.find_active(mailbox_id=mailbox_id)
    own = _find(mailbox_id)
    known = rules.read(own) if own is not None else None
    if active is None or (active == NAME and known is not None):
        return Loaded(known or RuleSet(), is_active=active is not None)
    return Loaded(known or RuleSet(), False, active, scripts.get_text(mailbox_id=mailbox_id, name=active))


def save(mailbox_id: MailboxId, rule_set: RuleSet, *, replace: bool = False) -> None:
    """Write the rules and switch them on, at once.

    BadRule names the part of the form. Conflict where another script is active, or `rules` was changed by hand; with
    `replace` that one is switched off, and a changed `rules` is kept under another name.
    """
    text = rules.write(rule_set)
    active = scripts.find_active(mailbox_id=mailbox_id)
    own = _find(mailbox_id)
    is_changed = own is not None and rules.read(own) is None
    if (active not in (None, NAME) or is_changed) and not replace:
        raise Conflict("Another script filters this mailbox. Replace it to use rules.", f"{active}")
    if is_changed:
        _set_aside(mailbox_id)
    scripts.put(mailbox_id=mailbox_id, name=NAME, text=text)
    scripts.activate(mailbox_id=mailbox_id, name=NAME)


def propose(*, list_id: str, sender: str, subject: str, folder: str = "") -> Rule:
    """A rule for mail like one message, as a start for the form: by its list, else by who sent it, else by its subject."""
    if list_id:
        test, name = RuleTest("list", "contains", (list_id,)), list_id
    elif sender:
        test, name = RuleTest("from", "is", (sender,)), sender
    else:
        test, name = RuleTest("subject", "contains", (subject,)), subject
    return Rule(name[:200], (test,), (RuleAction("file", folder),))


def _find(mailbox_id: MailboxId) -> str | None:
    try:
        return scripts.get_text(mailbox_id=mailbox_id, name=NAME)
    except NotFound:
        return None


def _set_aside(mailbox_id: MailboxId) -> None:
    taken = {row.name for row in scripts.list_scripts(mailbox_id=mailbox_id)}
    number = next(number for number in range(1, len(taken) + 2) if f"{NAME} by hand {number}" not in taken)
    scripts.rename(mailbox_id=mailbox_id, old=NAME, new=f"{NAME} by hand {number}")


__all__ = [
    "NAME", "AwayMessage", "BadRule", "Forwarding", "Loaded", "Rule", "RuleAction", "RuleSet", "RuleTest", "load", "propose", "save",
]  # fmt: skip
