"""COPY, MOVE, UID EXPUNGE (RFC 3501 §6.4.7; RFC 6851; RFC 4315 §2.1)."""

from dataclasses import dataclass

from .cursor import Cursor
from .names import parse_name
from .sequences import SequenceSet, parse_set


@dataclass(frozen=True, slots=True)
class Copy:
    messages: SequenceSet
    target: str


def parse_copy(cursor: Cursor) -> Copy:
    cursor.space()
    messages = parse_set(cursor)
    cursor.space()
    return Copy(messages, parse_name(cursor))


def parse_messages(cursor: Cursor) -> SequenceSet:
    cursor.space()
    return parse_set(cursor)
