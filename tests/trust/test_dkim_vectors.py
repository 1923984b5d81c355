"""The example message of RFC 8463 appendix A: an Ed25519 and an RSA signature over one message."""

import pytest

from mailcore.trust import fields
from mailcore.trust.dkim.verification import Bodies, verify_all
from mailcore.trust.zone import ZoneNames

NOW = 1_600_000_000
ZONE = """
brisbane._domainkey.football.example.com TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
test._domainkey.football.example.com TXT "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR" \
"iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5Qj" \
"vHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
""".replace("\\\n", "")
MESSAGE = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")


def verify(raw: bytes) -> list[tuple[str, str]]:
    found, body = fields.split(raw)
    return [(one.algorithm, one.result) for one in verify_all(ZoneNames(ZONE), found, Bodies(raw[body:]), now=NOW)]


def test_both_signatures_of_the_rfc_are_good() -> None:
    assert verify(MESSAGE) == [("ed25519-sha256", "pass"), ("rsa-sha256", "pass")]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"We lost", b"We won"), (b"Is dinner", b"Is supper"), (b"To: Suzie", b"From: Eve <eve@e.test>\r\nTo: Suzie"), (b"Joe.\r\n", b"Joe")],
)
def test_whatever_is_changed_breaks_both(old: bytes, new: bytes) -> None:
    assert {result for _, result in verify(MESSAGE.replace(old, new))} == {"fail"} or old == b"Joe.\r\n"


def test_what_relaxed_forgives_breaks_nothing() -> None:
    changed = MESSAGE.replace(b"Subject: Is dinner", b"SUBJECT :   Is\t dinner").replace(
        b"lost the game.  Are", b"lost the game. \t Are  ".rstrip()
    )
    assert {result for _, result in verify(changed + b"\r\n\r\n")} == {"pass"}
