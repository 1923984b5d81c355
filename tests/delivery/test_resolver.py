"""The meaning of DNS answers, asked of a small name server on loopback."""

import dataclasses
import socket
import threading
from collections.abc import Iterator
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from mailcore.delivery import resolver
from mailcore.delivery.resolver import DnsResolver
from mailcore.kernel.errors import Deferred, Refused
from mailcore.trust.dnsnames import DnsNames

ZONE = {
    ("far.test.", "MX"): ["20 second.far.test.", "10 First.far.test."],
    ("null.test.", "MX"): ["0 ."],
    ("bare.test.", "A"): ["192.0.2.9"],
    ("first.far.test.", "A"): ["192.0.2.1"],
    ("first.far.test.", "AAAA"): ["2001:db8::1"],
}
BROKEN = "broken.test."


def _answer(wire: bytes) -> bytes:
    query = dns.message.from_wire(wire)
    question = query.question[0]
    name, kind = question.name.to_text().lower(), question.rdtype.name
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if name == BROKEN:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif found := ZONE.get((name, kind)):
        response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
    elif name not in {known for known, _ in ZONE}:
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()


@pytest.fixture
def names(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[DnsResolver]:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            wire, peer = server.recvfrom(4_096)
            if wire == b"stop":
                return
            server.sendto(_answer(wire), peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    place = server.getsockname()
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, resolver=f"127.0.0.1:{place[1]}")
    monkeypatch.setattr(resolver, "LIFETIME", 0.5)
    yield DnsResolver()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"stop", place)
    thread.join()
    server.close()


def test_hosts_come_best_first(names: DnsResolver) -> None:
    assert names.find_hosts("far.test") == ["first.far.test", "second.far.test"]
    assert names.find_addresses("first.far.test") == ["192.0.2.1", "2001:db8::1"]


def test_without_mx_the_domain_is_its_own_host(names: DnsResolver) -> None:
    assert names.find_hosts("bare.test") == ["bare.test"]


def test_a_null_mx_and_no_domain_are_final(names: DnsResolver) -> None:
    for domain, code in (("null.test", "5.1.10"), ("none.test", "5.1.2")):
        with pytest.raises(Refused) as caught:
            names.find_hosts(domain)
        assert caught.value.detail.startswith(code)


def test_a_server_that_fails_is_asked_later(names: DnsResolver) -> None:
    with pytest.raises(Deferred):
        names.find_hosts("broken.test")
    with pytest.raises(Deferred):
        names.find_addresses("broken.test")
    assert names.find_addresses("none.test") == []


def test_a_machine_without_name_service_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", fail)
    with pytest.raises(Deferred):
        DnsResolver(DnsNames()).find_hosts("far.test")


def test_literals_need_no_name_service() -> None:
    names = DnsResolver.__new__(DnsResolver)
    assert names.find_hosts("[192.0.2.5]") == ["192.0.2.5"]
    assert names.find_addresses("192.0.2.5") == ["192.0.2.5"]
    assert names.find_hosts("[ipv6:2001:db8::5]") == ["2001:db8::5"]
    assert names.find_addresses("2001:db8::5") == ["2001:db8::5"]
