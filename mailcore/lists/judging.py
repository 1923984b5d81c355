"""What is to become of a message that came for a list: posted, held, refused or dropped, and why.

No loops: our own List-Id or X-Loop, answers of machines (RFC 3834 §2), mail of other lists
(RFC 2919 §7). Whoever may post by being a moderator must be proved, for a From field is easily written.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from mailcore.kernel.errors import MailError
from mailcore.mime import addresses
from mailcore.mime.headers import Headers
from mailcore.queue.claims import Lease

from . import roster
from .models import MailingList, Member, Post

MAX_ADDRESSEES = 50
"""A post to more addresses than that is held: it looks like spam, and each would get the answers."""
_LOGGED_IN = frozenset(("submission", "web", "api", "local"))
_DMARC = re.compile(r"\bdmarc=(\w+)", re.IGNORECASE)
_NEGATIVE = re.compile(r"auto-(?:replied|notified)", re.IGNORECASE)


class Act(StrEnum):
    POST = "post"
    HOLD = "hold"
    REFUSE = "refuse"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Judgement:
    act: Act
    reason: str = ""
    author: str = ""
    """Folded; "" where none can be read."""
    is_staff: bool = False


def judge(row: MailingList, lease: Lease, headers: Headers) -> Judgement:
    author = find_author(headers)
    reason = _why_loop(row, headers, lease)
    if reason:
        return Judgement(Act.DISCARD, reason, author)
    if (
        lease.message_id
        and Post.objects.filter(mailing_list=row, message_id=lease.message_id).exclude(source_trace=lease.trace_id).exists()
    ):
        return Judgement(Act.DISCARD, "a message with this Message-ID came before", author)
    if not author:
        return Judgement(Act.HOLD, "it names no author")
    member = roster.find(row, author)
    proof = _proof(headers, lease)
    is_staff = member is not None and member.role != Member.Role.MEMBER and proof == "proved"
    if is_staff:
        return Judgement(Act.POST, "", author, True)
    if proof == "forged":
        return Judgement(Act.HOLD, f"nothing proves that it is from {author}", author)
    reason = _why_hold(headers, lease, row)
    if row.post_policy == MailingList.PostPolicy.OPEN or (row.post_policy == MailingList.PostPolicy.MEMBERS and member is not None):
        return Judgement(Act.HOLD if reason else Act.POST, reason, author)
    if row.post_policy == MailingList.PostPolicy.MODERATED and member is not None:
        return Judgement(Act.HOLD, reason or "each post to this list is approved", author)
    who = f"{author} is not a member" if member is None else f"{author} may not post to this list"
    return Judgement({"hold": Act.HOLD, "reject": Act.REFUSE, "discard": Act.DISCARD}[row.outsiders], who, author)


def find_author(headers: Headers) -> str:
    """The one address in From, folded; "" where there is none or several."""
    found = [one for field in headers.get_fields("from") for one in addresses.list_mailboxes(field.value.decode("utf-8", "replace"))]
    if len(found) != 1:
        return ""
    try:
        return roster.fold(found[0].address)
    except MailError:
        return ""


def is_by_machine(headers: Headers) -> bool:
    """Not to be answered: answers of machines, bulk mail, mail of lists."""
    automatic = (headers.get("auto-submitted") or "no").strip().lower()
    bulk = (headers.get("precedence") or "").strip().lower() in ("bulk", "list", "junk")
    return not automatic.startswith("no") or bulk or "list-id" in headers


def _why_loop(row: MailingList, headers: Headers, lease: Lease) -> str:
    own = str(row.address)
    if own in [value.strip().lower() for value in headers.get_all("x-loop")]:
        return "it has been on this list already (X-Loop)"
    if any(f"<{own.replace('@', '.')}>" in value.lower() for value in headers.get_all("list-id")):
        return "it has been on this list already (List-Id)"
    if not lease.sender:
        return "it is a report, not a post"
    if _NEGATIVE.search(headers.get("auto-submitted") or "") or "x-autoreply" in headers or "x-autorespond" in headers:
        return "it is the answer of a machine"
    return ""


def _why_hold(headers: Headers, lease: Lease, row: MailingList) -> str:
    if lease.size > row.max_bytes:
        return f"it is larger than {row.max_bytes} octets"
    addressees = sum(field.value.count(b"@") for name in ("to", "cc") for field in headers.get_fields(name))
    if addressees > MAX_ADDRESSEES:
        return f"it is addressed to {addressees} addresses"
    if is_by_machine(headers):
        return "it was sent by a machine or by another list"
    return ""


def _proof(headers: Headers, lease: Lease) -> str:
    """proved, forged, or unknown: by the login it was sent with, or by what this host found when it came (RFC 8601 §2.2)."""
    if lease.source in _LOGGED_IN:
        return "proved"
    host = settings.FACTEUR.hostname.lower()
    for value in headers.get_all("authentication-results"):
        if value.strip().lower().split(";")[0].split(" ")[0] == host:
            found = _DMARC.search(value)
            word = found[1].lower() if found else ""
            return {"pass": "proved", "fail": "forged"}.get(word, "unknown")
    return "unknown"
