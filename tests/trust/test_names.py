"""The port to the DNS: what is remembered, what is void, what failed, who vouches; and the zone file that stands in for it."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailcore.trust import dnsnames
from mailcore.trust.dnsnames import DnsNames
from mailcore.trust.names import Answer, Bounded, Kind, NamesFailed, is_name, reverse_name
from mailcore.trust.organisations import find_organisation, is_aligned
from mailcore.trust.zone import BadZone, ZoneNames

RECORDS = {
    ("far.test.", "MX"): ["10 MX.far.test."],
    ("far.test.", "TXT"): ['"one " "two"', '"\\195\\169"'],
    ("mx.far.test.", "A"): ["192.0.2.1"],
    ("_25._tcp.mx.far.test.", "TLSA"): ["3 1 1 " + "AB" * 32],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["MX.far.test."],
}


class Server:
    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.is_secure = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, peer = self._socket.recvfrom(4_096)
            if wire == b"stop":
                return
            query = dns.message.from_wire(wire)
            question = query.question[0]
            name, kind = question.name.to_text().lower(), question.rdtype.name
            self.asked[name, kind] += 1
            response = dns.message.make_response(query)
            response.flags |= dns.flags.RA | (dns.flags.AD if self.is_secure else 0)
            if name == "broken.test.":
                response.set_rcode(dns.rcode.SERVFAIL)
            elif found := RECORDS.get((name, kind)):
                response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
            elif name not in {known for known, _ in RECORDS}:
                response.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(response.to_wire(), peer)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_records_are_read_alike(server: Server) -> None:
    names = DnsNames(server.place)
    assert names.look_up("FAR.test", Kind.MX).records == ("10 mx.far.test",)
    assert set(names.look_up("far.test", Kind.TXT).records) == {"one two", "\xc3\xa9"}
    assert names.look_up("_25._tcp.mx.far.test", Kind.TLSA).records == ("3 1 1 " + "ab" * 32,)
    assert names.look_up(reverse_name("192.0.2.1"), Kind.PTR).records == ("mx.far.test",)


def test_void_is_an_answer_and_failure_is_none(server: Server) -> None:
    names = DnsNames(server.place)
    assert names.look_up("nothing.test", Kind.A) == Answer(exists=False)
    assert names.look_up("far.test", Kind.A) == Answer()
    with pytest.raises(NamesFailed):
        names.look_up("broken.test", Kind.A, timeout=0.5)
    assert not names.look_up("x" * 64 + ".test", Kind.A).exists
    assert sum(count for (name, _), count in server.asked.items() if name.startswith("xxx")) == 0


def test_answers_are_remembered_as_long_as_they_hold(server: Server) -> None:
    now = [0.0]
    names = DnsNames(server.place, clock=lambda: now[0])
    for _ in range(3):
        names.look_up("mx.far.test", Kind.A)
        names.look_up("nothing.test", Kind.A)
        with pytest.raises(NamesFailed):
            names.look_up("broken.test", Kind.A, timeout=0.5)
    once = server.asked["broken.test.", "A"]
    assert server.asked["mx.far.test.", "A"] == server.asked["nothing.test.", "A"] == 1
    now[0] = 61.0
    names.look_up("mx.far.test", Kind.A)
    names.look_up("nothing.test", Kind.A)
    with pytest.raises(NamesFailed):
        names.look_up("broken.test", Kind.A, timeout=0.5)
    assert (server.asked["mx.far.test.", "A"], server.asked["nothing.test.", "A"]) == (2, 1)
    assert server.asked["broken.test.", "A"] > once


def test_the_cache_is_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dnsnames, "MAX_CACHED", 2)
    names = DnsNames(server.place)
    for name in ("mx.far.test", "nothing.test", "none.test", "mx.far.test"):
        names.look_up(name, Kind.A)
    assert server.asked["mx.far.test.", "A"] == 2


def test_only_a_resolver_that_validates_vouches(server: Server) -> None:
    server.is_secure = True
    assert not DnsNames(server.place).look_up("mx.far.test", Kind.A).secure
    assert DnsNames(server.place, validates=True).look_up("mx.far.test", Kind.A).secure
    assert DnsNames(server.place, validates=True).look_up("nothing.test", Kind.A).secure
    server.is_secure = False
    assert not DnsNames(server.place, validates=True).look_up("mx.far.test", Kind.A).secure


def test_a_message_costs_so_much_and_no_more() -> None:
    now = [0.0]
    timeouts = []

    class Slow:
        def look_up(self, name: str, kind: Kind, *, timeout: float = 10.0) -> Answer:
            timeouts.append(timeout)
            now[0] += 4
            return Answer()

    bounded = Bounded(Slow(), seconds=10, questions=9, clock=lambda: now[0])
    for _ in range(3):
        bounded.look_up("a.test", Kind.A)
    with pytest.raises(NamesFailed, match="time"):
        bounded.look_up("a.test", Kind.A)
    assert timeouts == [5, 5, 2]
    bounded = Bounded(Slow(), seconds=1_000, questions=1, clock=lambda: now[0])
    bounded.look_up("a.test", Kind.A)
    with pytest.raises(NamesFailed, match="too many"):
        bounded.look_up("a.test", Kind.A)


def test_names() -> None:
    assert reverse_name("2001:db8::1").endswith("8.b.d.0.1.0.0.2.ip6.arpa")
    assert is_name("a.test.")
    for bad in ("", "a..b", "é.test", "x" * 64 + ".test", ".".join(["abcdefgh"] * 30)):
        assert not is_name(bad)


def test_a_zone_file() -> None:
    names = ZoneNames(
        "; a comment\n"
        'far.test. 300 IN TXT "a;b" "c\\"d" ; said\nwww.far.test CNAME far.test\nfar.test A 192.0.2.1 ;secure\nbad.test FAIL\n\n'
    )
    assert names.look_up("www.FAR.test.", Kind.TXT).records == ('a;bc"d',)
    assert names.look_up("far.test", Kind.A).secure
    assert names.look_up("test", Kind.A) == Answer()
    assert not names.look_up("none.test", Kind.A).exists
    with pytest.raises(NamesFailed):
        names.look_up("bad.test", Kind.MX)
    for text in ("name", "name A", "name 300", "name NONSENSE x"):
        with pytest.raises(BadZone, match="line 1"):
            ZoneNames(text)


def test_who_belongs_together() -> None:
    assert find_organisation("Mail.Example.co.uk.") == "example.co.uk"
    assert find_organisation("co.uk") == "co.uk"
    assert is_aligned(identity="a.example.com", author="b.example.com", strict=False)
    assert not is_aligned(identity="a.example.com", author="example.com", strict=True)
    assert not is_aligned(identity="a.co.uk", author="b.co.uk", strict=False)
    assert not is_aligned(identity="me.github.io", author="you.github.io", strict=False), "owners below a private suffix"
    assert not is_aligned(identity="", author="", strict=False)
