"""Parts and byte ranges by IMAP section number, without parsing the message again.

RFC 9051 §6.4.5.1: numbers count the parts of a multipart; the parts of a message/rfc822 are
those of the message in it; a message that is no multipart has one part, 1.
"""

from typing import Literal

from .parts import Part

SectionText = Literal["", "HEADER", "TEXT", "MIME"]


def find(root: Part, section: tuple[int, ...]) -> Part | None:
    """The part of that number; the root for an empty section; None where there is none."""
    current = root
    inside = True
    for number in section:
        if not inside:
            if current.message is not None:
                current = current.message.root
            elif not current.is_multipart:
                return None
        if current.is_multipart:
            if not 1 <= number <= len(current.children):
                return None
            current = current.children[number - 1]
        elif number != 1:
            return None
        inside = False
    return current


def locate(root: Part, section: tuple[int, ...], text: SectionText = "") -> tuple[int, int] | None:
    """The byte range (start, end) of `BODY[section.text]`, None where the message has no such section.

    "" is a part's body, or the whole message for an empty section. HEADER and TEXT after a
    number need a message/rfc822 part; MIME needs a number.
    """
    part = find(root, section)
    if part is None:
        return None
    if text == "MIME":
        return (part.header_start, part.body_start) if section else None
    if text:
        if section:
            if part.message is None:
                return None
            part = part.message.root
        return (part.header_start, part.body_start) if text == "HEADER" else (part.body_start, part.body_end)
    return (part.body_start, part.body_end) if section else (part.header_start, part.body_end)
