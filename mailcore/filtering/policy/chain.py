"""Which rules are asked at which stage, in order. A new rule is one file in `checks` and one word here."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from .checks import attachments, dnslists, early, greeting, greylist, lists, rates, scanners, spam
from .verdicts import FINAL, Act, Verdict
from .visit import Addressee, Letter, Visit

CONNECT = (lists.of_peer, early.ask, dnslists.ask)
HELO = (greeting.ask,)
MAIL = (lists.of_sender,)
RCPT = (lists.of_recipient, greylist.ask)
DATA = (rates.ask, attachments.ask, scanners.ask, spam.of_form)
"""Asked once for a message."""
DATA_EACH = (scanners.of_addressee, lists.of_author, spam.of_learning)
"""Asked for each recipient."""

T = TypeVar("T")


def ask(rules: Sequence[Callable[..., Iterable[Verdict]]], *facts: object) -> list[Verdict]:
    """Verdicts in order, until one is final."""
    said: list[Verdict] = []
    for rule in rules:
        for verdict in rule(*facts):
            said.append(verdict)
            if verdict.act in FINAL:
                return said
    return said


def of_message(visit: Visit, letter: Letter) -> list[Verdict]:
    return ask(DATA, visit, letter)


def of_addressee(visit: Visit, letter: Letter, addressee: Addressee, before: Sequence[Verdict]) -> list[Verdict]:
    """All that is said of a message for one recipient; `before` is what stages and rules for all of them said."""
    own = ask(DATA_EACH, visit, letter, addressee)
    said = [*before, *visit.of_recipients.get(addressee.address, ()), *own]
    if not any(one.act is Act.ACCEPT for one in said):
        said += spam.decide(round(sum(one.points for one in said), 2), addressee)
    return said
