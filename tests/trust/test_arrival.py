"""What is said and done about a message from a stranger, by the settings and the zone."""

import dataclasses
from typing import Any

import pytest

from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.kernel.errors import Denied
from mailcore.trust import arrival
from mailcore.trust.arrival import Arrival
from mailcore.trust.names import Answer, Kind, NamesFailed
from mailcore.trust.zone import ZoneNames
from tests.trust import keys
from tests.trust.test_arc import seal
from tests.trust.test_dkim import MESSAGE, sign_ours

PEER = "192.0.2.7"
ZONE = (
    keys.zone()
    + keys.zone("list.test")
    + """
ann.test TXT "v=spf1 ip4:192.0.2.0/24 -all"
_dmarc.ann.test TXT "v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@ann.test"
list.test TXT "v=spf1 ip4:198.51.100.1 -all"
7.2.0.192.in-addr.arpa PTR mail.ann.test
mail.ann.test A 192.0.2.7
"""
)


@pytest.fixture(autouse=True)
def without_reports(settings: Any) -> None:
    set_to(settings, send_reports=False)


def examine(raw: bytes = MESSAGE, *, sender: str = "ann@ann.test", peer: str = PEER, zone: str = ZONE) -> Arrival:
    envelope = Envelope(sender, (EnvelopeRecipient("bo@here.test"),))
    return arrival.examine(envelope=envelope, raw=raw, peer=peer, helo="mail.ann.test", names=ZoneNames(zone))


def set_to(settings: Any, **values: Any) -> None:
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, **values)


def test_all_that_is_good_is_said() -> None:
    found = examine(sign_ours(MESSAGE, keys.signing_ed()))
    (header,) = found.headers
    flat = " ".join(header.split())
    assert flat.startswith("Authentication-Results: mx.facteur.test; spf=pass smtp.mailfrom=ann@ann.test;")
    for part in (
        "dkim=pass header.d=ann.test header.s=e header.a=ed25519-sha256",
        "dmarc=pass header.from=ann.test",
        "iprev=pass policy.iprev",
    ):
        assert part in flat
    (words,) = found.findings
    assert "SPF pass: ip4:192.0.2.0/24 of ann.test" in words
    assert "DMARC pass: DKIM of ann.test speaks for ann.test" in words
    assert "reverse name mail.ann.test (pass)" in words
    assert (found.filing, found.raw[:4]) == ("", b"DKIM")
    assert dict(found.marks) == {"spf": "pass", "dkim": "pass", "arc": "none", "dmarc": "pass", "iprev": "pass"}
    assert header.isascii()
    assert max(map(len, header.split("\r\n"))) < 200


def test_reject_is_followed() -> None:
    with pytest.raises(Denied, match=r"DMARC policy of ann\.test") as caught:
        examine(peer="203.0.113.9")
    assert caught.value.detail.startswith("5.7.1 DMARC policy reject of ann.test")


@pytest.mark.parametrize(("setting", "filing", "words"), [("quarantine", "junk", "filed as junk"), ("report", "", "not followed here")])
def test_the_setting_weakens_the_policy(settings: Any, setting: str, filing: str, words: str) -> None:
    set_to(settings, dmarc=setting)
    found = examine(peer="203.0.113.9")
    assert found.filing == filing
    assert words in found.findings[1]
    assert "DMARC policy reject of ann.test" in found.findings[1]


def test_quarantine_of_a_subdomain_is_junk() -> None:
    found = examine(MESSAGE.replace(b"<ann@ann.test>", b"<ann@sub.ann.test>"), sender="x@eve.test", peer="203.0.113.9")
    assert found.filing == "junk"
    assert found.findings[1] == "DMARC policy quarantine of ann.test: filed as junk"


def test_a_second_author_is_no_way_around() -> None:
    two = MESSAGE.replace(b"From: Ann <ann@ann.test>", b"From: eve@free.test, Ann <ann@ann.test>")
    with pytest.raises(Denied):
        examine(two, sender="eve@free.test", peer="203.0.113.9")
    with pytest.raises(Denied):
        examine(b"From: eve@free.test\r\n" + MESSAGE, sender="eve@free.test", peer="203.0.113.9")


def test_a_trusted_list_may_change_what_it_passes_on(settings: Any) -> None:
    def pass_on(results: str) -> bytes:
        sealed = seal(MESSAGE.replace(b"Subject: Tea", b"Subject: [tea] Tea"), "list.test", cv="none")
        return sealed.replace(b"spf=pass smtp.mailfrom=ann.test", results.encode())

    good = seal(MESSAGE, "list.test", cv="none", results="mx.list.test; dmarc=pass header.from=ann.test")
    with pytest.raises(Denied):
        examine(good, sender="l@list.test", peer="198.51.100.1")
    set_to(settings, arc_sealers=("list.test",))
    found = examine(good, sender="l@list.test", peer="198.51.100.1")
    assert "list.test is trusted and vouches for it" in found.findings[1]
    assert "arc=pass" in found.headers[0]
    for bad in (pass_on("spf=pass smtp.mailfrom=ann.test"), pass_on("dmarc=pass header.from=ann.test")):
        with pytest.raises(Denied):
            examine(bad, sender="l@list.test", peer="198.51.100.1")


def test_a_dead_name_service_loses_nothing() -> None:
    found = examine(
        sign_ours(MESSAGE, keys.signing_ed()), zone="\n".join(f"{n} FAIL" for n in ("ann.test", "_dmarc.ann.test", "e._domainkey.ann.test"))
    )
    assert "spf=temperror" in found.headers[0]
    assert "dkim=temperror" in found.headers[0]
    assert found.filing == ""


def test_a_defect_of_the_checks_loses_nothing() -> None:
    class Broken:
        def look_up(self, name: str, kind: Kind, *, timeout: float = 10.0) -> Answer:
            raise RuntimeError("boom")

    envelope = Envelope("ann@ann.test", (EnvelopeRecipient("bo@here.test"),))
    found = arrival.examine(envelope=envelope, raw=MESSAGE, peer=PEER, helo="h", names=Broken())
    assert found == Arrival(MESSAGE, findings=("Not checked: the checks failed.",))


def test_questions_are_bounded() -> None:
    asked = []

    class Endless:
        def look_up(self, name: str, kind: Kind, *, timeout: float = 10.0) -> Answer:
            asked.append(name)
            if len(asked) > 1_000:
                raise NamesFailed("enough")
            return Answer(
                (f"10 x{len(asked)}.test",) if kind is Kind.MX else ("v=spf1 mx include:i.test -all",) if kind is Kind.TXT else ()
            )

    header = b"".join(b"DKIM-Signature: v=1; a=rsa-sha256; d=d%d.test; s=s; h=from; bh=eA==; b=eA==\r\n" % n for n in range(300))
    envelope = Envelope("ann@ann.test", (EnvelopeRecipient("bo@here.test"),))
    arrival.examine(envelope=envelope, raw=header + MESSAGE, peer=PEER, helo="h", names=Endless())
    assert len(asked) <= arrival.QUESTIONS


@pytest.mark.parametrize(
    ("peer", "trusted"), [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("192.0.2.1", False), ("", False)]
)
def test_trusted_networks(peer: str, trusted: bool) -> None:
    assert arrival.is_trusted(peer) is trusted


def test_forged_results_are_removed_and_said() -> None:
    raw = b"Authentication-Results: mx.facteur.test; dmarc=pass\r\n" + MESSAGE
    found = examine(raw)
    assert found.raw == MESSAGE
    assert "1 Authentication-Results forged in our name removed" in found.findings[0]
