"""What a message gets on its way to another host: our signatures, or our seal and sender where it is not ours.

The stored bytes do not change; the fields go on top of what is sent. A message that came from a
stranger is never signed in our name, whatever it says of its author: it is sealed (ARC) with what
was found when it came, and its envelope sender is rewritten (SRS).
"""

import logging
import time
from dataclasses import dataclass

from django.conf import settings

from . import authors, fields, forwarding, keys
from .arc import chain, sealing
from .dkim import signing
from .dkim.verification import Bodies
from .fields import Field, unfold
from .names import Bounded
from .naming import get_names

log = logging.getLogger(__name__)

SIGNED_SOURCES = frozenset({"submission", "web", "api", "dsn", "local", "list", "vacation", "report"})
"""Where the sender logged in here, or this house is the author."""
LIST = "list"
"""Posts of lists: the list is who sends them, and what was found of their authors when they came goes along (ARC)."""
SECONDS = 20.0
QUESTIONS = 20


@dataclass(frozen=True, slots=True)
class Departure:
    sender: str
    prefix: bytes
    """Whole fields, to be put before the message."""
    words: str = ""
    """For the journey."""


def dress(*, raw: bytes, sender: str, source: str, orcpt: str) -> Departure:
    """Never raises: a message leaves unsigned rather than not at all, and the log says why."""
    try:
        if source == LIST:
            return _sign_and_seal(raw, sender)
        if source in SIGNED_SOURCES:
            return _sign(raw, sender)
        return _pass_on(raw, sender, orcpt)
    except Exception:
        log.exception("a message from %s could not be signed", sender or "<>")
        return Departure(sender, b"")


def _sign(raw: bytes, sender: str) -> Departure:
    found = keys.find_signing(domain=sender.rpartition("@")[2].lower() if sender else _find_author(raw))
    if not found:
        return Departure(sender, b"")
    header, body = fields.split(raw)
    bodies, now = Bodies(raw[body:]), int(time.time())
    made = [signing.sign(header, bodies, key, now=now) for key in found]
    return Departure(sender, b"".join(made), f"signed as {found[0].domain}")


def _sign_and_seal(raw: bytes, sender: str) -> Departure:
    """The chain is judged by what was found when the post came: a list may have changed the header since (RFC 8617 §5.1)."""
    signed = _sign(raw, sender)
    found = keys.find_signing(domain=sender.rpartition("@")[2].lower())
    if not found:
        return signed
    whole = signed.prefix + raw
    header, body = fields.split(whole)
    results = _own_results(header)
    earlier = any(field.name == b"arc-seal" for field in header)
    state = ("pass" if "arc=pass" in results else "fail") if earlier else "none"
    made = sealing.seal(header, Bodies(whole[body:]), found[0], results=results, chain=state, now=int(time.time()))
    return Departure(sender, made + signed.prefix, f"{signed.words}, sealed" if made else signed.words)


def _find_author(raw: bytes) -> str:
    """A report with the null sender is signed for its author; where there are several, for none."""
    found = authors.find_domains(fields.split(raw)[0])
    return found[0] if len(found) == 1 else ""


def _pass_on(raw: bytes, sender: str, orcpt: str) -> Departure:
    rewritten = forwarding.rewrite_sender(sender, orcpt=orcpt)
    found = keys.find_signing(domain=forwarding.choose_domain(orcpt))
    words = f"passed on as {rewritten}" if rewritten != sender else ""
    if not found:
        return Departure(rewritten, b"", words)
    header, body = fields.split(raw)
    bodies, now = Bodies(raw[body:]), int(time.time())
    earlier = chain.check(Bounded(get_names(), seconds=SECONDS, questions=QUESTIONS), header, bodies, now=now)
    made = sealing.seal(header, bodies, found[0], results=_own_results(header), chain=earlier.result, now=now)
    sealed = f"sealed as {found[0].domain}" if made else ""
    return Departure(rewritten, made, ", ".join(part for part in (words, sealed) if part))


def _own_results(header: list[Field]) -> str:
    """What Authentication-Results says that this host put on: above the Received of its coming, below those of its stay."""
    inside = f"by {settings.FACTEUR.hostname} with LOCAL".encode()
    for field in header:
        if field.name == b"received" and not unfold(field.value).startswith(inside):
            break
        if field.name == b"authentication-results":
            return field.value.strip().decode("ascii", "replace")
    return f"{settings.FACTEUR.hostname}; none"
