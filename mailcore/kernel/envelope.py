"""The SMTP envelope: who sent a message, to whom, and what was asked about its report.

RFC 5321 §2.3.1; RFC 3461 (DSN parameters); RFC 4865 (release later); RFC 2852 (deliver by).
"""

from dataclasses import dataclass, field

from .ids import UserId


@dataclass(frozen=True, slots=True)
class EnvelopeRecipient:
    address: str
    """As given by the sender, e.g. `Ann+news@example.org`."""
    notify: str = ""
    """RFC 3461 §4.1: "", "NEVER" or a comma list of SUCCESS, FAILURE, DELAY."""
    orcpt: str = ""
    """RFC 3461 §4.2, still xtext-encoded, e.g. `rfc822;ann@example.org`."""


@dataclass(frozen=True, slots=True)
class Envelope:
    sender: str
    """"" is the null sender `<>`."""
    recipients: tuple[EnvelopeRecipient, ...]
    smtputf8: bool = False
    eight_bit: bool = False
    ret: str = ""
    """RFC 3461 §4.3: "", "FULL" or "HDRS"."""
    envid: str = ""
    requiretls: bool = False
    """RFC 8689: only hosts that prove who they are, under TLS, may be given this message."""
    hold_until: int = 0
    """Seconds since the epoch before which it must not leave; 0 is at once. Until then its sender may call it back."""
    deliver_by: int = 0
    """RFC 2852: seconds since the epoch by which it is to be delivered; 0 is whenever."""
    by_mode: str = ""
    """RFC 2852 §4: "R" is returned when the time has passed, of "N" the sender is told; "" without `deliver_by`."""
    by_trace: bool = False
    """RFC 2852 §4: its sender wants to know of each host that passes it on."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message entered: what `Received` and the journey say of it."""

    source: str
    """smtp, submission, lmtp, web, import, dsn, forward, api."""
    peer: str = ""
    """IP address of the other side, "" inside."""
    helo: str = ""
    protocol: str = "ESMTP"
    """The `with` word of Received (RFC 3848): ESMTP, ESMTPS, ESMTPSA, LMTP, HTTP, LOCAL."""
    user_id: UserId | None = None
    tls: str = ""
    """e.g. "TLSv1.3 TLS_AES_256_GCM_SHA384", "" in clear."""
    headers: tuple[str, ...] = field(default=())
    """Extra trace header lines to put on top, without line ends."""
    findings: tuple[str, ...] = field(default=())
    """What the checks at the door found, in plain words, for the journey; each names its rule."""
    filing: str = ""
    """The special use, e.g. "junk", of the folder a check wants it filed in; "" for the inbox."""
    hold: str = ""
    """Why it is to be held in the queue until somebody lets it go; "" is not at all."""
