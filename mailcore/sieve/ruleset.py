"""Rules as a person fills them in a form: conditions, actions, the away message, forwarding. Values only."""

from dataclasses import dataclass

from mailcore.kernel.errors import BadSyntax

MAX_RULES = 200
MAX_VALUES = 100
MAX_TEXT = 2_000
MAX_VACATION_TEXT = 20_000


class BadRule(BadSyntax):
    """A rule cannot be used. `place` says where, e.g. `rules.0.tests.1.values` or `vacation.ends`."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(text, f"{place}: {text}")
        self.place = place


@dataclass(frozen=True, slots=True)
class RuleTest:
    """`field`: from, to, cc, recipient (To or Cc), subject, list, header, body, detail, size, spam, attachment, any.

    `how`: contains, is, starts, ends, matches, exists, each with `not_` before it; for size over and under; for spam,
    attachment and any "".
    """

    field: str
    how: str = ""
    values: tuple[str, ...] = ()
    """One of them has to fit; of size one number of bytes."""
    header: str = ""
    """Name of the header field where `field` is "header"."""


@dataclass(frozen=True, slots=True)
class RuleAction:
    """`kind`: file, copy (a folder), flag, read, label (a keyword), forward, forward_copy (an address), refuse (a text), discard, keep."""

    kind: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    tests: tuple[RuleTest, ...]
    actions: tuple[RuleAction, ...]
    match: str = "all"
    """all or any."""
    is_enabled: bool = True
    stops: bool = True
    """No further rule is looked at where this one fits."""


@dataclass(frozen=True, slots=True)
class AwayMessage:
    text: str
    subject: str = ""
    is_enabled: bool = True
    starts: str = ""
    """ISO date of the first day, "" for now."""
    ends: str = ""
    """ISO date of the last day, "" for open."""
    zone: str = ""
    """+hhmm the days are meant in, "" for the house's."""
    days: int = 7
    """Between two answers to one person."""
    addresses: tuple[str, ...] = ()
    """Further addresses of the owner."""


@dataclass(frozen=True, slots=True)
class Forwarding:
    addresses: tuple[str, ...]
    keeps_copy: bool = True
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class RuleSet:
    rules: tuple[Rule, ...] = ()
    vacation: AwayMessage | None = None
    forwarding: Forwarding | None = None
