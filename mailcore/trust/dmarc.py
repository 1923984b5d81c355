"""DMARC: does what was proved speak for the author, and what does the author's domain want if not. RFC 7489. Pure.

Never raises. A message with authors in several domains must satisfy each of them, else a second
author would be a way around the first one's policy.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import tags
from .names import Kind, Names, NamesFailed
from .organisations import find_organisation, is_aligned
from .tags import BadTags

POLICIES = ("none", "quarantine", "reject")
_REPORT_OPTIONS = frozenset("01ds")


@dataclass(frozen=True, slots=True)
class Policy:
    """A DMARC record, for the name it was found under."""

    domain: str
    policy: str
    subdomain_policy: str
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int = 100
    report_options: tuple[str, ...] = ("0",)
    """fo=: when a failure report is wanted."""
    report_to: tuple[str, ...] = ()
    """mailto: addresses of rua=."""

    def for_author(self, author: str) -> str:
        return self.policy if author == self.domain else self.subdomain_policy


@dataclass(frozen=True, slots=True)
class Proved:
    """One identity that was looked at: the domain of a signature, or of the envelope."""

    domain: str
    result: str
    is_dkim: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    result: str
    """pass, fail, none, temperror or permerror (RFC 7489 §11.2)."""
    domain: str = ""
    """The author's."""
    wanted: str = "none"
    """What the domain asks us to do, after pct=: none, quarantine or reject."""
    policy: Policy | None = None
    reason: str = ""


def parse(text: str, domain: str) -> Policy | None:
    """None where it is no DMARC record, or one without a usable policy."""
    if not re.match(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)", text):
        return None
    try:
        found = tags.parse(text)
    except BadTags:
        return None
    report_to = tuple(_addresses(found.get("rua", "")))
    policy = found.get("p", "").lower()
    if policy not in POLICIES:
        # §6.6.3: with somewhere to report to it is a request to watch, without it is nothing.
        if not report_to:
            return None
        policy = "none"
    subdomain = found.get("sp", policy).lower()
    percent = found.get("pct", "100")
    options = tuple(word.strip().lower() for word in found.get("fo", "0").split(":"))
    return Policy(
        domain=domain,
        policy=policy,
        subdomain_policy=subdomain if subdomain in POLICIES else policy,
        strict_dkim=found.get("adkim", "r").lower() == "s",
        strict_spf=found.get("aspf", "r").lower() == "s",
        percent=int(percent) if re.fullmatch(r"\d{1,3}", percent) and int(percent) <= 100 else 100,
        report_options=tuple(one for one in options if one in _REPORT_OPTIONS) or ("0",),
        report_to=report_to,
    )


def find_policy(names: Names, author: str) -> Policy | None:
    """The record of the domain, else of its organisation. NamesFailed where the DNS does not answer."""
    for domain in dict.fromkeys((author, find_organisation(author))):
        texts = names.look_up(f"_dmarc.{domain}", Kind.TXT).records
        found = [one for one in texts if re.match(r"v[ \t]*=[ \t]*DMARC1", one)]
        if len(found) == 1:
            return parse(found[0], domain)
        if len(found) > 1:
            return None
    return None


def check(names: Names, authors: Sequence[str], proved: Sequence[Proved], *, roll: int) -> Verdict:
    """`roll` is 0 to 99, by chance: whether this message is among the percentage the policy is for."""
    if not authors:
        return Verdict("permerror", reason="no author to be found in From")
    verdicts = [_check_one(names, author, proved, roll) for author in authors]
    order = ("fail", "temperror", "none", "permerror", "pass")
    return min(verdicts, key=lambda one: (order.index(one.result), -POLICIES.index(one.wanted)))


def _check_one(names: Names, author: str, proved: Sequence[Proved], roll: int) -> Verdict:
    try:
        policy = find_policy(names, author)
    except NamesFailed as error:
        return Verdict("temperror", author, reason=str(error))
    if policy is None:
        return Verdict("none", author, reason=f"{author} has no DMARC policy")
    aligned = [
        one
        for one in proved
        if is_aligned(identity=one.domain, author=author, strict=policy.strict_dkim if one.is_dkim else policy.strict_spf)
    ]
    for one in aligned:
        if one.result == "pass":
            return Verdict("pass", author, "none", policy, f"{'DKIM' if one.is_dkim else 'SPF'} of {one.domain} speaks for {author}")
    if any(one.result == "temperror" for one in aligned):
        return Verdict("temperror", author, "none", policy, "what would speak for the author could not be checked now")
    wanted = policy.for_author(author)
    if roll >= policy.percent:
        wanted = {"reject": "quarantine"}.get(wanted, "none")  # §6.6.4: the next weaker one
    return Verdict("fail", author, wanted, policy, f"neither SPF nor DKIM speaks for {author}")


def _addresses(text: str) -> list[str]:
    found = []
    for uri in text.split(","):
        match = re.match(r"mailto:([^!\s]+@[^!\s]+?)(?:!\d+[kmgt]?)?\Z", uri.strip(), re.IGNORECASE)
        if match:
            found.append(match[1])
    return found[:10]
