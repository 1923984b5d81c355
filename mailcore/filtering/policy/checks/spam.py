"""DATA, for each recipient: the score, and what its thresholds make of it."""

from collections.abc import Iterator

from django.conf import settings

from mailcore.kernel.ids import MailboxId

from ...spam import bayes, form, teaching
from .. import levels
from ..verdicts import Act, Verdict
from ..visit import Addressee, Letter, Visit

RULE = "spam"


def of_form(_visit: Visit, letter: Letter) -> Iterator[Verdict]:
    """Once for all recipients."""
    if settings.FACTEUR.spam_filter == "off":
        return
    marks = form.inspect(letter.sample)
    if marks:
        words = "; ".join(f"{mark.words} ({mark.points:+.1f})" for mark in marks)
        yield Verdict(Act.TAG, RULE, words, points=round(sum(mark.points for mark in marks), 2))


def of_learning(_visit: Visit, letter: Letter, addressee: Addressee) -> Iterator[Verdict]:
    if settings.FACTEUR.spam_filter == "off":
        return
    judged = teaching.judge(letter.sample, mailbox_id=addressee.mailbox_id or MailboxId(0))
    if judged.clues:
        words = f"what was learned from Junk says {judged.probability:.0%} spam, by {min(judged.clues, bayes.MAX_CLUES)} clues"
        yield Verdict(Act.TAG, RULE, words, points=round(judged.points, 2))


def decide(points: float, addressee: Addressee) -> Iterator[Verdict]:
    """At the end, when all points are known."""
    setting = settings.FACTEUR.spam_filter
    if setting == "off":
        return
    junk, refuse = levels.find("spam_junk", addressee.owners), levels.find("spam_refuse", addressee.owners)
    required = junk.value or levels.NAMES["spam_junk"].default
    yield Verdict(Act.TAG, RULE, f"score {points:.1f} of {required:.1f}", headers=(f"X-Spam-Score: {points:.1f} required={required:.1f}",))
    if setting != "junk":
        return
    if refuse.value and points >= refuse.value:
        yield Verdict(
            Act.REFUSE, RULE, f"{points:.1f} is at or above {refuse.value:g}, from which {refuse.level} refuses",
            public="This message looks like spam.",
        )  # fmt: skip
    elif junk.value and points >= junk.value:
        yield Verdict(Act.QUARANTINE, RULE, f"{points:.1f} is at or above {junk.value:g}, from which {junk.level} files as junk")
