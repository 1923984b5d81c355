"""How two strings compare: i;octet, i;ascii-casemap and i;ascii-numeric (RFC 4790 §9).

i;ascii-casemap knows the 26 letters only, as its definition says: "É" is not "é".
"""

from enum import StrEnum

_FOLD = {upper: upper + 32 for upper in range(65, 91)}


class Comparator(StrEnum):
    OCTET = "i;octet"
    CASEMAP = "i;ascii-casemap"
    NUMERIC = "i;ascii-numeric"


def fold(value: str) -> str:
    """The ASCII letters in lower case."""
    return value.lower() if value.isascii() else value.translate(_FOLD)


def number(value: str) -> int | None:
    """The digits a value begins with (RFC 4790 §9.1.1); None, greater than every number, without any."""
    count = 0
    while count < len(value) and value[count] in "0123456789":
        count += 1
    return int(value[:count]) if 0 < count <= 4_000 else None


def compare(comparator: Comparator, left: str, right: str) -> int:
    """-1, 0 or 1."""
    if comparator is Comparator.NUMERIC:
        a, b = number(left), number(right)
        if a is None or b is None:
            return (a is None) - (b is None)
        return (a > b) - (a < b)
    if comparator is Comparator.CASEMAP:
        left, right = fold(left), fold(right)
    x, y = left.encode("utf-8", "replace"), right.encode("utf-8", "replace")
    return (x > y) - (x < y)
