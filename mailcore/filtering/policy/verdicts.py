"""What a rule can say, and what all of them said of a message together. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mailcore.kernel.errors import Deferred, Denied, MailError


class Act(StrEnum):
    ACCEPT = "accept"
    """No rule after it is asked."""
    TAG = "tag"
    """Points for the score, and a word in the journey."""
    GREYLIST = "greylist"
    """Not now (4xx); a real server comes again."""
    TARPIT = "tarpit"
    """The answer is late."""
    HOLD = "hold"
    """Taken, and kept in the queue until somebody lets it go."""
    QUARANTINE = "quarantine"
    """Into Junk."""
    REFUSE = "refuse"
    DISCARD = "discard"
    """Taken and thrown away; the journey says by which rule."""


FINAL = frozenset((Act.ACCEPT, Act.GREYLIST, Act.REFUSE))
"""After these no rule of the stage is asked."""
_WEIGHT = {Act.DISCARD: 3, Act.HOLD: 2, Act.QUARANTINE: 1}


@dataclass(frozen=True, slots=True)
class Verdict:
    act: Act
    rule: str
    """Which file of `checks`, e.g. "lists"."""
    words: str
    """Why, in plain words, for the journey."""
    points: float = 0.0
    """Of TAG."""
    seconds: float = 0.0
    """Of TARPIT."""
    public: str = ""
    """What the other side is told; "" is a general word."""
    headers: tuple[str, ...] = ()
    """Trace lines to put on top."""

    def __str__(self) -> str:
        points = f", {self.points:+.1f} points" if self.points else ""
        return f"{self.rule}: {self.words} ({self.act}{points})"


@dataclass(frozen=True, slots=True)
class Sum:
    """Verdicts of a whole message for some recipients."""

    act: Act
    """accept, hold, quarantine or discard."""
    rule: str
    points: float
    findings: tuple[str, ...]
    headers: tuple[str, ...]


def add_up(verdicts: Iterable[Verdict]) -> Sum:
    """The gravest wins; who is accepted by name keeps it out of Junk, but not out of a hold."""
    said = list(verdicts)
    accepted = any(one.act is Act.ACCEPT for one in said)
    worst = max((one for one in said if one.act in _WEIGHT), key=lambda one: _WEIGHT[one.act], default=None)
    act = worst.act if worst is not None and not (accepted and worst.act is Act.QUARANTINE) else Act.ACCEPT
    return Sum(
        act=act,
        rule=worst.rule if worst is not None and act is not Act.ACCEPT else "",
        points=sum(one.points for one in said),
        findings=tuple(str(one) for one in said if one.act is not Act.TARPIT),
        headers=tuple(line for one in said for line in one.headers),
    )


def as_error(verdict: Verdict) -> MailError | None:
    """What the session answers with, where the verdict is a no."""
    match verdict.act:
        case Act.REFUSE:
            return Denied(verdict.public or "Refused by the rules of this server.", f"5.7.1 {verdict}")
        case Act.GREYLIST:
            return Deferred(verdict.public or "Please try again in a few minutes.", f"4.7.1 {verdict}")
    return None
