"""A message from a stranger at the door: what can be proved of it, and what its author's domain wants done.

SPF, DKIM, ARC, DMARC and iprev; the answer goes into one Authentication-Results field above the
message and into its journey. Called before the message is kept, in a thread, outside any
transaction, for a bounded time. Nothing that fails here loses mail: what cannot be checked counts
as unchecked. The one refusal is DMARC's, and only where the setting allows it.
"""

import logging
import re
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db import DatabaseError

from mailcore.kernel.envelope import Envelope
from mailcore.kernel.errors import Denied
from mailcore.kernel.networks import is_within

from . import authors, dmarc, dmarcoutcomes, fields, iprev, results, spf
from .arc import chain
from .dkim import verification
from .dkim.verification import Bodies
from .dmarc import Proved
from .names import Bounded, Names
from .naming import get_names
from .organisations import find_organisation, is_aligned
from .results import Result

log = logging.getLogger(__name__)

SECONDS = 20.0
QUESTIONS = 80
"""What one message may cost of the name service's time and patience."""
_VOUCHED = re.compile(r"\b(?:dmarc|arc)\s*=\s*pass\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What to keep: `raw` as received but for fields forged in our name, and what was found out."""

    raw: bytes
    headers: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    filing: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    """(method, result) for rules that weigh them: spf, dkim (the best of all signatures), arc, dmarc, iprev."""


@dataclass(frozen=True, slots=True)
class _Found:
    spf: spf.Verdict
    dkim: tuple[verification.Verdict, ...]
    arc: chain.Verdict
    dmarc: dmarc.Verdict
    iprev: tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Decision:
    disposition: str = "none"
    """none, quarantine or reject, as a report calls it."""
    words: str = ""
    """What is done and by which rule, for the journey."""
    override: str = ""
    """Why it is not what the domain wants (RFC 7489 appendix C)."""
    refusal: str = ""


def is_trusted(peer: str) -> bool:
    """Whether mail from this address is taken as it is: this machine, and networks of the settings."""
    return is_within(peer, settings.FACTEUR.trusted_networks)


def examine(*, envelope: Envelope, raw: bytes, peer: str, helo: str, names: Names | None = None) -> Arrival:
    """Check a message. Denied where DMARC refuses it; everything else is an Arrival."""
    hostname = settings.FACTEUR.hostname
    kept, forged = results.remove_forged(raw, hostname=hostname)
    try:
        found = _find(names or get_names(), envelope, raw, peer, helo)
        decision = _decide(found)
        lines = f"Authentication-Results: {results.write(hostname, _list_results(found, envelope, helo, peer))}"
        words = (_describe(found, forged), *([decision.words] if decision.words else []))
    except Exception:
        # A defect of these checks must not cost anybody their mail.
        log.exception("the checks of a message from %s failed", peer)
        return Arrival(kept, findings=("Not checked: the checks failed.",))
    try:
        _count(found, decision, peer)
    except DatabaseError:
        log.exception("a message from %s is missing in the report to %s", peer, found.dmarc.domain)
    if decision.disposition == "reject":
        log.info("refused from %s: %s", peer, decision.words)
        raise Denied(decision.refusal, f"5.7.1 {decision.words}")
    return Arrival(kept, (lines,), words, "junk" if decision.disposition == "quarantine" else "", _mark(found))


def _find(names: Names, envelope: Envelope, raw: bytes, peer: str, helo: str) -> _Found:
    now = int(time.time())
    bounded = Bounded(names, seconds=SECONDS, questions=QUESTIONS)
    header, body = fields.split(raw)
    bodies = Bodies(raw[body:])
    sender = spf.check(bounded, spf.Sender(peer, envelope.sender, helo, settings.FACTEUR.hostname, now))
    signatures = tuple(verification.verify_all(bounded, header, bodies, now=now))
    arc = chain.check(bounded, header, bodies, now=now)
    proved = [Proved(one.domain, one.result, True) for one in signatures] + [Proved(sender.domain, sender.result, False)]
    policy = dmarc.check(bounded, authors.find_domains(header), proved, roll=secrets.randbelow(100))
    return _Found(sender, signatures, arc, policy, iprev.check(bounded, peer))


def _decide(found: _Found) -> _Decision:
    one, setting = found.dmarc, settings.FACTEUR.dmarc
    if one.result != "fail" or one.policy is None:
        return _Decision()
    if one.wanted == "none":
        published = one.policy.for_author(one.domain)
        return _Decision(override="" if published == "none" else "sampled_out")
    rule = f"DMARC policy {one.wanted} of {one.policy.domain}"
    if setting == "report":
        return _Decision(words=f"{rule}: not followed here (setting dmarc = report)", override="local_policy")
    if _is_vouched_for(found.arc):
        words = f"{rule}: not followed, {found.arc.sealers[-1]} is trusted and vouches for it (setting arc_sealers)"
        return _Decision(words=words, override="trusted_forwarder")
    if one.wanted == "reject" and setting == "enforce":
        refusal = f"Refused by the DMARC policy of {one.policy.domain}: {one.reason}."
        return _Decision("reject", f"{rule}: {one.reason}", refusal=refusal)
    return _Decision("quarantine", f"{rule}: filed as junk", "local_policy" if one.wanted == "reject" else "")


def _count(found: _Found, decision: _Decision, peer: str) -> None:
    """For the report to the author's domain, where it wants one (RFC 7489 §7.2)."""
    policy = found.dmarc.policy
    if policy is None or not policy.report_to or not settings.FACTEUR.send_reports:
        return

    def is_proved(one: Proved, strict: bool) -> bool:
        return one.result == "pass" and is_aligned(identity=one.domain, author=found.dmarc.domain, strict=strict)

    signatures = [Proved(one.domain, one.result, True) for one in found.dkim]
    dmarcoutcomes.note(
        dmarcoutcomes.Outcome(
            author=found.dmarc.domain,
            policy_domain=policy.domain,
            source=peer,
            disposition=decision.disposition,
            dkim_aligned=any(is_proved(one, policy.strict_dkim) for one in signatures),
            spf_aligned=is_proved(Proved(found.spf.domain, found.spf.result, False), policy.strict_spf),
            spf_domain=found.spf.domain,
            spf_result=found.spf.result,
            dkim=",".join(f"{one.domain} {one.selector} {one.result}" for one in found.dkim if one.domain),
            override=decision.override,
        ),
        now=int(time.time()),
    )


def _is_vouched_for(arc: chain.Verdict) -> bool:
    """A chain that holds, whose last sealer is trusted and says that it found the message good when it came."""
    if arc.result != "pass" or not arc.sealers or not _VOUCHED.search(arc.latest_results):
        return False
    sealer = arc.sealers[-1]
    return any(sealer == trusted or find_organisation(sealer) == trusted for trusted in _folded(settings.FACTEUR.arc_sealers))


def _list_results(found: _Found, envelope: Envelope, helo: str, peer: str) -> list[Result]:
    sender = ("smtp.mailfrom", envelope.sender) if envelope.sender else ("smtp.helo", helo)
    listed = [Result("spf", found.spf.result, (sender,), _reason(found.spf.result, found.spf.reason))]
    for one in found.dkim:
        properties = (("header.d", one.domain), ("header.s", one.selector), ("header.a", one.algorithm), ("header.b", one.mark))
        listed.append(Result("dkim", one.result, properties, one.reason))
    if not found.dkim:
        listed.append(Result("dkim", "none"))
    if found.arc.count:
        result = "pass" if found.arc.result == "pass" else found.arc.result
        listed.append(Result("arc", result, (("header.oldest-pass", "0"),) if result == "pass" else (), found.arc.reason))
    policy = found.dmarc
    listed.append(Result("dmarc", policy.result, (("header.from", policy.domain),), _reason(policy.result, policy.reason)))
    listed.append(Result("iprev", found.iprev[0], (("policy.iprev", peer),)))
    return listed


def _mark(found: _Found) -> tuple[tuple[str, str], ...]:
    signatures = [one.result for one in found.dkim]
    best = "pass" if "pass" in signatures else next(iter(signatures), "none")
    marks = {"spf": found.spf.result, "dkim": best, "arc": found.arc.result, "dmarc": found.dmarc.result, "iprev": found.iprev[0]}
    return tuple(marks.items())


def _reason(result: str, reason: str) -> str:
    return "" if result in ("pass", "none") else reason


def _describe(found: _Found, forged: int) -> str:
    """In plain words, for the journey."""
    said = [f"SPF {found.spf.result}: {found.spf.reason}"]
    for one in found.dkim:
        of = f" of {one.domain} ({one.selector}, {one.algorithm})" if one.domain else ""
        said.append(f"DKIM {one.result}{of}" + (f": {one.reason}" if one.reason else ""))
    if not found.dkim:
        said.append("not signed with DKIM")
    if found.arc.count:
        by = f" by {', '.join(found.arc.sealers)}" if found.arc.sealers else ""
        said.append(f"ARC {found.arc.result}{by}" + (f": {found.arc.reason}" if found.arc.reason else ""))
    said.append(f"DMARC {found.dmarc.result}: {found.dmarc.reason}")
    said.append(f"reverse name {found.iprev[1] or 'none'} ({found.iprev[0]})")
    if forged:
        said.append(f"{forged} Authentication-Results forged in our name removed")
    return "; ".join(said)


@lru_cache(maxsize=8)
def _folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.lower().rstrip(".") for word in words)
