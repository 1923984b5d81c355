"""GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208 §4.1, §7)."""

from dataclasses import dataclass

from .cursor import Cursor


@dataclass(frozen=True, slots=True)
class SetQuota:
    root: bytes
    limits: tuple[tuple[bytes, int], ...]


def parse_root(cursor: Cursor) -> bytes:
    cursor.space()
    return cursor.astring()


def parse_set_quota(cursor: Cursor) -> SetQuota:
    root = parse_root(cursor)
    cursor.space()
    cursor.expect(b"(")
    limits: list[tuple[bytes, int]] = []
    while not cursor.skip(b")"):
        if limits:
            cursor.space()
        name = cursor.atom().upper()
        cursor.space()
        limits.append((name, cursor.number(limit=2**63 - 1)))
    return SetQuota(root, tuple(limits))
