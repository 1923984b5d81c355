"""SELECT and EXAMINE with their parameters (RFC 3501 §6.3.1; RFC 4466 §2.1; RFC 7162 §3.1.8, §3.2.5)."""

from dataclasses import dataclass

from .cursor import BadCommand, Cursor
from .names import parse_name
from .sequences import SequenceSet, count_numbers, parse_set

MAX_MATCHES = 100_000


@dataclass(frozen=True, slots=True)
class Resync:
    """What a client remembers of the folder it left (RFC 7162 §3.2.5)."""

    uidvalidity: int
    modseq: int
    known: SequenceSet | None = None
    matches: tuple[SequenceSet, SequenceSet] | None = None
    """Sequence numbers and the UIDs that went with them, in the same order."""


@dataclass(frozen=True, slots=True)
class Select:
    name: str
    condstore: bool = False
    resync: Resync | None = None


def parse_select(cursor: Cursor) -> Select:
    cursor.space()
    name = parse_name(cursor)
    if not cursor.skip(b" "):
        return Select(name)
    cursor.expect(b"(")
    condstore, resync = False, None
    while True:
        word = cursor.word()
        if word == b"CONDSTORE":
            condstore = True
        elif word == b"QRESYNC" and resync is None:
            cursor.space()
            resync = _parse_resync(cursor)
        else:
            raise BadCommand("SELECT takes no such parameter here")
        if cursor.skip(b")"):
            return Select(name, condstore, resync)
        cursor.space()


def _parse_resync(cursor: Cursor) -> Resync:
    """`(` uidvalidity mod-sequence [known UIDs] [`(` numbers UIDs `)`] `)`."""
    cursor.expect(b"(")
    uidvalidity = cursor.number()
    cursor.space()
    modseq = cursor.number(limit=2**63 - 1)
    if not uidvalidity or not modseq:
        raise BadCommand("UIDVALIDITY and modseq are at least 1")
    known, matches = None, None
    if cursor.skip(b" "):
        if not cursor.peek(b"("):
            known = parse_set(cursor, star=False)
            if not cursor.skip(b" "):
                cursor.expect(b")")
                return Resync(uidvalidity, modseq, known)
        matches = _parse_matches(cursor)
    cursor.expect(b")")
    return Resync(uidvalidity, modseq, known, matches)


def _parse_matches(cursor: Cursor) -> tuple[SequenceSet, SequenceSet]:
    cursor.expect(b"(")
    numbers = parse_set(cursor, star=False)
    cursor.space()
    uids = parse_set(cursor, star=False)
    cursor.expect(b")")
    count = count_numbers(numbers)
    if count != count_numbers(uids):
        raise BadCommand("There are not as many numbers as UIDs")
    if count > MAX_MATCHES:
        raise BadCommand("Those are too many numbers to compare")
    return numbers, uids
