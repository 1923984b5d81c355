"""Limits that keep memory and time bounded whatever the other side sends."""

from dataclasses import dataclass

MAX_PART_DEPTH = 50
MAX_PARTS = 1_000
MAX_HEADER_BYTES = 1_000_000
MAX_HOPS = 50
MAX_ANNOTATIONS = 50
"""Notes on one folder."""
MAX_ANNOTATION_BYTES = 32_768


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    max_message_bytes: int = 52_428_800
    max_recipients: int = 1_000
    max_line: int = 4_096
    """Octets of one command line; RFC 5321 §4.5.3.1.4 asks for 512 and extensions add to it."""
    max_errors: int = 20
    max_transactions: int = 1_000
    max_hold: int = 366 * 86_400
    """Seconds a sender may ask mail to wait (RFC 4865)."""
    command_timeout: float = 300.0
    session_timeout: float = 3_600.0


@dataclass(frozen=True, slots=True)
class ImapLimits:
    max_literal_bytes: int = 52_428_800
    max_line: int = 65_536
    max_command_bytes: int = 1_048_576
    """Everything of one command but an APPEND literal."""
    max_depth: int = 50
    idle_timeout: float = 1_800.0
    login_timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Pop3Limits:
    max_line: int = 1_024
    idle_timeout: float = 600.0
    login_timeout: float = 60.0
