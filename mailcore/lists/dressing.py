"""A post as members get it: what a list adds on top, the sender that DMARC allows, nothing else changed.

RFC 2919 (List-Id), RFC 2369 (the other List fields), RFC 7489 §6.3 (policies). The body never changes, and where
nothing of the header is changed either, the author's DKIM signature stays good. List-Unsubscribe differs for each
member and is added when a copy leaves, see `copies`.
"""

import re

from mailcore.mime import addresses, words
from mailcore.mime.addresses import Mailbox
from mailcore.mime.folding import fold, write_addresses, write_text
from mailcore.mime.headers import Headers
from mailcore.trust import dmarc
from mailcore.trust.names import Bounded, Names, NamesFailed

from . import keys
from .models import MailingList

SECONDS, QUESTIONS = 10.0, 6
_TAKEN = frozenset(
    (
        "return-path", "delivered-to", "list-id", "list-post", "list-help", "list-subscribe", "list-unsubscribe", "list-unsubscribe-post",
        "list-owner", "list-archive", "precedence", "disposition-notification-to", "return-receipt-to", "errors-to", "bcc",
    )
)  # fmt: skip
"""Not passed on: what belongs to another list, what tells on who reads, what names another way back."""
_ANSWER = re.compile(r"(?:(?:re|aw|sv|tr|fwd?|wg)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


def dress(row: MailingList, raw: bytes, *, names: Names) -> bytes:
    """Asks the DNS about the author's domain: never inside a transaction."""
    headers = Headers.parse(raw)
    authors = [one for field in headers.get_fields("from") for one in addresses.list_mailboxes(field.value.decode("utf-8", "replace"))]
    must_hide = any(_is_enforcing(one.domain, names) for one in authors[:3])
    replaced = _replaced(row, headers, authors, must_hide)
    kept = b"".join(
        raw[field.start : field.end] for field in headers if field.name.lower() not in _TAKEN and field.name.lower() not in replaced
    )
    changed = b"".join(replaced.values())
    return top_of(row) + changed + kept + raw[headers.fields[-1].end if headers.fields else 0 :]


def top_of(row: MailingList) -> bytes:
    """The fields that every message of the list has."""
    return b"".join(fold(name, pieces) for name, pieces in _top(row))


def _top(row: MailingList) -> list[tuple[str, list[str]]]:
    own = str(row.address)
    mail = {word: f"<mailto:{keys.command_address(own, word)}>" for word in ("help", "subscribe", "owner")}
    post = ["NO"] if row.post_policy == MailingList.PostPolicy.ANNOUNCEMENT else [f"<mailto:{own}>"]
    return [
        ("List-Id", [*list_title(row), f"<{own.replace('@', '.')}>"]),
        ("List-Post", post),
        ("List-Help", [mail["help"]]),
        ("List-Subscribe", [mail["subscribe"]]),
        ("List-Owner", [mail["owner"]]),
        ("Precedence", ["list"]),
        ("X-Loop", [own]),
    ]


def list_title(row: MailingList) -> list[str]:
    """RFC 2919 §3: a phrase before the identifier."""
    title = re.sub(r'[<>"\\]', "", row.title)
    return words.encode(title) if not title.isascii() else [f'"{title}"']


def _replaced(row: MailingList, headers: Headers, authors: list[Mailbox], must_hide: bool) -> dict[str, bytes]:
    """Fields written anew, by name in lower case."""
    found: dict[str, bytes] = {}
    own_local, _, own_domain = str(row.address).rpartition("@")
    if must_hide:
        shown = ", ".join(one.name or one.local for one in authors)
        found["from"] = fold("From", write_addresses([Mailbox(f"{shown} via {row.title}", own_local, own_domain)]))
        found["x-original-from"] = fold("X-Original-From", write_addresses(authors))
        # Of an author the field does not name any more the signature cannot be good.
        found["dkim-signature"] = b""
    if row.reply_to == MailingList.ReplyTo.LIST:
        found["reply-to"] = fold("Reply-To", write_addresses([Mailbox(row.title, own_local, own_domain)]))
    elif must_hide and "reply-to" not in headers:
        found["reply-to"] = fold("Reply-To", write_addresses(authors))
    if row.subject_prefix:
        subject = headers.get("subject") or ""
        if row.subject_prefix.lower() not in subject.lower():
            answer = _ANSWER.match(subject)
            lead, rest = ("Re: ", subject[answer.end() :]) if answer else ("", subject)
            found["subject"] = fold("Subject", write_text(f"{lead}{row.subject_prefix} {rest}".strip()))
    return found


def _is_enforcing(domain: str, names: Names) -> bool:
    """Where the DNS does not answer, the careful way: hosts might refuse it."""
    try:
        policy = dmarc.find_policy(Bounded(names, seconds=SECONDS, questions=QUESTIONS), domain.lower())
    except NamesFailed:
        return True
    return policy is not None and policy.for_author(domain.lower()) in ("quarantine", "reject")
