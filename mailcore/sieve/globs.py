"""The `:matches` patterns of Sieve, in time that grows with pattern times text at most.

RFC 5228 §2.7.1: `*` is any run, `?` one character, a backslash takes either literally. A star
takes as little as it can (RFC 5229 §3.2), so the first place where the next piece fits is the
right one, and nothing is ever tried twice.
"""

import re
from collections.abc import Callable

Captures = tuple[str, ...]
Glob = Callable[[str], Captures | None]
"""What each wildcard stood for, in order, or None where the text does not match."""


def compile_glob(pattern: str, *, ignore_case: bool) -> Glob:
    pieces = _split(pattern)
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else 0)
    compiled = [(re.compile("".join(parts), flags), len(parts), parts) for parts in pieces]

    def match(text: str) -> Captures | None:
        regex, length, _ = compiled[0]
        first = regex.match(text)
        if first is None or (len(compiled) == 1 and length != len(text)):
            return None
        captures: list[str] = list(first.groups())
        position = length
        for index in range(1, len(compiled)):
            regex, length, _ = compiled[index]
            if index == len(compiled) - 1:
                start = len(text) - length
                found = regex.match(text, start) if start >= position else None
            else:
                found = regex.search(text, position)
            if found is None:
                return None
            captures.append(text[position : found.start()])
            captures.extend(found.groups())
            position = found.end()
        return tuple(captures)

    return match


def plain_text(pattern: str) -> str | None:
    """What the pattern says without wildcards; None where it has any."""
    pieces = _split(pattern)
    if len(pieces) > 1 or "(.)" in pieces[0]:
        return None
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)


def _split(pattern: str) -> list[list[str]]:
    """The pieces between stars, each a list of one regular expression a character."""
    pieces: list[list[str]] = [[]]
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "*":
            pieces.append([])
        elif char == "?":
            pieces[-1].append("(.)")
        else:
            if char == "\\" and position + 1 < len(pattern):
                position += 1
                char = pattern[position]
            pieces[-1].append(re.escape(char))
        position += 1
    return pieces
