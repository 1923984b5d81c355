"""The clues a message gives the classifier. Pure.

Words in any script that parts them by blanks; pairs of neighbours where a script does not (Chinese, Japanese, Thai …).
A clue from a header says which, so that a word in a subject and in a text are two clues.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b

from mailcore.mime.addresses import list_mailboxes

from .sample import Sample, host_of, raw_value

MAX_TOKENS = 600
"""Different clues of one message; the first ones count."""
_WORD = re.compile(r"[^\W_]+(?:['’\-.][^\W_]+)*")
_UNPARTED = re.compile("[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_MONEY = re.compile(r"[$€£¥₹]\s?\d|\d\s?[$€£¥₹%]")
_SHOUT = re.compile(r"!{2,}|\?{2,}|\${2,}")
_OURS = frozenset(("x-spam-score", "x-spam-status", "x-spam-flag", "x-spam-level", "x-spam-checker-version", "authentication-results"))
"""What filters wrote: learning from it would be learning from oneself."""
_HANDLED = frozenset(
    (
        "received", "return-path", "delivered-to", "delivery-date", "envelope-to", "x-original-to", "date", "from", "to", "cc", "bcc",
        "subject", "message-id", "references", "in-reply-to", "reply-to", "sender", "content-length", "lines", "status", "x-status",
        "x-keywords", "x-uid", "dkim-signature", "arc-seal", "arc-message-signature", "arc-authentication-results",
    )
)  # fmt: skip


def hash_token(token: str) -> int:
    """64 bits, signed, as both databases keep them."""
    return int.from_bytes(blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def find_hashed(sample: Sample) -> list[int]:
    """As `find`, hashed; worked out once for a sample."""
    if sample.hashed is None:
        sample.hashed = [hash_token(token) for token in find(sample)]
    return sample.hashed


def find(sample: Sample) -> list[str]:
    """Different clues, in the order they stand in."""
    found: dict[str, None] = {}
    for token in _all(sample):
        if token not in found:
            found[token] = None
            if len(found) >= MAX_TOKENS:
                break
    return list(found)


def _all(sample: Sample) -> Iterator[str]:
    yield from _of_proofs(sample)
    yield from _of_people(sample)
    yield from _of_header(sample)
    yield from _of_structure(sample)
    yield from _of_urls(sample)
    for word in words(sample.subject):
        yield f"s:{word}"
    yield from words(sample.text)


def words(text: str) -> Iterator[str]:
    for match in _SHOUT.finditer(text):
        yield match[0][:4]
    for match in _MONEY.finditer(text):
        yield f"money:{'%' if '%' in match[0] else 'sum'}"
    for match in _WORD.finditer(text):
        word = match[0]
        if not word.isascii():
            parts = _UNPARTED.findall(word)
            if parts:
                yield from (part[at : at + 2] for part in parts for at in range(max(1, len(part) - 1)))
                continue
        if 3 <= len(word) <= 24:
            if word.isupper() and len(word) > 3:
                yield "up:" + word.lower()
            yield word.lower()
        elif len(word) > 24:
            yield f"long:{word[0].lower()}{len(word) // 10}"


def _of_proofs(sample: Sample) -> Iterator[str]:
    for method, result in sample.proofs.items():
        yield f"proof:{method}={result}"


def _of_people(sample: Sample) -> Iterator[str]:
    for name in ("from", "reply-to", "sender"):
        value = sample.headers.get_text(name)
        for person in list_mailboxes(value)[:3] if value else ():
            local, _, domain = person.address.lower().rpartition("@")
            yield f"{name}:{domain}"
            yield f"{name}:{local}@"
            yield from _of_domain(f"{name}:", domain)
            for word in words(person.name or ""):
                yield f"{name}n:{word}"
    for name in ("to", "cc"):
        value = sample.headers.get_text(name)
        listed = list_mailboxes(value) if value else []
        yield f"{name}#:{min(len(listed), 8)}"
        for person in listed[:8]:
            yield f"{name}:{person.address.lower()}"
            yield f"{name}n:{'named' if person.name else 'bare'}"


def _of_header(sample: Sample) -> Iterator[str]:
    headers = sample.headers
    message_id = raw_value(headers, "message-id")
    yield f"mid:{message_id.strip('<> ').rpartition('@')[2].lower()[:60]}" if message_id else "mid:none"
    yield f"refs:{min(len(raw_value(headers, 'references').split()), 3)}"
    yield f"reply:{'in-reply-to' in headers}"
    date = raw_value(headers, "date")
    yield f"tz:{date.split()[-1][:8] if date else 'none'}" if not date.endswith(")") else f"tz:{date.split('(')[0].split()[-1:]}"
    yield f"hops:{min(len(sample.hops), 8)}"
    for hop in sample.hops[:6]:
        if hop.peer:
            octets = hop.peer.split(".")
            yield f"ip:{'.'.join(octets[:2])}"
            yield f"ip:{'.'.join(octets[:3])}"
        yield from _of_domain("helo:", hop.helo)
        if hop.helo and "." not in hop.helo:
            yield "helo:short"
    for field in headers:
        name = field.name.lower()
        if not name:
            yield "header:broken"
        elif name not in _HANDLED and name not in _OURS:
            yield f"h:{name}"
            if len(field.value) < 200:
                for word in _WORD.findall(field.value.decode("latin-1"))[:12]:
                    yield f"h:{name}:{word.lower()[:24]}"


def _of_structure(sample: Sample) -> Iterator[str]:
    for part in sample.parts:
        yield f"part:{part.content_type}:{part.encoding}:{(part.params.get('charset') or '').lower()[:20]}"
        if part.filename:
            yield f"file:{part.filename.rpartition('.')[2].lower()[:8]}"
    markup = sample.markup
    if not markup:
        return
    yield f"html:{'also' if sample.has_plain else 'only'}"
    lowered = markup.lower()
    for mark in (
        "<form",
        "<script",
        "<iframe",
        "<img",
        "<table",
        "<font",
        "<style",
        "display:none",
        "font-size:0",
        "<input",
        "<!--",
        "bgcolor",
    ):
        if mark in lowered:
            yield f"html:{mark.strip('<')}"
    for colour in re.findall(r"(?:color|bgcolor)\s*[=:]\s*[\"']?(#?[a-z0-9]{3,12})", lowered)[:30]:
        yield f"colour:{colour}"


def _of_urls(sample: Sample) -> Iterator[str]:
    yield f"url#:{min(len(sample.urls), 10)}"
    for url in sample.urls[:60]:
        if url[:7].lower() == "mailto:":
            yield f"mailto:{url[7:].partition('?')[0].lower()[:60]}"
            continue
        host = host_of(url)
        yield from _of_domain("url:", host)
        for word in _WORD.findall(url.partition("://")[2].partition("/")[2])[:8]:
            if 2 < len(word) <= 20:
                yield f"path:{word.lower()}"


def _of_domain(prefix: str, name: str) -> Iterator[str]:
    """A name and what it is below, down to the last label."""
    labels = name.strip("[]").lower().split(".")
    if all(label.isdigit() for label in labels):
        yield f"{prefix}number"
        return
    for start in range(max(0, len(labels) - 4), len(labels)):
        yield prefix + ".".join(labels[start:])
