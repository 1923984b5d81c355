"""Content-Type and Content-Disposition values with their parameters.

RFC 2045 §5.1, RFC 2183, RFC 2231 (continuations, charsets), and what is sent instead: values
without quotes, RFC 2047 words in quotes, missing semicolons, unclosed quotes. Never raises.
"""

import re
from urllib.parse import unquote_to_bytes

from . import charsets, words

_TYPE = re.compile(r'\s*([^\s;/"=]+)\s*/\s*([^\s;"=,]+)')
_TOKEN = re.compile(r'\s*"?([^\s;"=]*)"?')
# A blank opens a parameter only where it is the first of its run, so runs of blanks cost no more than their length.
_PARAM = re.compile(
    r'(?:;|(?<!\s)\s)\s*([^\s=;"()]+)\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"?|([^;"][^;]*)?)',
    re.DOTALL,
)
_ESCAPE = re.compile(r'\\(["\\])')
_CONTINUED = re.compile(r"(.+?)(?:\*([0-9]{1,3}))?(\*)?\Z", re.DOTALL)
_COMMENT_MARK = re.compile(r'["()\\]')
MAX_PARAMETERS = 200


def parse_content_type(value: str) -> tuple[str, str, dict[str, str]]:
    """(type, subtype, parameters), names in lower case; ("", "", …) where there is no type."""
    if "(" in value:
        value = strip_comments(value)
    match = _TYPE.match(value)
    if match is None:
        return "", "", parse_parameters(value, 0)
    return match.group(1).lower(), match.group(2).lower(), parse_parameters(value, match.end())


def parse_disposition(value: str) -> tuple[str, dict[str, str]]:
    """(disposition, parameters), in lower case; "" where there is none."""
    if "(" in value:
        value = strip_comments(value)
    match = _TOKEN.match(value)
    end = match.end() if match else 0
    token = match.group(1).lower() if match else ""
    if "=" in value[end : end + 1]:
        return "", parse_parameters(" " + value, 0)
    return token, parse_parameters(value, end)


def parse_parameters(value: str, start: int) -> dict[str, str]:
    """Decoded parameters by lower-case name. The first of two wins, an RFC 2231 form over a plain one."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, match in enumerate(_PARAM.finditer(value, start)):
        if count >= MAX_PARAMETERS:
            break
        name = match.group(1).lower()
        quoted = match.group(2)
        text = _ESCAPE.sub(r"\1", quoted) if quoted is not None else (match.group(3) or "").rstrip()
        if "*" not in name:
            plain.setdefault(name, words.decode(text) if "=?" in text else text)
            continue
        parts = _CONTINUED.match(name)
        if parts is None or parts.group(1) == "*":
            continue
        pieces.setdefault(parts.group(1), {}).setdefault(int(parts.group(2) or 0), (text, bool(parts.group(3))))
    for name, numbered in pieces.items():
        plain[name] = _join(numbered)
    return plain


def _join(numbered: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 §3–4.1: pieces by number; percent-decoded where marked, in the first one's charset."""
    charset = "utf-8"
    data: list[bytes] = []
    for position, index in enumerate(sorted(numbered)):
        text, encoded = numbered[index]
        if not encoded:
            data.append(text.encode("utf-8", "replace"))
            continue
        if position == 0 and text.count("'") >= 2:
            named, _, text = text.split("'", 2)
            charset = named or charset
        data.append(unquote_to_bytes(text))
    joined = charsets.decode(b"".join(data), charset)
    if "=?" in joined:
        joined = words.decode(joined)
    return joined.replace("\0", "").replace("\r", "").replace("\n", "")


def strip_comments(value: str) -> str:
    """Without RFC 5322 §3.2.2 comments. One must stand after a blank or semicolon: `foo(1).pdf` is a name."""
    out: list[str] = []
    depth = 0
    quoted = False
    kept = 0
    skip = -1
    for match in _COMMENT_MARK.finditer(value):
        at = match.start()
        if at == skip:
            continue
        char = value[at]
        if char == "\\":
            skip = at + 1
        elif char == '"' and depth == 0:
            quoted = not quoted
        elif quoted:
            continue
        elif char == "(" and (depth or at == 0 or value[at - 1] in " \t;"):
            if depth == 0:
                out.append(value[kept:at])
            depth += 1
        elif char == ")" and depth:
            depth -= 1
            if depth == 0:
                kept = at + 1
    if depth == 0:
        out.append(value[kept:])
    return "".join(out)
