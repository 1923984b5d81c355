"""SPF: each mechanism, macro and limit of RFC 7208, and pyspf as a second opinion."""

import warnings
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.trust import spf
from mailcore.trust.names import Kind, NamesFailed
from mailcore.trust.spf import macros, record
from mailcore.trust.zone import ZoneNames

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import spf as oracle  # pyspf

HOSTS = """
a.test A 192.0.2.1
a.test AAAA 2001:db8::1
mx.test MX 10 a.test
mx.test MX 20 b.test
b.test A 192.0.2.9
1.2.0.192.in-addr.arpa PTR liar.b.test
1.2.0.192.in-addr.arpa PTR good.a.test
good.a.test A 192.0.2.1
liar.b.test A 203.0.113.1
ok.test TXT "v=spf1 ip4:192.0.2.0/24 -all"
soft.test TXT "v=spf1 ~all"
fail.test FAIL
loop.test TXT "v=spf1 include:loop.test -all"
ann.eve.test.1.2.0.192.in-addr.d.test A 127.0.0.2
two.test TXT "v=spf1 -all"
two.test TXT "v=spf1 +all"
why.test TXT "%{i} is not one of %{d}'s hosts; see %{S}"
many.test MX 1 m1.test
"""


def check(text: str, *, address: str = "192.0.2.1", sender: str = "ann@eve.test", helo: str = "helo.test", more: str = "") -> spf.Verdict:
    zone = HOSTS + (f'eve.test TXT "{text}"\n' if text else "") + more
    return spf.check(ZoneNames(zone), spf.Sender(address, sender, helo))


CASES = [
    ("", "none"),
    ("v=spf10 -all", "none"),
    ("v=spf1", "neutral"),
    ("v=spf1 -all", "fail"),
    ("v=spf1 ~all", "softfail"),
    ("v=spf1 ?all", "neutral"),
    ("V=SPF1 +ALL", "pass"),
    ("v=spf1 ip4:192.0.2.1 -all", "pass"),
    ("v=spf1 ip4:192.0.2.128/25 -all", "fail"),
    ("v=spf1 ip4:192.0.2.0/33 -all", "permerror"),
    ("v=spf1 ip4:192.0.2 -all", "permerror"),
    ("v=spf1 ip6:2001:db8::/32 -all", "fail"),
    ("v=spf1 a:a.test -all", "pass"),
    ("v=spf1 a:b.test/24 -all", "pass"),
    ("v=spf1 a:b.test//64 -all", "fail"),
    ("v=spf1 mx:mx.test -all", "pass"),
    ("v=spf1 ptr:a.test -all", "pass"),
    ("v=spf1 ptr:b.test -all", "fail"),
    ("v=spf1 exists:%{s}.%{ir}.%{v}.d.test -all", "fail"),
    ("v=spf1 exists:%{l}.%{o}.%{ir}.%{v}.d.test -all", "pass"),
    ("v=spf1 exists:%{x}.d.test -all", "permerror"),
    ("v=spf1 include:ok.test -all", "pass"),
    ("v=spf1 include:soft.test -all", "fail"),
    ("v=spf1 include:nothing.test -all", "permerror"),
    ("v=spf1 include:fail.test -all", "temperror"),
    ("v=spf1 include:two.test -all", "permerror"),
    ("v=spf1 include:loop.test -all", "permerror"),
    ("v=spf1 redirect=ok.test", "pass"),
    ("v=spf1 -all redirect=ok.test", "fail"),
    ("v=spf1 redirect=nothing.test", "permerror"),
    ("v=spf1 redirect=ok.test redirect=ok.test", "permerror"),
    ("v=spf1 unknown=%{d} +all", "pass"),
    ("v=spf1 mechanism -all", "permerror"),
    ("v=spf1 -all:x", "permerror"),
    ("v=spf1 a: -all", "permerror"),
    ("v=spf1 exists -all", "permerror"),
    ("v=spf1 " + "a:a1.test " * 2 + "-all", "fail"),
    ("v=spf1 a:x1.test a:x2.test a:x3.test -all", "permerror"),
    ("v=spf1 " + "mx:mx.test/32 a:b.test " * 5 + "-all", "pass"),
    ("v=spf1 " + "a:b.test " * 10 + "-all", "fail"),
    ("v=spf1 " + "a:b.test " * 11 + "-all", "permerror"),
    ("v=spf1 ip4:203.0.113.1 é -all", "permerror"),
]


@pytest.mark.parametrize(("text", "result"), CASES)
def test_records(text: str, result: str) -> None:
    assert check(text).result == result


@pytest.mark.parametrize(("text", "result"), [case for case in CASES if case[0].isascii()])
def test_pyspf_thinks_the_same(text: str, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ZoneNames(HOSTS + (f'eve.test TXT "{text}"\n' if text else ""))

    def look_up(name: str, kind: str, strict: bool = True, timeout: int = 20, **_: Any) -> list[Any]:
        if kind not in Kind.__members__:
            return []
        try:
            found = names.look_up(name, Kind(kind)).records
        except NamesFailed as error:
            raise oracle.TempError(str(error)) from error
        shaped = {"MX": lambda one: (int(one.split()[0]), one.split()[1]), "TXT": lambda one: (one.encode("latin-1"),)}
        return [((name, kind), shaped.get(kind, lambda one: one)(one)) for one in found]

    monkeypatch.setattr(oracle, "DNSLookup", look_up)
    assert oracle.query(i="192.0.2.1", s="ann@eve.test", h="helo.test").check()[0] in (result, "ambiguous")


def test_ten_hosts_of_a_mail_domain() -> None:
    more = "".join(f"many.test MX {n} m{n}.test\nm{n}.test A 203.0.113.{n}\n" for n in range(2, 12))
    assert check("v=spf1 mx:many.test -all", more=more).result == "permerror"


def test_the_null_sender_is_judged_by_its_hello() -> None:
    zone = 'helo.test TXT "v=spf1 ip4:192.0.2.1 -all"\n'
    assert spf.check(ZoneNames(zone), spf.Sender("192.0.2.1", "", "helo.test")).result == "pass"
    assert spf.check(ZoneNames(zone), spf.Sender("192.0.2.2", "", "helo.test")).domain == "helo.test"
    assert check("v=spf1 exists:%{l}.d.test -all", sender="", helo="eve.test", more="postmaster.d.test A 127.0.0.1").result == "pass"


@pytest.mark.parametrize("address", ["2001:db8::1", "::ffff:192.0.2.1"])
def test_version_6(address: str) -> None:
    assert check("v=spf1 a:a.test ip4:192.0.2.1 -all", address=address).result == "pass"
    assert check("v=spf1 ip6:2001:db8::/32 ip4:192.0.2.1/32 -all", address=address).result == "pass"
    reverse = ".".join(reversed("20010db8000000000000000000000001"))
    assert check("v=spf1 exists:%{ir}.%{v}.d.test -all", address="2001:db8::1", more=f"{reverse}.ip6.d.test A 127.0.0.1").result == "pass"


def test_the_explanation() -> None:
    assert check("v=spf1 -all exp=why.test").explanation == "192.0.2.1 is not one of eve.test's hosts; see ann%40eve.test"
    assert check("v=spf1 -all exp=fail.test").explanation == ""
    assert check("v=spf1 -all exp=two.test").explanation == ""
    assert check("v=spf1 ~all exp=why.test").explanation == ""


@pytest.mark.parametrize(
    "sender", ["ann@localhost", "ann@" + "x" * 64 + ".test", "ann@a..test", "ann@[192.0.2.1]", "ann@-", "ann@\ud800.test"]
)
def test_no_domain_name_no_record(sender: str) -> None:
    assert spf.check(ZoneNames(HOSTS), spf.Sender("192.0.2.1", sender, "h")).result == "none"


def test_what_macros_stand_for() -> None:
    scope = macros.Scope("strong-bad", "email.example.com", "email.example.com", ip_address("192.0.2.3"), "h", lambda: "p", "r", 7)
    for text, value in (
        ("%{s}", "strong-bad@email.example.com"),
        ("%{d2}", "example.com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{p}%%%_%-%{t}", "p% %207"),
    ):
        assert macros.expand(text, scope) == value
    assert len(macros.expand_name("%{d}." * 20 + "x.test", scope)) <= macros.MAX_NAME


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=80),
    st.sampled_from(["v=spf1 ", "v=spf1 a:", "v=spf1 exists:%{", "v=spf1 redirect=", "v=spf1 ip4:", "v=spf1 -all exp="]),
)
def test_never_raises(noise: str, start: str) -> None:
    class Same:
        def look_up(self, name: str, kind: Kind, *, timeout: float = 10.0) -> Any:
            return (
                ZoneNames("").look_up("", kind)
                if kind is not Kind.TXT
                else type("A", (), {"records": (start + noise,), "is_void": False})()
            )

    assert spf.check(Same(), spf.Sender("192.0.2.1", f"{noise}@eve.test", noise)).result
    with suppress(record.BadRecord):
        record.parse(start + noise)
