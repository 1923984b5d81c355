"""Lines of `mailertable` and of Postfix's `transport` as transports and routes."""

import re
from dataclasses import dataclass

from mailcore.directory import domains
from mailcore.kernel.errors import BadSyntax

from .. import patterns, relays, routes, table, transports
from ..routes import Draft
from .plans import LeftOut, Plan, There
from .reading import Line

_PLACE = re.compile(r"(?:inet:)?(?:\[(?P<literal>[^\]]+)\]|(?P<host>[A-Za-z0-9.-]+))(?::(?P<port>\d{1,5}))?")
_SMTP = frozenset(("smtp", "esmtp", "smtp8", "dsmtp", "relay"))
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a right-hand side comes to."""

    kind: str
    host: str = ""
    port: int = 0
    tls: str = "may"
    text: str = ""
    relays: bool = False
    note: str = ""

    @property
    def name(self) -> str:
        if not self.host:
            return self.kind if not self.text else f"{self.kind}-{re.sub(r'[^a-z0-9]+', '-', self.text.lower()).strip('-')[:40] or 'said'}"
        host = re.sub(r"[^a-z0-9.]+", "-", self.host.lower()).strip("-.")
        return f"{'lmtp-' if self.kind == 'lmtp' else ''}{host[:44]}-{self.port}"


def rank(key: str) -> tuple[int, int]:
    """Narrowest first: addresses, domains, what is below domains by the number of their labels, everything."""
    if "@" in key:
        return 0, 0
    if key in ("*", "."):
        return 3, 0
    return (2, -key.count(".")) if key.startswith(".") else (1, 0)


def of_mailertable(line: Line, _domain: str) -> Plan:
    """`domain mailer:host`, `.domain mailer:host`, `. mailer:host`."""
    mailer, _, place = line.value.partition(":")
    return _plan("*" if line.key == "." else line.key, _read(mailer.lower(), place.strip()))


def of_transport(line: Line, _domain: str) -> Plan:
    """`address`, `domain`, `.domain` or `*`, and `transport:nexthop`."""
    if re.fullmatch(r":?", line.value):
        raise LeftOut("The default needs no line.")
    mailer, _, place = line.value.partition(":")
    return _plan(line.key, _read(mailer.lower() or "smtp", place.strip()))


def forget() -> None:
    table.forget()


def _read(mailer: str, place: str) -> _Wish:
    if mailer in ("error", "retry"):
        text = re.sub(r"^[245]\.\d{1,3}\.\d{1,3}[: ]\s*|^(nouser|nohost|unavailable)\s*", "", place).strip()
        return _Wish("refuse", text=text[:200])
    if mailer == "hold":
        return _Wish("hold", text=place[:200])
    if mailer in ("local", "virtual", "dovecot", "cyrus", "procmail", "prog"):
        raise LeftOut("Mail for mailboxes of this server finds them by itself.")
    if mailer not in _SMTP | {"smtps", "lmtp"}:
        raise LeftOut(f"There is no transport like {mailer} here.")
    if mailer == "lmtp" and place.startswith("unix:"):
        raise LeftOut("LMTP is spoken to a host and port, not to a socket in a folder.")
    if not place:
        return _Wish("direct")
    if "," in place or (place.count(":") > 1 and not place.startswith(("[", "inet:"))):
        raise LeftOut("A transport leads to one host. Give its name several addresses in the DNS.")
    found = _PLACE.fullmatch(place)
    if found is None:
        raise BadSyntax(f"{place} is not a host.")
    host = (found["literal"] or found["host"]).removeprefix("IPv6:")
    port = int(found["port"]) if found["port"] else 24 if mailer == "lmtp" else _PORTS.get(mailer, 25)
    note = "" if found["literal"] or mailer == "lmtp" else "; its MX records are not asked"
    kind = "lmtp" if mailer == "lmtp" else "smarthost"
    return _Wish(kind, host, port, tls="implicit" if mailer == "smtps" else "may", relays=mailer == "relay", note=note)


def _plan(key: str, wish: _Wish) -> Plan:
    recipient = patterns.read(key)
    domain = "" if "@" in recipient or not recipient else recipient
    if domain and not domain.startswith(".") and domains.is_local(name=domain):
        raise LeftOut(f"{domain} is a domain of this server, whose mail no route leads elsewhere.")
    here = next((one for one in routes.list_all() if one.recipient == recipient and not one.sender and not one.min_size), None)
    if here is not None:
        if here.transport == wish.name:
            raise There(f"route {here.position} says so.")
        raise LeftOut(f"Route {here.position} leads it elsewhere already; it is not overwritten.")

    def act() -> None:
        if wish.name not in {one.name for one in transports.list_all()}:
            transports.put(name=wish.name, kind=wish.kind, host=wish.host, port=wish.port, tls=wish.tls, text=wish.text)
        routes.add(Draft(wish.name, recipient=recipient, note="from a table"))
        if wish.relays and domain:
            relays.relay(domain=domain, note="from a table")

    place = f" {wish.host}:{wish.port}" if wish.host else ""
    relayed = ", and taken from anybody" if wish.relays and domain else ""
    return Plan(f"mail for {recipient or 'elsewhere'} goes by {wish.kind}{place}{relayed}{wish.note}", act)
