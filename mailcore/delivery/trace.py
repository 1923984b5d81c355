"""The lines put before a message at the door: Received, and what a message of our own lacks.

RFC 5321 §4.4 (trace information), RFC 3848 and RFC 6531 §3.7.3 (the `with` word), RFC 5322 §3.6
(Message-ID and Date). What was received is never changed, only preceded. Pure.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.envelope import Envelope, Origin
from mailcore.kernel.errors import BadSyntax, Refused
from mailcore.kernel.limits import MAX_HEADER_BYTES, MAX_HOPS

OWN_SOURCES = frozenset({"submission", "web", "api", "dsn", "local"})
"""Where this house is the first to handle the message, and completes its header (RFC 6409 §8)."""
_FIELD = re.compile(rb"^(received|message-id|date|delivered-to)[ \t]*:(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_BEGINS = re.compile(rb"[!-9;-~]+[ \t]*:|\r?\n|>?From ")
_HELO = re.compile(r"[^A-Za-z0-9._:\[\]-]")
_ID = re.compile(rb"<([^<>\s]+)>")


@dataclass(frozen=True, slots=True)
class Header:
    """What the intake has to know of a message's header."""

    hops: int
    message_id: str
    has_message_id: bool
    has_date: bool
    delivered_to: tuple[str, ...]
    """Folded addresses."""
    is_missing: bool = False
    """The text begins at the first line: without an empty line our own lines would seem to be cut short."""


@lru_cache(maxsize=64)
def format_time(at: int) -> str:
    """RFC 5322 §3.3, in UTC."""
    return format_datetime(datetime.fromtimestamp(at, UTC))


def scan(raw: bytes) -> Header:
    """Read the header block once, without parsing the message."""
    hops, message_id, has_id, has_date = 0, "", False, False
    delivered_to: dict[str, None] = {}
    for match in _FIELD.finditer(raw, 0, _find_header_end(raw)):
        name, value = match[1].lower(), match[2].strip()
        if name == b"received":
            hops += 1
        elif name == b"message-id" and not has_id:
            has_id = True
            found = _ID.search(value)
            message_id = (found[1] if found else value).decode("utf-8", "replace")
        elif name == b"date":
            has_date = True
        elif name == b"delivered-to":
            delivered_to.setdefault(_fold(value.decode("utf-8", "replace")))
    return Header(hops, message_id[:255], has_id, has_date, tuple(delivered_to), _BEGINS.match(raw) is None)


def _find_header_end(raw: bytes) -> int:
    if raw.startswith((b"\r\n", b"\n")):
        return 0
    end = raw.find(b"\n\r\n", 0, MAX_HEADER_BYTES)
    end = min(len(raw), MAX_HEADER_BYTES) if end < 0 else end
    bare = raw.find(b"\n\n", 0, end)
    return end if bare < 0 else bare


def check_hops(header: Header) -> None:
    """RFC 5321 §6.3: a message that passed too many hosts goes round in a loop."""
    if header.hops > MAX_HOPS:
        raise Refused("Too many hops: this message goes round in a loop.", f"5.4.6 {header.hops} Received lines")


def make_lines(*, envelope: Envelope, origin: Origin, header: Header, trace_id: str, hostname: str, now: int) -> tuple[bytes, str]:
    """(header lines to put before the message, its Message-ID without angle brackets)."""
    lines = [*origin.headers, _received(envelope, origin, trace_id, hostname, now)]
    message_id = header.message_id
    if origin.source in OWN_SOURCES:
        if not header.has_message_id:
            message_id = f"{trace_id}@{hostname}"
            lines.append(f"Message-ID: <{message_id}>")
        if not header.has_date:
            lines.append(f"Date: {format_time(now)}")
    if header.is_missing:
        lines.append("")
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace"), message_id


def _received(envelope: Envelope, origin: Origin, trace_id: str, hostname: str, now: int) -> str:
    parts = []
    if origin.peer or origin.helo:
        parts.append(f"from {_HELO.sub('?', origin.helo)[:255] or 'unknown'}{_literal(origin.peer)}")
    tls = f"\r\n\t({re.sub(r'[^A-Za-z0-9._ -]', '', origin.tls)})" if origin.tls else ""
    parts.append(f"by {hostname} with {origin.protocol}{tls} id {trace_id}")
    if len(envelope.recipients) == 1:
        parts.append(f"for <{_one_line(envelope.recipients[0].address)}>")
    return "Received: " + "\r\n\t".join(parts) + f";\r\n\t{format_time(now)}"


@lru_cache(maxsize=256)
def _literal(peer: str) -> str:
    try:
        address = ip_address(peer)
    except ValueError:
        return ""
    return f" ([{'IPv6:' if isinstance(address, IPv6Address) else ''}{address}])"


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f<>]", "?", text)


def _fold(text: str) -> str:
    try:
        return MailAddress.parse(text.strip("<> ")).folded
    except BadSyntax:
        return text.strip().lower()
