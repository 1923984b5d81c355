"""Bring a table over, or only say what would be done: one outcome for each line, and nothing half done within one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import transaction

from mailcore.kernel.errors import BadSyntax, MailError

from . import access, addresses, mailers
from .plans import LeftOut, Plan, There
from .reading import Line, read


class Verdict(StrEnum):
    DONE = "done"
    THERE = "there already"
    LEFT_OUT = "left out"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    number: int
    text: str
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    outcomes: tuple[Outcome, ...]
    was_applied: bool
    counts: dict[Verdict, int] = field(default_factory=dict)


class _DryRun(Exception):
    """Takes back what one whole trial has done."""


Convert = Callable[[Line, str], Plan]
KINDS: dict[str, Convert] = {
    "aliases": addresses.of_alias,
    "virtual": addresses.of_virtual,
    "mailertable": mailers.of_mailertable,
    "transport": mailers.of_transport,
    "access": access.of_access,
}


def bring(*, kind: str, text: str, domain: str = "", applies: bool) -> Report:
    """BadSyntax for a kind that is none. A dry run does all of it and takes it back, so it says what really would happen."""
    if kind not in KINDS:
        raise BadSyntax(f"A table is one of {', '.join(KINDS)}.")
    lines = list(read(text, is_aliases=kind == "aliases"))
    if kind in ("mailertable", "transport"):
        # They look for the narrowest key, whatever the order of the file; routes are asked from the first on.
        lines.sort(key=lambda line: mailers.rank(line.key))
    outcomes: list[Outcome] = []
    try:
        with transaction.atomic():
            outcomes = [_bring(line, KINDS[kind], domain) for line in lines]
            if not applies:
                raise _DryRun
    except _DryRun:
        pass
    finally:
        _forget()
    outcomes.sort(key=lambda one: one.number)
    counts = {verdict: sum(one.verdict is verdict for one in outcomes) for verdict in Verdict}
    return Report(tuple(outcomes), applies, counts)


def _bring(line: Line, convert: Convert, domain: str) -> Outcome:
    if not line.key:
        return Outcome(line.number, line.text, Verdict.FAILED, "This line cannot be read.")
    try:
        plan = convert(line, domain)
        with transaction.atomic():
            plan.act()
    except There as there:
        return Outcome(line.number, line.text, Verdict.THERE, str(there))
    except LeftOut as reason:
        return Outcome(line.number, line.text, Verdict.LEFT_OUT, str(reason))
    except MailError as error:
        return Outcome(line.number, line.text, Verdict.FAILED, error.public)
    return Outcome(line.number, line.text, Verdict.DONE, plan.words)


def _forget() -> None:
    """What was remembered of rows that may be gone again."""
    for forget in (mailers.forget, access.forget):
        forget()


__all__: Sequence[str] = ("KINDS", "Outcome", "Report", "Verdict", "bring")
