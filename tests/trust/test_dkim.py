"""DKIM against dkimpy in both directions, and each way a signature can be wrong."""

import re
import time
from collections.abc import Callable

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.trust import fields
from mailcore.trust.dkim import publickeys, signature
from mailcore.trust.dkim.publickeys import NoKey, WeakKey
from mailcore.trust.dkim.signing import SigningKey, sign
from mailcore.trust.dkim.verification import MAX_SIGNATURES, Bodies, Verdict, verify_all
from mailcore.trust.names import Kind
from mailcore.trust.tags import BadTags
from mailcore.trust.zone import ZoneNames
from tests.trust import keys

NOW = int(time.time())
"""dkimpy reads the clock."""
MESSAGE = (
    b"From: Ann <ann@ann.test>\r\nTo: bo@bo.test\r\nSubject: Tea\r\n  at five\r\nDate: Tue, 1 Sep 2026 10:00:00 +0000\r\n"
    b"Message-ID: <1@ann.test>\r\n\r\nHello  Bo, \r\n\r\nat five.\t\r\n\r\n\r\n"
)
BODIES = st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\xc3\xa9", b".", b"b c"]), max_size=30).map(
    lambda parts: b"".join(parts) + b"\r\n"
)
VALUES = st.lists(st.sampled_from(["a", " ", "\t", "\r\n ", "é", "x:y", ";", "="]), min_size=1, max_size=12).map("".join)


def verify(raw: bytes, zone: str = "", *, now: int | None = None) -> list[Verdict]:
    """Now, where nothing is said: others sign with the clock, minutes after this file was read."""
    found, body = fields.split(raw)
    return verify_all(ZoneNames(zone or keys.zone()), found, Bodies(raw[body:]), now=int(time.time()) if now is None else now)


def sign_ours(raw: bytes, key: SigningKey) -> bytes:
    found, body = fields.split(raw)
    return sign(found, Bodies(raw[body:]), key, now=NOW) + raw


def lookup(zone: str) -> Callable[..., bytes | None]:
    names = ZoneNames(zone)

    def look_up(name: bytes, timeout: int = 5) -> bytes | None:
        return next((text.encode() for text in names.look_up(name.decode(), Kind.TXT).records), None)

    return look_up


def sign_theirs(raw: bytes, canonical: tuple[bytes, bytes], *, ed: bool = False, length: bool = False) -> bytes:
    secret = keys.ed_seed() if ed else keys.rsa_pem()
    algorithm = b"ed25519-sha256" if ed else b"rsa-sha256"
    selector = b"e" if ed else b"r"
    made = dkim.sign(raw, selector, b"ann.test", secret, canonicalize=canonical, signature_algorithm=algorithm, length=length)
    return bytes(made) + raw


@pytest.mark.parametrize("ed", [False, True])
@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
def test_signatures_of_dkimpy_are_good(header: bytes, body: bytes, ed: bool) -> None:
    raw = sign_theirs(MESSAGE, (header, body), ed=ed)
    (verdict,) = verify(raw)
    assert (verdict.result, verdict.domain, verdict.identity) == ("pass", "ann.test", "@ann.test")
    assert verify(raw.replace(b"at five.", b"at six."))[0].result == "fail"
    assert verify(raw.replace(b"Subject: Tea", b"Subject: Gin"))[0].result == "fail"


@settings(max_examples=60, deadline=None)
@given(value=VALUES, body=BODIES, header=st.sampled_from([b"simple", b"relaxed"]), how=st.sampled_from([b"simple", b"relaxed"]))
def test_any_message_canonicalises_as_dkimpy_does(value: str, body: bytes, header: bytes, how: bytes) -> None:
    value = re.sub(r"(?:\r\n[ \t]*)+\Z", "", re.sub(r"\r\n[ \t]+(?=\r\n)", "", value)) or "x"
    raw = b"From: a@ann.test\r\nX-Odd:" + value.encode() + b"\r\nSubject: s\r\n\r\n" + body
    assert verify(sign_theirs(raw, (header, how), ed=True))[0].result == "pass"


@settings(max_examples=40, deadline=None)
@given(value=VALUES, body=BODIES)
def test_dkimpy_believes_ours(value: str, body: bytes) -> None:
    raw = b"From: a@ann.test\r\nSubject:" + value.replace("\r\n", "").encode() + b"\r\n\r\n" + body
    signed = sign_ours(raw, keys.signing_ed())
    assert verify(signed)[0].result == "pass"
    assert dkim.verify(signed, dnsfunc=lookup(keys.zone()))


def test_both_keys_sign_side_by_side_and_survive_refolding() -> None:
    signed = sign_ours(sign_ours(MESSAGE, keys.signing_rsa()), keys.signing_ed())
    assert [one.result for one in verify(signed)] == ["pass", "pass"]
    assert all(dkim.DKIM(signed).verify(idx, dnsfunc=lookup(keys.zone())) for idx in (0, 1))
    assert max(map(len, signed.split(b"\r\n"))) <= 100
    refolded = signed.replace(b"Subject: Tea\r\n  at", b"Subject:\r\n\tTea at")
    assert [one.result for one in verify(refolded)] == ["pass", "pass"]


@pytest.mark.parametrize(
    "line", [b"From: eve@e.test", b"Subject: Free", b"Reply-To: eve@e.test", b"Content-Type: text/html", b"To: all@e.test"]
)
def test_nothing_that_people_see_can_be_added(line: bytes) -> None:
    signed = sign_ours(MESSAGE, keys.signing_ed())
    assert verify(line + b"\r\n" + signed)[0].result == "fail"
    assert verify(signed.replace(b"To: bo@bo.test\r\n", b"To: bo@bo.test\r\n" + line + b"\r\n"))[0].result == "fail"


def test_text_behind_what_l_covers_is_not_vouched_for() -> None:
    signed = sign_theirs(MESSAGE, (b"relaxed", b"relaxed"), length=True)
    assert verify(signed)[0].result == "pass"
    assert verify(signed + b"<b>Buy!</b>\r\n")[0].result == "policy"
    assert verify(re.sub(rb"l=\d+", b"l=9999", signed))[0].result == "permerror"


def test_times() -> None:
    raw = sign_ours(MESSAGE, keys.signing_ed())
    assert verify(raw, now=NOW - 10_000)[0].reason == "the signature is from the future"
    value = signature.parse(b" v=1; a=ed25519-sha256; d=a.test; s=e; h=from; bh=eA==; b=eA==; t=5; x=6")
    assert (value.signed_at, value.expires_at) == (5, 6)
    expired = raw.replace(f"t={NOW};".encode(), f"t={NOW - 20}; x={NOW - 10};".encode())
    assert verify(expired)[0].reason == "the signature has expired"


SHORT = (
    "v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANXaUpsGP4qfJi3IjOouydG+O4lLfChf"
    "wbGbCfxqAogxH+YWsxetyWmoHAmdj0P4c0Cb1ci1VqMUcUA66hB4TLUCAwEAAQ=="
)
"""512 bits."""
RECORDS = [
    ("", "permerror", "no key at"),
    ('e._domainkey.ann.test TXT "v=DKIM1; p="', "permerror", "revoked"),
    ('e._domainkey.ann.test TXT "v=DKIM2; p=aaaa"', "permerror", "another version"),
    ('e._domainkey.ann.test TXT "k=rsa; v=DKIM1; p=aaaa"', "permerror", "another version"),
    ('e._domainkey.ann.test TXT "v=DKIM1; k=ed25519; p=@@"', "permerror", "malformed"),
    ('e._domainkey.ann.test TXT "v=DKIM1; k=ed25519; p=aaaa"', "permerror", "cannot be read"),
    ('e._domainkey.ann.test TXT "nonsense"', "permerror", "malformed"),
    (f'e._domainkey.ann.test TXT "{keys.ed_record()}; h=sha1"', "permerror", "not for SHA-256"),
    (f'e._domainkey.ann.test TXT "{keys.ed_record()}; s=tlsrpt"', "permerror", "not for mail"),
    (f'e._domainkey.ann.test TXT "{keys.rsa_record()}"', "permerror", "another algorithm"),
    ("e._domainkey.ann.test FAIL", "temperror", "no answer"),
]


@pytest.mark.parametrize(("zone", "result", "reason"), RECORDS)
def test_key_records(zone: str, result: str, reason: str) -> None:
    (verdict,) = verify(sign_ours(MESSAGE, keys.signing_ed()), zone or "other.test A 192.0.2.1")
    assert verdict.result == result
    assert reason in verdict.reason


def test_testing_and_strict_keys() -> None:
    zone = f'e._domainkey.ann.test TXT "{keys.ed_record()}; t=y:s"'
    signed = sign_ours(MESSAGE, keys.signing_ed())
    assert verify(signed, zone)[0].is_testing
    narrow = re.sub(rb"d=ann\.test;", b"d=ann.test; i=x@sub.ann.test;", signed)
    assert verify(narrow, zone)[0].reason == "the key is not for subdomains"


def test_short_keys_and_old_hashes_prove_nothing() -> None:
    with pytest.raises(WeakKey):
        publickeys.parse(SHORT)
    raw = sign_ours(MESSAGE, keys.signing_rsa()).replace(b"a=rsa-sha256", b"a=rsa-sha1")
    assert verify(raw)[0].result == "policy"
    assert publickeys.parse(keys.rsa_record(1024)).algorithm == "rsa"


BAD = [
    b"v=2; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=eA==",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=to; bh=eA==; b=eA==",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=e",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=eA==; b=eA==",
    b"v=1; a=rsa-sha256; d=a; s=s; h=from; bh=eA==; b=eA==",
    b"v=1; a=rsa-sha256; d=a.test; s=-; h=from; bh=eA==; b=eA==",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=eA==; i=x@b.test",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=eA==; i=x@ba.test",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=eA==; c=odd",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=eA==; q=http",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=eA==; t=9; x=3",
    b"v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b=eA==; l=-1",
    b"v=1; a=sha; d=a.test; s=s; h=from; bh=eA==; b=eA==",
    b"",
    b";;",
]


@pytest.mark.parametrize("value", BAD)
def test_malformed_signatures(value: bytes) -> None:
    with pytest.raises(BadTags):
        signature.parse(value)
    (verdict,) = verify(b"DKIM-Signature: " + value + b"\r\n" + MESSAGE)
    assert verdict.result == "permerror"


def test_a_message_full_of_signatures_costs_no_more() -> None:
    assert len(verify(b"DKIM-Signature: v=1\r\n" * 500 + MESSAGE)) == MAX_SIGNATURES


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"DKIM-Signature: ", b"DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=eA==; b="]),
)
def test_never_raises(noise: bytes, start: bytes) -> None:
    verify(start + noise)
    verify(start + noise + b"\r\n" + MESSAGE)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_key_records_never_raise_anything_else(text: str) -> None:
    for record in (text, f"v=DKIM1; p={text}", f"k=ed25519; p={text}"):
        try:
            publickeys.parse(record)
        except (NoKey, WeakKey):
            continue
