"""DMARC: records, where they are found, alignment, percentages, several authors, a DNS that does not answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.trust import authors, dmarc, fields, iprev
from mailcore.trust.dmarc import Proved
from mailcore.trust.zone import ZoneNames

ZONE = """
_dmarc.far.test TXT "v=DMARC1; p=reject; sp=quarantine; adkim=s; fo=1:d; rua=mailto:a@far.test!10m,mailto:b@b.test"
_dmarc.own.far.test TXT "v=DMARC1;p=none"
_dmarc.half.test TXT "v=DMARC1; p=reject; pct=40"
_dmarc.two.test TXT "v=DMARC1; p=reject"
_dmarc.two.test TXT "v=DMARC1; p=none"
_dmarc.down.test FAIL
"""


def check(author: str | list[str], *proved: Proved, roll: int = 0) -> tuple[str, str]:
    found = dmarc.check(ZoneNames(ZONE), [author] if isinstance(author, str) else author, proved, roll=roll)
    return found.result, found.wanted


def dkim(domain: str, result: str = "pass") -> Proved:
    return Proved(domain, result, True)


def spf(domain: str, result: str = "pass") -> Proved:
    return Proved(domain, result, False)


def test_a_record() -> None:
    found = dmarc.find_policy(ZoneNames(ZONE), "far.test")
    assert found == dmarc.Policy("far.test", "reject", "quarantine", True, False, 100, ("1", "d"), ("a@far.test", "b@b.test"))


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("v=DMARC1; p=none", "none"),
        ("v=DMARC1 ; p=REJECT;", "reject"),
        ("v=DMARC1; p=nonsense; rua=mailto:a@b.test", "none"),
        ("v=DMARC1; rua=mailto:a@b.test", "none"),
        ("v=DMARC1; p=nonsense", None),
        ("v=DMARC1", None),
        ("v=DMARC2; p=none", None),
        ("p=none; v=DMARC1", None),
        ("v=DMARC1; p=reject; p=none", None),
        ("v=DMARC1; p", None),
        ("", None),
    ],
)
def test_records(text: str, policy: str | None) -> None:
    found = dmarc.parse(text, "a.test")
    assert (found.policy if found else None) == policy


def test_odd_values_fall_back() -> None:
    found = dmarc.parse("v=DMARC1; p=reject; sp=odd; pct=101; fo=x; adkim=q; rua=https://x,mailto:bad", "a.test")
    assert found == dmarc.Policy("a.test", "reject", "reject")


def test_alignment() -> None:
    assert check("far.test", dkim("far.test")) == ("pass", "none")
    assert check("far.test", dkim("mail.far.test")) == ("fail", "reject"), "adkim=s"
    assert check("far.test", spf("mail.far.test")) == ("pass", "none"), "aspf is relaxed"
    assert check("far.test", dkim("eve.test"), spf("eve.test")) == ("fail", "reject")
    assert check("far.test", dkim("far.test", "fail"), spf("far.test", "softfail")) == ("fail", "reject")
    assert check("far.test") == ("fail", "reject")


def test_the_policy_of_subdomains() -> None:
    assert check("sub.far.test") == ("fail", "quarantine")
    assert check("own.far.test") == ("fail", "none")
    assert check("else.test") == ("none", "none")
    assert check("two.test") == ("none", "none")


def test_the_percentage_weakens_by_one() -> None:
    assert check("half.test", roll=39) == ("fail", "reject")
    assert check("half.test", roll=40) == ("fail", "quarantine")


def test_no_answer_is_no_failure() -> None:
    assert check("down.test") == ("temperror", "none")
    assert check("far.test", dkim("far.test", "temperror")) == ("temperror", "none")
    assert check("far.test", dkim("far.test", "temperror"), spf("far.test")) == ("pass", "none")


def test_each_author_counts() -> None:
    assert check(["else.test", "far.test"], dkim("else.test")) == ("fail", "reject")
    assert check(["far.test", "sub.far.test"], dkim("far.test")) == ("fail", "quarantine")
    assert check([]) == ("permerror", "none")


def test_authors() -> None:
    raw = (
        b'From: =?utf-8?q?Ann?= <ann@Far.Test>, "x@y.test" <b@b\xc3\xbccher.test>\r\nFROM : c@c.test (d@d.test)\r\n'
        b"X-From: e@e.test\r\n\r\nFrom: f@f.test\r\n"
    )
    assert authors.find_domains(fields.split(raw)[0]) == ["far.test", "xn--bcher-kva.test", "c.test"]
    assert authors.find_domains(fields.split(b"From: nobody\r\n\r\n")[0]) == []
    many = b"From: " + b", ".join(b"a@d%d.test" % n for n in range(500)) + b"\r\n\r\n"
    assert len(authors.find_domains(fields.split(many)[0])) == authors.MAX_DOMAINS


@settings(max_examples=100)
@given(st.text(max_size=120), st.binary(max_size=120))
def test_never_raises(text: str, raw: bytes) -> None:
    dmarc.parse("v=DMARC1;" + text, "a.test")
    authors.find_domains(fields.split(b"From: " + raw)[0])


@pytest.mark.parametrize(
    ("address", "result", "name"),
    [
        ("192.0.2.1", "pass", "mx.far.test"),
        ("192.0.2.2", "fail", "liar.test"),
        ("192.0.2.3", "permerror", ""),
        ("192.0.2.4", "temperror", ""),
        ("192.0.2.5", "temperror", "down.test"),
        ("2001:db8::1", "pass", "mx.far.test"),
        ("nonsense", "permerror", ""),
    ],
)
def test_reverse_names(address: str, result: str, name: str) -> None:
    six = ".".join(reversed("20010db8" + "0" * 23 + "1")) + ".ip6.arpa"
    zone = "\n".join(
        (
            "1.2.0.192.in-addr.arpa PTR mx.far.test",
            "2.2.0.192.in-addr.arpa PTR liar.test",
            "4.2.0.192.in-addr.arpa FAIL",
            "5.2.0.192.in-addr.arpa PTR down.test",
            f"{six} PTR mx.far.test",
            "mx.far.test A 192.0.2.1",
            "mx.far.test AAAA 2001:db8::1",
            "liar.test A 192.0.2.9",
            "down.test FAIL",
        )
    )
    assert iprev.check(ZoneNames(zone), address) == (result, name)
