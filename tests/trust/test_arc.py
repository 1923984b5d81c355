"""ARC against dkimpy in both directions; broken chains; what a later host can and cannot pretend."""

import time

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.trust import fields
from mailcore.trust.arc import chain, sealing
from mailcore.trust.dkim.verification import Bodies
from mailcore.trust.zone import ZoneNames
from tests.trust import keys
from tests.trust.test_dkim import MESSAGE, NOW, lookup

ZONE = keys.zone() + keys.zone("list.test")


def check(raw: bytes, zone: str = ZONE) -> chain.Verdict:
    found, body = fields.split(raw)
    return chain.check(ZoneNames(zone), found, Bodies(raw[body:]), now=int(time.time()))


def seal(raw: bytes, domain: str = "ann.test", *, cv: str = "", results: str = "") -> bytes:
    found, body = fields.split(raw)
    text = results or f"mx.{domain}; spf=pass smtp.mailfrom=ann.test"
    return sealing.seal(found, Bodies(raw[body:]), keys.signing_rsa(domain), results=text, chain=cv or check(raw).result, now=NOW) + raw


def seal_theirs(raw: bytes, domain: bytes) -> bytes:
    results = f"Authentication-Results: mx.list.test; arc={check(raw).result}; spf=pass smtp.mailfrom=a@ann.test\r\n"
    made = dkim.arc_sign(results.encode() + raw, b"r", domain, keys.rsa_pem(), b"mx.list.test")
    return b"".join(made) + raw


def test_no_sets_no_chain() -> None:
    assert check(MESSAGE) == chain.Verdict("none")


def test_a_chain_of_ours() -> None:
    twice = seal(seal(MESSAGE), "list.test")
    verdict = check(twice)
    assert (verdict.result, verdict.sealers, verdict.count) == ("pass", ("ann.test", "list.test"), 2)
    assert "mx.list.test; spf=pass" in verdict.latest_results
    cv, _, reason = dkim.arc_verify(twice, dnsfunc=lookup(ZONE))
    assert (cv, reason) == (dkim.CV_Pass, "success")


def test_a_chain_of_dkimpy_and_one_more_seal_of_ours() -> None:
    theirs = seal_theirs(MESSAGE, b"list.test")
    assert check(theirs).result == "pass"
    both = seal(theirs)
    assert (check(both).result, check(both).sealers) == ("pass", ("list.test", "ann.test"))
    assert dkim.arc_verify(both, dnsfunc=lookup(ZONE))[0] == dkim.CV_Pass
    assert check(seal_theirs(both, b"list.test")).count == 3


def test_a_change_that_is_sealed_anew_keeps_the_chain() -> None:
    listed = seal(MESSAGE).replace(b"Subject: Tea", b"Subject: [tea] Tea")
    assert check(listed).result == "fail"
    assert seal(listed, "list.test") == listed, "a broken chain gets no seal"
    # A list that checked before it changed the subject says so, and its own signature covers the change.
    assert check(seal(listed, "list.test", cv="pass")).result == "pass"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"five.", b"six."),
        (b"spf=pass", b"spf=fail"),
        (b"cv=none", b"cv=pass"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: i=3;"),
        (b"ARC-Seal: i=1;", b"ARC-Seal: i=1; h=from;"),
        (b"ARC-Message-Signature: i=1;", b"X-Other: i=1;"),
        (b"d=ann.test", b"d=eve.test"),
    ],
)
def test_whatever_is_changed_breaks_it(old: bytes, new: bytes) -> None:
    assert check(seal(MESSAGE).replace(old, new)).result == "fail"


def test_the_dns_may_be_asked_again_later() -> None:
    assert check(seal(MESSAGE), "r._domainkey.ann.test FAIL").result == "temperror"
    assert check(seal(MESSAGE), "ann.test A 192.0.2.1").result == "fail"


def test_doubled_and_endless_chains_are_not_followed() -> None:
    once = seal(MESSAGE)
    head = once[: once.index(b"ARC-Message-Signature")]
    assert check(head + once).result == "fail"
    sets = b"".join(
        b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=a.test; s=s; b=eA==\r\nARC-Message-Signature: i=%d; b=\r\n"
        b"ARC-Authentication-Results: i=%d; x\r\n" % (n, n, n)
        for n in range(1, 40)
    )
    assert "more than" in check(sets + MESSAGE).reason


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([b"ARC-Seal: ", b"ARC-Message-Signature: i=1;", b"ARC-Authentication-Results: i=1;"]), st.binary(max_size=120))
def test_never_raises(start: bytes, noise: bytes) -> None:
    once = seal(MESSAGE, cv="none")
    check(start + noise + b"\r\n" + MESSAGE)
    check(start + noise + b"\r\n" + once)
