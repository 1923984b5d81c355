"""HTML to the text a reader would see, by a stripper that is linear on any input.

Not a sanitiser: what comes out is text, never markup. Every pattern stops at the next "<", so
a million unclosed tags cost no more than their length.
"""

import html
import re

_HIDDEN = ("script", "style", "head", "title", "template", "noscript", "object", "svg")
_BREAK = re.compile(
    r"<(?:/?(?:p|div|tr|table|h[1-6]|li|ul|ol|dl|dt|dd|blockquote|pre|section|article|header|footer|center|form|address|caption)"
    r"|br|hr)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_CELL = re.compile(r"</?(?:td|th|option|img)(?=[\s/>])[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>")
# html.unescape hands every digit to int(), which refuses thousands of them.
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")
_OPEN_HIDDEN = re.compile(rf"<(!--|{'|'.join(_HIDDEN)})(?=[\s/>]|(?<=--))", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\f\v\u00a0\u2002-\u200a]+")
_FORGIVING = frozenset(("head", "noscript", "object"))


def html_to_text(source: str) -> str:
    """Visible text, one line for each block, blanks collapsed, character references resolved."""
    text = _drop_hidden(source)
    text = text.replace("\r", " ").replace("\n", " ")
    text = _BREAK.sub("\n", text)
    text = _CELL.sub(" ", text)
    text = _TAG.sub("", text)
    if "&" in text:
        text = html.unescape(_LONG_REFERENCE.sub("\ufffd", text))
    text = _BLANKS.sub(" ", text)
    return _join_lines(text)


def _join_lines(text: str) -> str:
    return "\n".join(filter(None, (line.strip() for line in text.split("\n"))))


def _drop_hidden(source: str) -> str:
    """Without comments and elements whose content is not shown. An unclosed one hides the rest, as in a browser."""
    lowered = source.lower()
    if len(lowered) != len(source):
        # A few letters grow in lower case, and offsets would slip.
        lowered = source.translate(_ASCII_LOWER)
    out: list[str] = []
    position = 0
    missing: set[str] = set()
    while True:
        match = _OPEN_HIDDEN.search(source, position)
        if match is None:
            break
        out.append(source[position : match.start()])
        name = match.group(1).lower()
        closing = "-->" if name == "!--" else f"</{name}"
        found = -1 if name in missing else lowered.find(closing, match.end() - (2 if name == "!--" else 0))
        if found == -1:
            missing.add(name)
            if name in _FORGIVING or name == "!--":
                # Hiding a whole letter behind one stray tag would lose it to search.
                position = match.end()
                continue
            return "".join(out)
        out.append(" ")
        end = found + 3 if name == "!--" else lowered.find(">", found) + 1
        position = end if end > 0 else len(source)
    out.append(source[position:])
    return "".join(out)


_ASCII_LOWER = {upper: upper + 32 for upper in range(65, 91)}
