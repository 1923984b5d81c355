"""Conditions of recipes as Sieve tests. What has no counterpart raises NotCarried: a recipe without it would do more than before."""

import re

from mailcore.sieve.writing import write_string, write_strings

_TO = ("to", "cc", "bcc", "resent-to", "resent-cc", "apparently-to", "x-envelope-to", "delivered-to")
_DAEMONS = '["mailer-daemon", "daemon@", "postmaster", "listserv", "majordomo", "-request@", "owner-"]'
_FROM_DAEMON = (
    'anyof (exists "list-id", exists "x-mailing-list", header :contains "precedence" ["junk", "bulk", "list"], '
    f'header :contains ["from", "sender", "return-path"] {_DAEMONS})'
)
_FROM_MAILER = 'header :contains ["from", "sender", "return-path"] ["mailer-daemon", "postmaster", "daemon@"]'
_HEADER = re.compile(r"\^(?:\(([A-Za-z0-9|-]+)\)|([A-Za-z0-9-]+)):(.*)\Z", re.DOTALL)
_LEADING_BLANKS = re.compile(r"(?:\\?[ \t]|\[[ \t]+\])[*+?]?|\[ \t\]\*")
_SCORE = re.compile(r"-?[0-9.]+\^-?[0-9.]+\s")
_SIZE = re.compile(r"([<>])\s*([0-9]+)\s*\Z")
_SPECIAL = frozenset("[](){}|*+?^$.\\")


class NotCarried(Exception):
    """Why a condition or an action has no counterpart."""


def write_condition(text: str, flags: str, needs: set[str]) -> str:
    """One Sieve test. `needs` grows by the extensions it takes."""
    if _SCORE.match(text):
        raise NotCarried("weighted scoring")
    negated = False
    while text.startswith("!"):
        negated, text = not negated, text[1:].lstrip()
    made = _write_positive(text, flags, needs)
    return f"not {made}" if negated else made


def _write_positive(text: str, flags: str, needs: set[str]) -> str:
    if text.startswith("?"):
        raise NotCarried(f"the exit code of a program: {text[1:].strip()}")
    size = _SIZE.match(text)
    if size is not None:
        return f"size :{'over' if size[1] == '>' else 'under'} {int(size[2])}"
    area = re.match(r"(\w+)\s*\?\?\s*(.*)\Z", text, re.DOTALL)
    if area is not None:
        if area[1] not in ("B", "H", "HB", "BH"):
            raise NotCarried(f"a match on the variable {area[1]}")
        return _write_area(area[2], area[1], flags, needs)
    written = text.removeprefix("\\") if text.startswith("\\ ") else text
    return _write_area(written, "".join(one for one in "HB" if one in flags) or "H", flags, needs)


def _write_area(pattern: str, area: str, flags: str, needs: set[str]) -> str:
    if area == "H":
        return _write_header(pattern, flags, needs)
    body = _write_body(pattern, flags, needs)
    return body if area == "B" else f"anyof ({_write_header(pattern, flags, needs)}, {body})"


def _write_body(pattern: str, flags: str, needs: set[str]) -> str:
    needs.add("body")
    return _compare("body", ":raw", "", pattern, flags, needs)


def _write_header(pattern: str, flags: str, needs: set[str]) -> str:
    if pattern.startswith("^FROM_DAEMON"):
        return _FROM_DAEMON
    if pattern.startswith("^FROM_MAILER"):
        return _FROM_MAILER
    if pattern.startswith("^TO"):
        rest = pattern[3:].removeprefix("_")
        return _compare("header", "", write_strings(_TO), rest, flags, needs)
    found = _HEADER.match(pattern)
    if found is None:
        raise NotCarried("a pattern that does not begin with the name of a header field")
    names = [name.lower() for name in (found[1] or found[2]).split("|") if name]
    written = write_strings(names, is_list=len(names) > 1)
    rest = found[3]
    if rest in ("", ".*"):
        return f"exists {written}" if len(names) == 1 else f"anyof ({', '.join(f'exists {write_string(name)}' for name in names)})"
    if rest.startswith(".*"):
        return _compare("header", "", written, rest.removeprefix(".*"), flags, needs)
    while (blanks := _LEADING_BLANKS.match(rest)) is not None and blanks[0]:
        rest = rest[blanks.end() :]
    if rest.startswith(".*"):
        return _compare("header", "", written, rest.removeprefix(".*"), flags, needs)
    return _compare("header", "", written, f"^{rest}", flags, needs)


def _compare(test: str, tags: str, names: str, pattern: str, flags: str, needs: set[str]) -> str:
    """`:contains` where the pattern is plain text, `:matches` where it has gaps or ends, else `:regex`."""
    octet = ':comparator "i;octet"' if "D" in flags else ""

    def made(match: str, value: str) -> str:
        return " ".join(word for word in (test, tags, f":{match}", octet, names, write_string(value)) if word)

    anchored, closed = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith("\\$")
    inner = pattern[1 if anchored else 0 : -1 if closed else None]
    pieces = [_plain(piece) for piece in _split_gaps(inner)]
    if all(piece is not None for piece in pieces) and not (test == "body" and (anchored or closed)):
        texts = [piece or "" for piece in pieces]
        if len(texts) == 1 and not anchored and not closed:
            return made("contains", texts[0])
        glob = "*".join(_glob(one) for one in texts)
        return made("matches", ("" if anchored else "*") + glob + ("" if closed else "*"))
    needs.add("regex")
    if test == "body":
        # Of a body each line has its start and end, not the whole.
        pattern = (r"(^|\n)" if anchored else "") + inner + (r"(\r?\n|$)" if closed else "")
    return made("regex", _dialect(pattern))


def _split_gaps(pattern: str) -> list[str]:
    """At each `.*` that is not escaped."""
    return re.split(r"(?<!\\)\.\*", pattern)


def _plain(pattern: str) -> str | None:
    """The text a pattern stands for; None where it is more than text."""
    out: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
            if position >= len(pattern) or pattern[position] in "<>/":
                return None
            char = pattern[position]
        elif char in _SPECIAL:
            return None
        out.append(char)
        position += 1
    return "".join(out)


def _glob(text: str) -> str:
    return "".join(f"\\{char}" if char in "*?\\" else char for char in text)


def _dialect(pattern: str) -> str:
    """procmail's own words in POSIX: `\\<`, `\\>`, and `\\/`, which only marks what is extracted."""
    if "^^" in pattern:
        raise NotCarried("an anchor at the very start or end of the text")
    return pattern.replace("\\<", "(^|[^A-Za-z0-9_])").replace("\\>", "([^A-Za-z0-9_]|$)").replace("\\/", "")
