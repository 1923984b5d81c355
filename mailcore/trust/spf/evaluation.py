"""check_host(): the records of a domain followed to a verdict. RFC 7208 §4. Pure; asks only the names port.

Never raises. At most ten terms that look something up and two void answers (§4.6.4); what goes
beyond is `permerror`, so no record makes us work for others.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ..names import Answer, Kind, Names, NamesFailed, is_name, reverse_name
from . import macros, record
from .macros import BadMacro, Scope
from .record import BadRecord, Directive

MAX_TERMS = 10
MAX_VOID = 2
MAX_HOSTS = 10
MAX_EXPLANATION = 500
_QUALIFIERS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\Z")


@dataclass(frozen=True, slots=True)
class Sender:
    address: str
    """IP address of the client."""
    mail_from: str
    """"" is the null sender: the HELO name is judged instead (§2.4)."""
    helo: str
    receiver: str = "unknown"
    now: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    result: str
    """pass, fail, softfail, neutral, none, temperror or permerror (RFC 8601 §2.7.2)."""
    domain: str
    reason: str = ""
    """What decided it, e.g. `ip4:192.0.2.0/24 of example.org`."""
    explanation: str = ""
    """What the domain wants said to those it disowns (§6.2). Foreign text."""


class _Permanent(Exception):
    pass


def check(names: Names, sender: Sender) -> Verdict:
    local, _, domain = (sender.mail_from or f"postmaster@{sender.helo}").rpartition("@")
    domain = domain.rstrip(".").lower()
    try:
        address = ip_address(sender.address)
    except ValueError:
        return Verdict("none", domain, "no client address")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return Verdict("none", domain, "no domain name")
    return _Check(names, sender, address, local or "postmaster", domain).run()


class _Check:
    def __init__(self, names: Names, sender: Sender, address: IPv4Address | IPv6Address, local: str, domain: str) -> None:
        self._names = names
        self._sender = sender
        self._address = address
        self._local = local
        self._sender_domain = domain
        self._terms = 0
        self._voids = 0

    def run(self) -> Verdict:
        domain = self._sender_domain
        try:
            result, reason, explained_by = self._check_host(domain)
            explanation = self._explain(*explained_by) if result == "fail" and explained_by else ""
        except NamesFailed as error:
            return Verdict("temperror", domain, str(error))
        except (_Permanent, BadRecord, BadMacro) as error:
            return Verdict("permerror", domain, str(error))
        return Verdict(result, domain, reason, explanation)

    def _check_host(self, domain: str) -> tuple[str, str, tuple[str, str] | None]:
        """(result, what decided it, (explanation's macro string, domain) or None)."""
        if not _can_have_record(domain):
            return "none", "no domain name", None
        text = record.choose(self._names.look_up(domain, Kind.TXT).records)
        if text is None:
            return "none", f"{domain} has no SPF record", None
        found = record.parse(text)
        for directive in found.directives:
            if self._matches(directive, domain):
                explained_by = (found.explanation, domain) if found.explanation else None
                return _QUALIFIERS[directive.qualifier], f"{_show(directive)} of {domain}", explained_by
        if not found.redirect:
            return "neutral", f"nothing in the record of {domain} matches", None
        self._count_term()
        target = self._expand(found.redirect, domain)
        result, reason, explained_by = self._check_host(target)
        if result == "none":
            raise _Permanent(f"redirect to {target}, which has no SPF record")
        return result, reason, explained_by

    def _matches(self, directive: Directive, domain: str) -> bool:
        name = directive.mechanism
        if name == "all":
            return True
        if directive.network is not None:
            return self._is_in(str(directive.network), directive)
        self._count_term()
        target = self._expand(directive.domain, domain) if directive.domain else domain
        if name == "include":
            return self._includes(target)
        if name == "a":
            return any(self._is_in(one, directive) for one in self._addresses(target))
        if name == "mx":
            return self._matches_mx(target, directive)
        if name == "exists":
            return bool(self._ask(target, Kind.A).records)
        return any(_is_within(peer, target) for peer in self._peer_names())

    def _includes(self, target: str) -> bool:
        result = self._check_host(target)[0]
        if result == "none":
            raise _Permanent(f"include of {target}, which has no SPF record")
        return result == "pass"

    def _matches_mx(self, target: str, directive: Directive) -> bool:
        hosts = [one.partition(" ")[2] for one in self._ask(target, Kind.MX).records]
        for position, host in enumerate(hosts):
            if position >= MAX_HOSTS:
                raise _Permanent(f"{target} has more than {MAX_HOSTS} mail hosts")
            if any(self._is_in(one, directive) for one in self._addresses(host)):
                return True
        return False

    def _addresses(self, name: str) -> tuple[str, ...]:
        return self._ask(name, Kind.A if isinstance(self._address, IPv4Address) else Kind.AAAA).records

    def _is_in(self, text: str, directive: Directive) -> bool:
        try:
            other = ip_address(text)
        except ValueError:
            return False
        if other.version != self._address.version:
            return False
        prefix = directive.prefix4 if other.version == 4 else directive.prefix6
        return self._address in ip_network((other, prefix), strict=False)

    def _peer_names(self) -> list[str]:
        """Names of the client that lead back to it (§5.5). A failure on the way is no match, not an error."""
        try:
            found = self._ask(reverse_name(str(self._address)), Kind.PTR).records[:MAX_HOSTS]
        except NamesFailed:
            return []
        names = []
        for name in found:
            try:
                addresses = self._addresses(name)
            except NamesFailed:
                continue
            if any(_same(one, self._address) for one in addresses):
                names.append(name)
        return names

    def _find_peer_name(self, domain: str) -> str:
        """The `p` macro: the domain itself, else a name under it, else any (§7.3)."""
        names = self._peer_names()
        same = [name for name in names if name == domain] or [name for name in names if _is_within(name, domain)] or names
        return same[0] if same else "unknown"

    def _expand(self, text: str, domain: str) -> str:
        return macros.expand_name(text, self._scope(domain)).lower()

    def _scope(self, domain: str) -> Scope:
        sender = self._sender
        return Scope(
            local=self._local,
            sender_domain=self._sender_domain,
            domain=domain,
            address=self._address,
            helo=sender.helo,
            find_peer_name=lambda: self._find_peer_name(domain),
            receiver=sender.receiver,
            now=sender.now,
        )

    def _explain(self, text: str, domain: str) -> str:
        """Whatever goes wrong here, the verdict stands without an explanation (§6.2)."""
        try:
            texts = self._names.look_up(self._expand(text, domain), Kind.TXT).records
            if len(texts) != 1 or not texts[0].isascii():
                return ""
            macros.check_syntax(texts[0], is_explanation=True)
            said = macros.expand(texts[0], self._scope(domain))
        except (NamesFailed, BadMacro, _Permanent):
            return ""
        return said[:MAX_EXPLANATION] if said.isascii() and said.isprintable() else ""

    def _count_term(self) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise _Permanent(f"more than {MAX_TERMS} terms that look something up")

    def _ask(self, name: str, kind: Kind) -> Answer:
        answer = self._names.look_up(name, kind) if is_name(name) else Answer(exists=False)
        if answer.is_void:
            self._voids += 1
            if self._voids > MAX_VOID:
                raise _Permanent(f"more than {MAX_VOID} look-ups without an answer")
        return answer


def _can_have_record(domain: str) -> bool:
    """§4.3: a name of several labels."""
    labels = domain.rstrip(".").split(".")
    return len(labels) > 1 and is_name(domain) and all(_LABEL.match(label) for label in labels)


def _is_within(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _same(text: str, address: IPv4Address | IPv6Address) -> bool:
    try:
        return ip_address(text) == address
    except ValueError:
        return False


def _show(directive: Directive) -> str:
    sign = "" if directive.qualifier == "+" else directive.qualifier
    if directive.network is not None:
        return f"{sign}{directive.mechanism}:{directive.network}/{directive.prefix4}"
    return f"{sign}{directive.mechanism}" + (f":{directive.domain}" if directive.domain else "")
