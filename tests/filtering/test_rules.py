"""Loading and saving the rules of a mailbox, beside scripts of other hands."""

import pytest

from mailcore.filtering import rules, scripts
from mailcore.filtering.rules import Loaded, Rule, RuleAction, RuleSet, RuleTest
from mailcore.kernel.errors import Conflict
from mailcore.kernel.ids import MailboxId

pytestmark = pytest.mark.django_db
ANN = MailboxId(1)
RULES = RuleSet((Rule("Bills", (RuleTest("subject", "contains", ("bill",)),), (RuleAction("file", "Bills"),)),))


def test_rules_are_saved_switched_on_and_loaded() -> None:
    assert rules.load(ANN) == Loaded(RuleSet(), False)
    rules.save(ANN, RULES)
    assert rules.load(ANN) == Loaded(RULES, True)
    scripts.activate(mailbox_id=ANN, name="")
    assert rules.load(ANN) == Loaded(RULES, False)


def test_a_script_of_another_hand_is_shown_and_kept() -> None:
    scripts.put(mailbox_id=ANN, name="mine", text="keep;")
    scripts.activate(mailbox_id=ANN, name="mine")
    assert rules.load(ANN) == Loaded(RuleSet(), False, "mine", "keep;")
    with pytest.raises(Conflict):
        rules.save(ANN, RULES)
    assert scripts.find_active(mailbox_id=ANN) == "mine"
    rules.save(ANN, RULES, replace=True)
    assert rules.load(ANN) == Loaded(RULES, True)
    assert scripts.get_text(mailbox_id=ANN, name="mine") == "keep;"


def test_rules_changed_by_hand_are_set_aside_not_lost() -> None:
    rules.save(ANN, RULES)
    changed = scripts.get_text(mailbox_id=ANN, name="rules") + "stop;\n"
    scripts.put(mailbox_id=ANN, name="rules", text=changed)
    assert rules.load(ANN) == Loaded(RuleSet(), False, "rules", changed)
    with pytest.raises(Conflict):
        rules.save(ANN, RULES)
    rules.save(ANN, RULES, replace=True)
    assert scripts.get_text(mailbox_id=ANN, name="rules by hand 1") == changed
    assert rules.load(ANN) == Loaded(RULES, True)


def test_a_rule_is_proposed_for_mail_like_one_message() -> None:
    by_list = rules.propose(list_id="dev.example.org", sender="bo@example.org", subject="Hi", folder="Dev")
    assert by_list.tests == (RuleTest("list", "contains", ("dev.example.org",)),)
    assert rules.propose(list_id="", sender="bo@example.org", subject="Hi").tests == (RuleTest("from", "is", ("bo@example.org",)),)
    assert rules.propose(list_id="", sender="", subject="Hi").tests == (RuleTest("subject", "contains", ("Hi",)),)
    rules.save(ANN, RuleSet((by_list,)))
    assert rules.load(ANN).rules.rules == (by_list,)
