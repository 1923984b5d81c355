"""How likely spam is, given the clues and what was learned of each. Pure.

Robinson's estimate for each clue, and Fisher's way of joining them: two chi-squared tests, one that would find only ham and one
that would find only spam; where neither or both are sure, the answer is near a half. What a mailbox itself learned weighs more
than what everybody did: everybody's estimate is the prior of its own.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

MAX_CLUES = 150
STRENGTH = 0.45
"""Messages that the first guess about an unknown clue is worth."""
SITE_STRENGTH = 1.5
"""Messages that everybody's estimate is worth where a mailbox has its own."""
UNKNOWN = 0.5
MINIMUM = 0.1
"""A clue nearer to a half than this says nothing."""
ENOUGH = 30
"""Messages of the rarer kind from which on the classifier has its full word."""


class Counts(NamedTuple):
    spam: int
    ham: int


NOTHING = Counts(0, 0)


class Teaching(NamedTuple):
    """What one mailbox, or the whole site, learned."""

    totals: Counts
    tokens: Mapping[int, Counts]


class Judgement(NamedTuple):
    probability: float
    """0 ham, 1 spam, a half where it cannot tell."""
    weight: float
    """0 to 1: how much was learned at all."""
    clues: int

    @property
    def points(self) -> float:
        """On the scale of the score, where 5 is spam: from -4 to 6.5."""
        p = min(max(self.probability, 1e-12), 1 - 1e-12)
        if p >= 0.5:
            reach = min(-math.log10(2 * (1 - p)), 6.0)
            return self.weight * min(6.5, reach * 3.2)
        return -self.weight * min(4.0, -math.log10(2 * p) * 2.0)


def judge(tokens: Iterable[int], *, own: Teaching, site: Teaching) -> Judgement:
    weight = max(_weight(own.totals), _weight(site.totals))
    if not weight:
        return Judgement(0.5, 0.0, 0)
    clues: list[tuple[float, float]] = []
    for token in tokens:
        estimate = _estimate(site.tokens.get(token, NOTHING), site.totals, UNKNOWN, STRENGTH)
        mine = own.tokens.get(token)
        if mine is not None:
            estimate = _estimate(mine, own.totals, estimate, SITE_STRENGTH if token in site.tokens else STRENGTH)
        distance = abs(estimate - 0.5)
        if distance >= MINIMUM:
            clues.append((distance, estimate))
    clues.sort(reverse=True)
    return Judgement(_combine([estimate for _, estimate in clues[:MAX_CLUES]]), weight, len(clues))


def _weight(totals: Counts) -> float:
    return min(1.0, min(totals) / ENOUGH)


def _estimate(counts: Counts, totals: Counts, prior: float, strength: float) -> float:
    spam = counts.spam / totals.spam if totals.spam else 0.0
    ham = counts.ham / totals.ham if totals.ham else 0.0
    seen = counts.spam + counts.ham
    if not seen or not (spam + ham):
        return prior
    ratio = min(spam, 1.0) / (min(spam, 1.0) + min(ham, 1.0))
    return (strength * prior + seen * ratio) / (strength + seen)


def _combine(estimates: list[float]) -> float:
    if not estimates:
        return 0.5
    spam = -2.0 * sum(math.log(1.0 - estimate) for estimate in estimates)
    ham = -2.0 * sum(math.log(estimate) for estimate in estimates)
    freedom = 2 * len(estimates)
    is_spam, is_ham = 1.0 - _chi_squared(spam, freedom), 1.0 - _chi_squared(ham, freedom)
    return (is_spam - is_ham + 1.0) / 2.0


def _chi_squared(value: float, freedom: int) -> float:
    """How likely so much or more is by chance; `freedom` is even."""
    half = value / 2.0
    if half > 700:
        return 0.0
    term = total = math.exp(-half)
    for step in range(1, freedom // 2):
        term *= half / step
        total += term
    return min(total, 1.0)
