"""Mailing lists: what a message says of its list, and leaving it with one click.

RFC 2369 and RFC 2919 for the headers, RFC 8058 for the one click. The request goes out from the server,
to a public address only, and only after the person said so; nothing is ever fetched by reading.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from mailcore import outgoing
from mailcore.kernel.errors import BadSyntax, Deferred
from mailcore.mime.headers import Headers

_URI = re.compile(r"<\s*([^<>\s]{3,2000})\s*>")
_BODY = b"List-Unsubscribe=One-Click"
_FIELDS = ("list-post", "list-help", "list-archive", "list-owner", "list-subscribe")


@dataclass(frozen=True, slots=True)
class Mailto:
    to: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class MailingList:
    list_id: str
    post_url: str
    """Takes a POST (RFC 8058), or ""."""
    web_url: str
    """A page to unsubscribe on, or ""."""
    mailto: Mailto | None
    links: tuple[tuple[str, str], ...]
    """Other List- headers: name and http(s) or mailto address."""

    @property
    def host(self) -> str:
        return urlsplit(self.post_url or self.web_url).hostname or ""


def read(raw: bytes) -> MailingList | None:
    """None where the message says nothing of a list."""
    headers = Headers.parse(raw)
    unsubscribe = _URI.findall(headers.get("list-unsubscribe") or "")
    list_id = headers.get("list-id") or ""
    links = [(name, address) for name in _FIELDS for address in _URI.findall(headers.get(name) or "") if _is_link(address)]
    if not unsubscribe and not list_id and not links:
        return None
    web = next((address for address in unsubscribe if _is_web(address)), "")
    is_one_click = (headers.get("list-unsubscribe-post") or "").replace(" ", "").lower() == "list-unsubscribe=one-click"
    mailto = next((found for address in unsubscribe if (found := _read_mailto(address))), None)
    post = web if is_one_click and web.lower().startswith("https://") else ""
    return MailingList(list_id, post, web, mailto, tuple(links))


def leave(found: MailingList) -> None:
    """One POST. BadSyntax where the list has no such address, Deferred where it did not take it."""
    if not found.post_url:
        raise BadSyntax("This list cannot be left with one click.")
    target = outgoing.parse(found.post_url)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Facteur", "Connection": "close"}
    answer = outgoing.post(target, to=outgoing.look_up(target), body=_BODY, headers=headers)
    # RFC 8058 §3.1: no redirects are followed.
    if not 200 <= answer.status < 300:
        raise Deferred(f"{target.host} answered {answer.status}. You may still be on the list.")


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _is_link(address: str) -> bool:
    return _is_web(address) or address.lower().startswith("mailto:")


def _read_mailto(address: str) -> Mailto | None:
    """Recipient, subject and text only: nothing else of a stranger's link reaches a letter (RFC 6068 §4)."""
    scheme, colon, rest = address.partition(":")
    to, _question, query = rest.partition("?")
    to = unquote(to)
    if not colon or scheme.lower() != "mailto" or "@" not in to or any(ord(char) < 33 or char in ",;<>" for char in to):
        return None
    fields = {name.lower(): values[0] for name, values in parse_qs(query).items()}
    return Mailto(to, " ".join(fields.get("subject", "unsubscribe").split())[:200], fields.get("body", "")[:1_000])
