"""The milter protocol, version 6, as octets: packets out, replies in. Pure.

A packet is its length (4 octets, big-endian, of what follows), a letter, and the letter's data. The protocol has no RFC; it is
described by the milter library of Sendmail.
"""

import struct
from dataclasses import dataclass
from enum import IntFlag
from ipaddress import IPv6Address, ip_address

VERSION = 6
OLDEST = 2
CHUNK = 65_535


class Actions(IntFlag):
    """What a milter may ask to be changed."""

    ADD_HEADERS = 0x01
    CHANGE_HEADERS = 0x10
    QUARANTINE = 0x20


class Steps(IntFlag):
    """What is left out, at the milter's wish."""

    NO_CONNECT = 0x01
    NO_HELO = 0x02
    NO_MAIL = 0x04
    NO_RCPT = 0x08
    NO_BODY = 0x10
    NO_HEADERS = 0x20
    NO_EOH = 0x40
    NO_REPLY_HEADERS = 0x80
    NO_UNKNOWN = 0x100
    NO_DATA = 0x200
    SKIP = 0x400
    NO_REPLY_CONNECT = 0x1000
    NO_REPLY_HELO = 0x2000
    NO_REPLY_MAIL = 0x4000
    NO_REPLY_RCPT = 0x8000
    NO_REPLY_DATA = 0x1_0000
    NO_REPLY_UNKNOWN = 0x2_0000
    NO_REPLY_EOH = 0x4_0000
    NO_REPLY_BODY = 0x8_0000
    LEADING_SPACE = 0x10_0000
    """Header values keep the space after their colon."""


OFFERED_ACTIONS = Actions.ADD_HEADERS | Actions.CHANGE_HEADERS | Actions.QUARANTINE
OFFERED_STEPS = Steps(0x1F_F7FF)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed on."""

    version: int
    actions: Actions
    steps: Steps


def pack(letter: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", 1 + len(data)) + letter + data


def negotiate() -> bytes:
    return pack(b"O", struct.pack(">III", VERSION, OFFERED_ACTIONS, OFFERED_STEPS))


def read_terms(letter: bytes, data: bytes) -> Terms:
    """ValueError where the milter wants what is not offered, or is too old."""
    if letter != b"O" or len(data) < 12:
        raise ValueError(f"it did not negotiate, but said {letter!r}")
    version, actions, steps = struct.unpack(">III", data[:12])
    if not OLDEST <= version <= VERSION:
        raise ValueError(f"it speaks version {version} of the protocol")
    if actions & ~OFFERED_ACTIONS:
        raise ValueError(f"it wants to change what this server does not let it change ({actions & ~OFFERED_ACTIONS:#x})")
    if steps & ~OFFERED_STEPS:
        raise ValueError(f"it wants steps that are not offered ({steps & ~OFFERED_STEPS:#x})")
    return Terms(version, Actions(actions), Steps(steps))


def macros(letter: bytes, values: dict[str, str]) -> bytes:
    """Words that go with the step of that letter."""
    return pack(b"D", letter + b"".join(_text(name) + _text(value) for name, value in values.items()))


def connect(peer: str, port: int = 0) -> bytes:
    try:
        address = ip_address(peer)
    except ValueError:
        return pack(b"C", _text("localhost") + b"U")
    shown = f"IPv6:{peer}" if isinstance(address, IPv6Address) else peer
    family = b"6" if isinstance(address, IPv6Address) else b"4"
    return pack(b"C", _text(f"[{peer}]") + family + struct.pack(">H", port) + _text(shown if family == b"6" else peer))


def helo(name: str) -> bytes:
    return pack(b"H", _text(name))


def mail(sender: str) -> bytes:
    return pack(b"M", _text(f"<{sender}>"))


def rcpt(recipient: str) -> bytes:
    return pack(b"R", _text(f"<{recipient}>"))


def header(raw: bytes, *, keeps_space: bool) -> bytes:
    """One field with its line end; folded lines are parted by LF alone."""
    name, _, value = raw.removesuffix(b"\r\n").partition(b":")
    value = value.replace(b"\r\n", b"\n")
    if not keeps_space:
        value = value.removeprefix(b" ")
    return pack(b"L", name.replace(b"\0", b"") + b"\0" + value.replace(b"\0", b"") + b"\0")


def read_length(four: bytes) -> int:
    found: int = struct.unpack(">I", four)[0]
    return found


def read_words(data: bytes) -> list[bytes]:
    """Texts that each end in a zero octet."""
    return data.split(b"\0")[:-1] if data.endswith(b"\0") else data.split(b"\0")


def _text(text: str) -> bytes:
    return text.replace("\0", "").replace("\r", "").replace("\n", "").encode("utf-8", "surrogateescape") + b"\0"
