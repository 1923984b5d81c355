"""Whether a message may be answered by a machine at all: never lists, robots, bounces or oneself.

RFC 3834 §2, RFC 5230 §4.5 and §4.6. Pure.
"""

import re
from collections.abc import Collection

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax
from mailcore.sieve.letter import Letter

_ROBOT = re.compile(
    r"(?:owner-.*|.*-owner|.*-request|.*-bounces?(?:[+=].*)?|bounces?(?:[+=-].*)?|mailer-daemon|postmaster|listserv|majordomo|mailman"
    r"|no-?reply.*|do-?not-?reply.*|daemon|root)\Z",
    re.IGNORECASE,
)
_LIST_FIELDS = ("list-id", "list-help", "list-subscribe", "list-unsubscribe", "list-post", "list-owner", "list-archive")
_TO_FIELDS = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
_BULK = frozenset(("bulk", "list", "junk"))


def why_not(letter: Letter, *, sender: str, own: Collection[str]) -> str:
    """The reason, "" where it may be answered. `own` are addresses of the owner, folded and without details."""
    if not sender:
        return "it has no sender to answer"
    folded = fold(sender)
    if folded in own:
        return "it is from the owner"
    if _ROBOT.match(folded.partition("@")[0]):
        return f"{sender} is an address of a robot"
    if any(not value.lower().startswith("no") for value in letter.values("auto-submitted")):
        return "it was sent by a machine"
    if any(field in letter.headers for field in _LIST_FIELDS):
        return "it came by a mailing list"
    if any(value.lower() in _BULK for value in letter.values("precedence")):
        return "it is bulk mail"
    if any(word in value.lower() for value in letter.values("x-auto-response-suppress") for word in ("all", "oof", "autoreply")):
        return "its sender asks for no automatic answer"
    if letter.values("x-loop") or any(value.lower().startswith("yes") for value in letter.values("x-spam-flag")):
        return "it is spam, or goes round"
    if not any(fold(f"{one.local}@{one.domain}") in own for field in _TO_FIELDS for one in letter.addresses(field)):
        return "none of the owner's addresses is in To or Cc"
    return ""


def fold(address: str) -> str:
    """Folded, without the detail of a plus address; as it is where it is no address."""
    try:
        parsed = MailAddress.parse(address)
    except BadSyntax:
        return address.lower()
    user, _ = parsed.split_detail()
    return MailAddress(user, parsed.domain).folded
