"""The rights of RFC 4314 §2.1, as text: one letter each, in a fixed order."""

from .errors import BadSyntax

ALL = "lrswipkxtea"
"""lookup, read, seen, write flags, insert, post, create, remove folder, delete messages, expunge, administer."""
_OLD = {"c": "k", "d": "xte"}
"""RFC 2086's, each standing for others (RFC 4314 §2.1.1)."""


def parse_rights(text: str) -> str:
    """Letters in any order, the old ones resolved; BadSyntax for one there is not."""
    found = set("".join(_OLD.get(letter, letter) for letter in text))
    unknown = found - set(ALL)
    if unknown:
        raise BadSyntax("There is no such right.", repr(sorted(unknown)))
    return arrange(found)


def arrange(letters: "set[str] | frozenset[str] | str") -> str:
    return "".join(letter for letter in ALL if letter in letters)


def show_rights(rights: str) -> str:
    """With the old letters for clients that know no others (RFC 4314 §2.1.1)."""
    return rights + "".join(old for old, new in _OLD.items() if set(new) & set(rights))
