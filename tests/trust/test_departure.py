"""Out to another host: ours is signed, strangers' is sealed and sent as ours, and bounces find their way back."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import dkim
import pytest

from mailcore.delivery import drain, remote, routing
from mailcore.delivery.routing import Way
from mailcore.directory import aliases, domains
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import Conflict, Denied
from mailcore.queue.models import Recipient
from mailcore.trust import arrival, departure, fields, forwarding, keys
from mailcore.trust.arc import chain
from mailcore.trust.dkim.verification import Bodies, verify_all
from mailcore.trust.names import Kind
from mailcore.trust.zone import ZoneNames
from tests.delivery.cast import RAW, make_domain, make_mailbox, send
from tests.delivery.sink import FakeResolver, Sink, Taken
from tests.trust import keys as signing
from tests.trust.test_dkim import sign_ours

pytestmark = pytest.mark.django_db(transaction=True)
OWN = Origin("submission", peer="192.0.2.3", protocol="ESMTPSA")
LETTER = b"From: ann@here.test\r\nTo: zoe@far.test\r\nSubject: Tea\r\nDate: Tue, 1 Sep 2026 10:00:00 +0000\r\n\r\nAt five.\r\n"


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with Sink() as sink:
        monkeypatch.setattr(remote, "SMTP_PORT", sink.port)
        yield sink


@pytest.fixture
def names() -> ZoneNames:
    """here.test with two active keys, as its zone shows them."""
    keys.forget_cached()
    make_domain()
    shown = keys.ensure(domain="here.test")
    zone = ZoneNames("".join(f'{one.name} TXT "{one.record}"\n' for one in shown))
    assert keys.advance(names=zone) == 2
    return zone


def run(*hosts: str) -> None:
    while drain.drain(owner="test", resolver=FakeResolver({host: [f"mx.{host}"] for host in hosts or ("far.test",)})):
        pass


def check(taken: Taken, names: ZoneNames) -> tuple[list[str], chain.Verdict]:
    found, body = fields.split(taken.data)
    bodies, now = Bodies(taken.data[body:]), 4_000_000_000
    signatures = [f"{one.domain} {one.algorithm} {one.result}" for one in verify_all(names, found, bodies, now=now)]
    return signatures, chain.check(names, found, bodies, now=now)


def test_ours_is_signed_with_both_keys(sink: Sink, names: ZoneNames) -> None:
    make_mailbox("ann@here.test")
    send("zoe@far.test", sender="ann@here.test", raw=LETTER, origin=OWN)
    run()
    (taken,) = sink.taken
    assert taken.sender == "ann@here.test"
    assert Recipient.objects.get().last_text == "2.0.0 kept [in clear; signed as here.test]"
    assert check(taken, names)[0] == ["here.test rsa-sha256 pass", "here.test ed25519-sha256 pass"]

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return names.look_up(name.decode(), Kind.TXT).records[0].encode()

    judge = dkim.DKIM(taken.data)
    assert [judge.verify(number, dnsfunc=look_up) for number in (0, 1)] == [True, True]
    assert (
        verify_all(names, fields.split(taken.data.replace(b"Tea", b"Gin"))[0], Bodies(b"At five.\r\n"), now=4_000_000_000)[0].result
        == "fail"
    )


def test_without_keys_in_use_it_leaves_unsigned(sink: Sink) -> None:
    keys.forget_cached()
    make_domain()
    keys.ensure(domain="here.test")
    send("zoe@far.test", sender="ann@here.test", raw=LETTER, origin=OWN)
    run()
    assert b"DKIM-Signature" not in sink.taken[0].data


def test_a_key_that_cannot_be_opened_loses_no_mail(sink: Sink, names: ZoneNames, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.forget_cached()

    def refuse(_: bytes) -> bytes:
        raise Conflict("This secret was sealed with another secret.key and cannot be read.")

    monkeypatch.setattr(keys, "_unseal", refuse)
    send("zoe@far.test", sender="ann@here.test", raw=LETTER, origin=OWN)
    run()
    assert len(sink.taken) == 1
    keys.forget_cached()


def test_a_stranger_is_never_signed_for(sink: Sink, names: ZoneNames) -> None:
    aliases.create(address="all@here.test", targets=("bo@far.test",))
    send("all@here.test", sender="eve@eve.test", raw=LETTER)
    run()
    signatures, seals = check(sink.taken[0], names)
    assert signatures == []
    assert (seals.result, seals.sealers) == ("pass", ("here.test",))


def test_a_forward_goes_out_as_ours_and_its_bounce_comes_back(sink: Sink, names: ZoneNames) -> None:
    aliases.create(address="all@here.test", targets=("bo@far.test",))
    result = "Authentication-Results: mx.facteur.test;\r\n\tspf=pass smtp.mailfrom=zoe@near.test"
    send("all@here.test", sender="zoe@near.test", raw=RAW, origin=Origin("smtp", peer="192.0.2.7", helo="h", headers=(result,)))
    run()
    (taken,) = sink.taken
    assert re.fullmatch(r"SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=near\.test=zoe@here\.test", taken.sender)
    assert taken.data.endswith(RAW)
    verdict = check(taken, names)[1]
    assert verdict.result == "pass"
    assert "mx.facteur.test; spf=pass smtp.mailfrom=zoe@near.test" in verdict.latest_results

    routing.check_recipient(address=taken.sender, principal=None, size=0)
    send(taken.sender, sender="", raw=RAW)
    run("far.test", "near.test")
    assert (sink.taken[1].sender, sink.taken[1].recipients) == ("", ["zoe@near.test"])


def test_a_redirect_by_a_filter_is_sealed_with_what_was_found_first(names: ZoneNames) -> None:
    raw = (
        b"Delivered-To: ann@here.test\r\nReceived: by mx.facteur.test with LOCAL id x;\r\n\tnow\r\n"
        b"Authentication-Results: mx.facteur.test;\r\n\tdkim=pass header.d=near.test\r\nReceived: from x by mx.facteur.test;\r\n\tthen\r\n"
        b"Authentication-Results: mx.facteur.test; dkim=forged\r\n" + RAW
    )
    made = departure.dress(raw=raw, sender="zoe@near.test", source="forward", orcpt="rfc822;ann@here.test")
    assert b"i=1; mx.facteur.test;\r\n\tdkim=pass header.d=near.test\r\n" in made.prefix
    foreign = departure.dress(raw=raw[raw.index(b"Received: from") :], sender="zoe@near.test", source="smtp", orcpt="")
    assert b"i=1; mx.facteur.test; none" in foreign.prefix


def test_at_the_next_host_all_of_it_is_good(sink: Sink, names: ZoneNames, settings: Any) -> None:
    """What we sign and what we pass on, as another server of ours sees it."""
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, hostname="next.test", send_reports=False)
    shown = "".join(f'{one.name} TXT "{one.record}"\n' for one in keys.list_keys(domain="here.test"))
    zone = ZoneNames(
        shown
        + signing.zone("near.test")
        + 'here.test TXT "v=spf1 ip4:198.51.100.1 -all"\n_dmarc.here.test TXT "v=DMARC1; p=reject"\n'
        + '_dmarc.near.test TXT "v=DMARC1; p=reject"\n'
    )
    aliases.create(address="all@here.test", targets=("bo@far.test",))
    send("zoe@far.test", sender="ann@here.test", raw=LETTER, origin=OWN)
    send("all@here.test", sender="zoe@near.test", raw=sign_ours(RAW.replace(b"far.test", b"near.test"), signing.signing_ed("near.test")))
    run()
    found = {}
    for taken in sink.taken:
        envelope = Envelope(taken.sender, tuple(map(EnvelopeRecipient, taken.recipients)))
        seen = arrival.examine(envelope=envelope, raw=taken.data, peer="198.51.100.1", helo="mx.here.test", names=zone)
        found[taken.recipients[0]] = "".join(seen.headers)
    for part in ("spf=pass", "dkim=pass", "dmarc=pass"):
        assert all(part in header for header in found.values())
    assert "\tarc=pass" in found["bo@far.test"]
    assert "\tarc=" not in found["zoe@far.test"]


def test_a_forward_of_ours_keeps_its_sender(sink: Sink, names: ZoneNames) -> None:
    aliases.create(address="all@here.test", targets=("bo@far.test",))
    send("all@here.test", sender="ann@here.test", raw=LETTER, origin=OWN)
    run()
    assert sink.taken[0].sender == "ann@here.test"
    assert check(sink.taken[0], names)[0][0] == "here.test rsa-sha256 pass"


def test_addresses_we_did_not_make_are_refused() -> None:
    make_domain()
    forged = "SRS0=AAAAAA=AA=far.test=victim@here.test"
    with pytest.raises(Denied):
        routing.check_recipient(address=forged, principal=None, size=0)
    found = routing.route(forged)
    assert (found.way, found.code) == (Way.REFUSE, 550)
    assert routing.route("SRS0=AAAAAA=AA=far.test=victim@far.test").way is Way.REMOTE
    made = forwarding.rewrite_sender("x" * 60 + "@a-rather-long-name.far.test", orcpt="rfc822;all@here.test")
    assert routing.route(made).targets == ("x" * 60 + "@a-rather-long-name.far.test",)


def test_without_a_domain_of_ours_nothing_is_rewritten() -> None:
    assert forwarding.rewrite_sender("zoe@far.test", orcpt="rfc822;bo@else.test") == "zoe@far.test"
    domains.create(name="first.test")
    domains.create(name="here.test")
    assert forwarding.rewrite_sender("zoe@far.test", orcpt="rfc822;bo@else.test").endswith("@first.test")
    assert forwarding.rewrite_sender("zoe@far.test", orcpt="rfc822;a+2Bb@Here.test").endswith("@here.test")
    assert forwarding.rewrite_sender("", orcpt="") == ""


def test_a_report_of_ours_is_signed_for_its_author(names: ZoneNames) -> None:
    report = LETTER.replace(b"ann@", b"MAILER-DAEMON@")
    assert departure.dress(raw=report, sender="", source="dsn", orcpt="").words == "signed as here.test"
    assert departure.dress(raw=b"From: a@far.test\r\n\r\n", sender="", source="dsn", orcpt="").prefix == b""
    assert departure.dress(raw=b"\r\n", sender="ann@here.test", source="submission", orcpt="").prefix.startswith(b"DKIM-Signature")


def test_noise_never_stops_a_message(names: ZoneNames, settings: Any) -> None:
    for raw in (b"", b"\r\n", b"\0\xff", b"ARC-Seal: i=1\r\n\r\n", b"From:" + b"x" * 100_000):
        for source in ("smtp", "submission"):
            assert departure.dress(raw=raw, sender="zoe@far.test", source=source, orcpt="").sender
    assert Recipient.objects.count() == 0
