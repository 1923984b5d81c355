"""To other hosts under their policies: what is proved, what is refused, what is counted."""

import dataclasses
import hashlib
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.delivery import drain, intake, remote
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.queue.models import Recipient
from mailcore.trust import dane, fetching, stspolicies, tlsguard, tlspolicy, tlsrules
from mailcore.trust.dane import Tlsa
from mailcore.trust.models import TlsOutcome, TlsRule
from mailcore.trust.names import NamesFailed
from mailcore.trust.tlspolicy import Level
from mailcore.trust.zone import ZoneNames
from tests.delivery.cast import RAW, SMTP, send
from tests.delivery.sink import FakeResolver, Sink
from tests.trust import certificates

AUTHORITY = certificates.make("authority", is_authority=True)
GOOD = certificates.make("mx.far.test", issuer=AUTHORITY)
STRANGER = certificates.make("mx.far.test")
STS = '_mta-sts.far.test TXT "v=STSv1; id=1"\n'


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Sink]:
    stspolicies.forget_failures()
    with Sink(offers=("PIPELINING", "STARTTLS")) as sink:
        sink.tls = certificates.serve(GOOD)
        monkeypatch.setattr(remote, "SMTP_PORT", sink.port)
        monkeypatch.setattr(tlsguard, "make_verifying_context", lambda: certificates.believe(AUTHORITY))
        yield sink


def publish(monkeypatch: pytest.MonkeyPatch, *, mode: str = "enforce", mx: str = "mx.far.test") -> None:
    text = f"version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n".encode()
    monkeypatch.setattr(fetching, "fetch", lambda *_, **__: text)


def run(zone: str = "") -> tuple[str, str]:
    """(state, what was said last) of the one recipient."""
    drain.drain(owner="test", resolver=FakeResolver({"far.test": ["mx.far.test"]}), names=ZoneNames(zone))
    one = Recipient.objects.order_by("-id").first()
    assert one is not None
    return one.state, one.last_text


def counted() -> set[tuple[str, str]]:
    return {(one.policy, one.result) for one in TlsOutcome.objects.all()}


def test_without_a_policy_any_certificate_does(sink: Sink) -> None:
    sink.tls = certificates.serve(STRANGER)
    send("a@far.test")
    assert run()[0] == "delivered"
    assert sink.ciphers
    assert counted() == set()


def test_enforced_and_proved(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    send("a@far.test")
    state, text = run(STS)
    assert state == "delivered"
    assert "[TLSv1.3, proved by MTA-STS]" in text
    assert counted() == {("sts", "")}


@pytest.mark.parametrize(
    ("pair", "fault"),
    [
        (STRANGER, "certificate-not-trusted"),
        (certificates.make("mx.else.test", issuer=AUTHORITY), "certificate-host-mismatch"),
        (certificates.make("mx.far.test", issuer=AUTHORITY, days=-1), "certificate-expired"),
        (None, "starttls-not-supported"),
    ],
)
def test_enforced_and_not_proved_is_never_sent(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, pair: certificates.Pair | None, fault: str
) -> None:
    publish(monkeypatch)
    if pair is None:
        sink.offers = ("PIPELINING",)
    else:
        sink.tls = certificates.serve(pair)
    send("a@far.test")
    state, text = run(STS)
    assert (state, sink.taken) == ("queued", [])
    assert text
    assert counted() == {("sts", fault)}


@pytest.mark.parametrize("offers", [("STARTTLS",), ()])
def test_testing_only_counts(sink: Sink, monkeypatch: pytest.MonkeyPatch, offers: tuple[str, ...]) -> None:
    publish(monkeypatch, mode="testing")
    sink.tls, sink.offers = certificates.serve(STRANGER), offers
    send("a@far.test")
    assert run(STS)[0] == "delivered"
    fault = "certificate-not-trusted" if offers else "starttls-not-supported"
    assert ("sts", fault) in counted()


def test_a_host_outside_the_policy_is_not_used(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, mx="other.far.test")
    send("a@far.test")
    state, text = run(STS)
    assert (state, sink.connections) == ("queued", 0)
    assert "mx.far.test is not among the hosts of the MTA-STS policy" in text
    assert counted() == {("sts", "validation-failure")}


def test_a_policy_that_cannot_be_fetched_is_counted(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise fetching.FetchFailed("no")

    monkeypatch.setattr(fetching, "fetch", fail)
    send("a@far.test")
    assert run(STS)[0] == "delivered"
    assert counted() == {("sts", "sts-policy-fetch-error")}


def dane_zone(record: str, *, secure: str = ";secure") -> str:
    return f"far.test MX 10 mx.far.test {secure}\nmx.far.test A 127.0.0.1 {secure}\n_25._tcp.mx.far.test TLSA {record} {secure}\n"


def digest(pair: certificates.Pair) -> str:
    return hashlib.sha256(pair.der).hexdigest()


@pytest.fixture
def validating(settings: Any) -> None:
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, resolver_validates=True)


@pytest.mark.usefixtures("validating")
def test_dane_needs_no_authority(sink: Sink) -> None:
    sink.tls = certificates.serve(STRANGER)
    send("a@far.test")
    assert run(dane_zone(f"3 0 1 {digest(STRANGER)}"))[0] == "delivered"
    assert counted() == {("tlsa", "")}


@pytest.mark.usefixtures("validating")
def test_dane_goes_before_the_authorities(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    send("a@far.test")
    state, text = run(STS + dane_zone(f"3 0 1 {digest(STRANGER)}"))
    assert (state, sink.taken) == ("queued", [])
    assert "does not fit its DANE records" in text
    assert counted() == {("tlsa", "validation-failure")}


@pytest.mark.usefixtures("validating")
def test_dane_with_an_anchor_in_the_chain(sink: Sink) -> None:
    sink.tls = certificates.serve(GOOD, AUTHORITY)
    send("a@far.test")
    assert run(dane_zone(f"2 0 1 {digest(AUTHORITY)}"))[0] == "delivered"


@pytest.mark.usefixtures("validating")
def test_records_of_no_use_demand_tls_without_proof(sink: Sink) -> None:
    sink.tls = certificates.serve(STRANGER)
    send("a@far.test")
    assert run(dane_zone("1 0 1 " + "00" * 32))[0] == "delivered"
    sink.offers = ()
    send("a@far.test")
    assert run(dane_zone("1 0 1 " + "00" * 32))[0] == "queued"


@pytest.mark.usefixtures("validating")
def test_a_host_whose_records_cannot_be_had_is_not_used(sink: Sink) -> None:
    send("a@far.test")
    zone = "far.test MX 10 mx.far.test ;secure\nmx.far.test A 127.0.0.1 ;secure\n_25._tcp.mx.far.test FAIL\n"
    assert (run(zone)[0], sink.connections) == ("queued", 0)


def test_dane_that_nobody_vouches_for_means_nothing(sink: Sink) -> None:
    send("a@far.test")
    assert run(dane_zone("3 0 1 " + "00" * 32))[0] == "delivered"


def require_tls(address: str = "a@far.test") -> None:
    intake.accept(envelope=Envelope("zoe@far.test", (EnvelopeRecipient(address),), requiretls=True), raw=RAW, origin=SMTP)


def test_requiretls_without_a_policy_is_returned(sink: Sink) -> None:
    require_tls()
    send("b@far.test")
    run()
    states = dict(Recipient.objects.filter(address__in=["a@far.test", "b@far.test"]).values_list("address", "state"))
    assert states == {"a@far.test": "failed", "b@far.test": "delivered"}
    assert Recipient.objects.get(address="a@far.test").last_text.startswith("5.7.30")


def test_requiretls_with_a_policy(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    sink.offers = ("STARTTLS", "REQUIRETLS")
    require_tls()
    assert run(STS)[0] == "delivered"
    assert any(line.startswith("MAIL FROM:") and line.endswith(" REQUIRETLS") for line in sink.commands)
    sink.offers = ("STARTTLS",)
    require_tls()
    run(STS)
    assert Recipient.objects.filter(state="failed", last_text__startswith="5.7.30").count() == 1


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (b"TLS-Required: No", "delivered"),
        (b"tls-required:\r\n no ", "delivered"),
        (b"TLS-Required: yes", "queued"),
        (b"Subject: TLS-Required: No", "queued"),
    ],
)
def test_a_sender_may_do_without(sink: Sink, monkeypatch: pytest.MonkeyPatch, line: bytes, state: str) -> None:
    publish(monkeypatch)
    sink.tls = certificates.serve(STRANGER)
    send("a@far.test", raw=line + b"\r\n" + RAW)
    send("b@far.test")
    run(STS)
    assert dict(Recipient.objects.values_list("address", "state")) == {"a@far.test": state, "b@far.test": "queued"}


def test_but_not_where_tls_was_asked_for(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch)
    sink.tls = certificates.serve(STRANGER)
    envelope = Envelope("zoe@far.test", (EnvelopeRecipient("a@far.test"),), requiretls=True)
    intake.accept(envelope=envelope, raw=b"TLS-Required: No\r\n" + RAW, origin=SMTP)
    assert run(STS)[0] == "queued"


@pytest.mark.parametrize(
    ("rule", "pair", "state"),
    [("verify", GOOD, "delivered"), ("verify", STRANGER, "queued"), ("encrypt", STRANGER, "delivered"), ("never", GOOD, "delivered")],
)
def test_the_operators_rule_goes_first(sink: Sink, monkeypatch: pytest.MonkeyPatch, rule: str, pair: certificates.Pair, state: str) -> None:
    publish(monkeypatch, mx="other.far.test")
    TlsRule.objects.create(domain="far.test", mode=rule)
    sink.tls = certificates.serve(pair)
    send("a@far.test")
    assert run(STS)[0] == state
    assert bool(sink.ciphers) is (state == "delivered" and rule != "never")


@pytest.mark.django_db
def test_the_nearest_rule_counts() -> None:
    for domain, mode in ((".test", "encrypt"), (".far.test", "verify"), ("a.far.test", "never")):
        TlsRule.objects.create(domain=domain, mode=mode)
    found = {name: tlspolicy.find_rule(name) for name in ("a.far.test", "b.far.test", "far.test", "x.net")}
    assert found == {"a.far.test": Level.NEVER, "b.far.test": Level.VERIFY, "far.test": Level.ENCRYPT, "x.net": None}


@pytest.mark.django_db
def test_rules_by_command() -> None:
    out = StringIO()
    call_command("tlsrule", "put", "Bücher.test", "verify", "--note", "agreed", stdout=out)
    call_command("tlsrule", "put", ".far.test", "never", stdout=StringIO())
    assert out.getvalue() == "xn--bcher-kva.test\tverify\tagreed\n"
    assert [rule.domain for rule in tlsrules.list_all()] == [".far.test", "xn--bcher-kva.test"]
    call_command("tlsrule", "remove", ".far.test", stdout=StringIO())
    for words in (("put", "far.test", "maybe"), ("put", "no domain", "may"), ("remove", "far.test")):
        with pytest.raises(CommandError):
            call_command("tlsrule", *words)


def test_tlsa_records() -> None:
    key = "3 1 1 " + "ab" * 32
    assert dane.parse(key) == Tlsa(3, 1, 1, b"\xab" * 32)
    for text in ("0 1 1 " + "ab" * 32, "3 2 1 " + "ab" * 32, "3 1 3 ab", "3 1 1 abc", "3 1 1 ab", "3 1 1", "x", "3 1 1 zz"):
        assert dane.parse(text) is None


def test_chains() -> None:
    below = certificates.make("below", issuer=AUTHORITY, is_authority=True)
    leaf = certificates.make("mx.far.test", issuer=below)
    anchor = [Tlsa(2, 0, 0, AUTHORITY.der)]
    chain = [leaf.der, below.der, AUTHORITY.der]
    assert dane.verify(anchor, chain, host="MX.far.test")
    assert dane.verify([Tlsa(2, 0, 0, below.der)], chain[:2], host="mx.far.test")
    assert not dane.verify(anchor, chain, host="mx.else.test")
    assert not dane.verify(anchor, [leaf.der, AUTHORITY.der], host="mx.far.test"), "a link is missing"
    assert not dane.verify([Tlsa(2, 0, 0, leaf.der)], [leaf.der], host="mx.far.test"), "its own word is no anchor"
    forged = certificates.make("mx.far.test", issuer=certificates.Pair(STRANGER.key, AUTHORITY.certificate))
    assert not dane.verify(anchor, [forged.der, AUTHORITY.der], host="mx.far.test")
    old = certificates.make("mx.far.test", issuer=AUTHORITY, days=-1)
    assert not dane.verify(anchor, [old.der, AUTHORITY.der], host="mx.far.test")
    assert dane.verify([Tlsa(3, 0, 0, old.der)], [old.der], host="else.test"), "usage 3 asks for neither name nor date"
    assert not dane.verify(anchor, [], host="mx.far.test")


def test_a_failing_name_service_is_not_an_absence() -> None:
    with pytest.raises(NamesFailed):
        dane.find(ZoneNames("mx.far.test A 192.0.2.1 ;secure\n_25._tcp.mx.far.test FAIL"), "mx.far.test")


@settings(max_examples=50)
@given(st.text(max_size=60), st.binary(max_size=200))
def test_noise(text: str, der: bytes) -> None:
    dane.parse(text)
    assert not dane.verify([Tlsa(3, 0, 0, b"")], [der], host="mx.far.test")
