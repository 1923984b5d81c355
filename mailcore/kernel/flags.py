"""System flags as bits, keywords as names (RFC 9051 §2.3.2).

A flag set is (bits, keywords): bits fit one byte, keywords are a frozenset of atoms in
the case in which they were first set.
"""

SEEN = 1
ANSWERED = 2
FLAGGED = 4
DELETED = 8
DRAFT = 16

BY_NAME: dict[str, int] = {
    "\\Seen": SEEN,
    "\\Answered": ANSWERED,
    "\\Flagged": FLAGGED,
    "\\Deleted": DELETED,
    "\\Draft": DRAFT,
}


def names(bits: int) -> list[str]:
    return [name for name, bit in BY_NAME.items() if bits & bit]


def join_keywords(keywords: frozenset[str]) -> str:
    """The stored form: sorted, one space between."""
    return " ".join(sorted(keywords))


def split_keywords(stored: str) -> frozenset[str]:
    return frozenset(stored.split())
