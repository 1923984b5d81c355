"""What checks said of a message, for `spamtest` and `virustest`: read from the header lines scanners leave.

The one place where a script's view of spam comes from. RFC 5235 §3.
"""

import re

from mailcore.sieve.letter import Letter

_SCORE = re.compile(r"score=(-?\d{1,6}(?:\.\d{1,6})?)\s.*?required=(-?\d{1,6}(?:\.\d{1,6})?)", re.DOTALL)
_OURS = re.compile(r"(-?\d{1,6}(?:\.\d{1,6})?)\s+required=(\d{1,6}(?:\.\d{1,6})?)")
SURE = 90.0
"""Percent, where a scanner says yes and no number."""


def spam_percent(letter: Letter, *, filing: str = "") -> float | None:
    """0 to 100, 50 at the scanner's own threshold; None where nobody looked. `filing` is what a check at the door wanted."""
    if filing == "junk":
        return SURE
    for ours in letter.values("x-spam-score")[:1]:
        # The topmost line is this house's own, wherever strangers' mail is scored.
        found = _OURS.match(ours.strip())
        if found is not None and float(found[2]) > 0:
            return min(max(50.0 * float(found[1]) / float(found[2]), 0.0), 100.0)
    for status in letter.values("x-spam-status"):
        found = _SCORE.search(status)
        if found is not None and float(found[2]) > 0:
            return min(max(50.0 * float(found[1]) / float(found[2]), 0.0), 100.0)
    for flag in letter.values("x-spam-flag"):
        return SURE if flag.lower().startswith("yes") else 0.0
    return None


def virus_level(letter: Letter) -> int:
    """RFC 5235 §3.3: 0 where nobody looked, 1 clean, 5 infected."""
    for status in letter.values("x-virus-status"):
        return 1 if status.lower().startswith(("clean", "no")) else 5
    return 0
