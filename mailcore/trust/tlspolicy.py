"""What is demanded of the way to a host before mail goes over it.

In this order: the operator's rule for the domain, DANE, MTA-STS, else TLS where it is offered, with
any certificate. RFC 7672 §2, RFC 8461 §5 (DANE goes first), RFC 8689 §4.2.1 (REQUIRETLS).
"""

import time
from dataclasses import dataclass, replace
from enum import IntEnum

from django.conf import settings

from . import dane, fields, mtasts, stspolicies
from .dane import Tlsa
from .models import TlsRule
from .mtasts import Policy
from .names import Kind, Names, NamesFailed


class Level(IntEnum):
    """The higher, the more is demanded; a failed handshake is retried in clear at MAY alone."""

    NEVER = 0
    MAY = 1
    ENCRYPT = 2
    VERIFY = 3
    DANE = 4


class HostExcluded(Exception):
    """The policy of the domain does not allow this host, or not now."""

    def __init__(self, text: str, fault: str) -> None:
        super().__init__(text)
        self.fault = fault
        """A result type of RFC 8460 §4.3."""


@dataclass(frozen=True, slots=True)
class Demand:
    """For one host."""

    level: Level = Level.MAY
    source: str = "no-policy-found"
    """sts, tlsa, rule or no-policy-found."""
    records: tuple[Tlsa, ...] = ()
    is_trial: bool = False
    """MTA-STS in testing mode: what fails is counted, and the mail goes out all the same."""

    def for_requiretls(self) -> "Demand":
        """RFC 8689 §4.2.1: at least a certificate that is vouched for, whatever the domain asks."""
        return replace(self, level=max(self.level, Level.VERIFY), is_trial=False)


@dataclass(frozen=True, slots=True)
class DomainPolicy:
    """For one domain, found before its hosts are tried."""

    domain: str
    rule: Level | None = None
    sts: Policy | None = None
    sts_fault: str = ""
    is_secure: bool = False
    """Its MX answer is vouched for by DNSSEC."""

    @property
    def proves_hosts(self) -> bool:
        """Whether the names of its hosts are known from more than plain DNS (RFC 8689 §4.2.1)."""
        return self.is_secure or (self.sts is not None and self.sts.mode == "enforce")


_RULES = {"never": Level.NEVER, "may": Level.MAY, "encrypt": Level.ENCRYPT, "verify": Level.VERIFY}


def find_policy(names: Names, domain: str, *, by_mx: bool, now: int | None = None) -> DomainPolicy:
    """Asks the network. `by_mx` False where the operator sends mail for this domain to a host of their own choice."""
    rule = find_rule(domain)
    if rule is not None or not by_mx:
        return DomainPolicy(domain, rule)
    sts, fault = stspolicies.find(names, domain, now=int(time.time()) if now is None else now)
    return DomainPolicy(domain, None, sts, fault, _is_secure(names, domain))


def for_host(policy: DomainPolicy, names: Names, host: str) -> Demand:
    """HostExcluded where mail of this domain may not go to this host."""
    if policy.rule is not None:
        return Demand(policy.rule, "rule")
    if policy.is_secure:
        try:
            published = dane.find(names, host)
        except NamesFailed as error:
            raise HostExcluded(f"{host}: whether it has DANE records cannot be found out ({error})", "dnssec-invalid") from error
        if published.exists:
            return Demand(Level.DANE if published.records else Level.ENCRYPT, "tlsa", published.records)
    sts = policy.sts
    if sts is None or sts.mode == "none":
        return Demand()
    if not mtasts.matches(host, sts.hosts):
        if sts.mode == "enforce":
            raise HostExcluded(f"{host} is not among the hosts of the MTA-STS policy of {policy.domain}", "validation-failure")
        return Demand(Level.VERIFY, "sts", is_trial=True)
    return Demand(Level.VERIFY, "sts", is_trial=sts.mode != "enforce")


def find_rule(domain: str) -> Level | None:
    """The operator's rule for the domain itself, else the nearest one above it."""
    labels = domain.split(".")
    names = [domain, *("." + ".".join(labels[start:]) for start in range(1, len(labels)))]
    found = dict(TlsRule.objects.filter(domain__in=names).values_list("domain", "mode"))
    return next((_RULES[found[name]] for name in names if name in found), None)


def waives_tls(raw: bytes) -> bool:
    """RFC 8689 §5: `TLS-Required: No`, said by the sender of, for instance, a report that TLS does not work."""
    end, _ = fields.find_body(raw)
    if b"tls-required" not in raw[:end].lower():
        return False
    found = fields.get_all(fields.split(raw)[0], b"tls-required")
    return len(found) == 1 and fields.unfold(found[0].value).lower() == b"no"


def _is_secure(names: Names, domain: str) -> bool:
    if not settings.FACTEUR.resolver_validates:
        return False
    try:
        return names.look_up(domain, Kind.MX).secure
    except NamesFailed:
        return False
