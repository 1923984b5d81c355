"""To other hosts: replies by class, shared transactions, the moment of the final dot, dead hosts."""

import ssl
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailcore.delivery import drain, remote
from mailcore.kernel.envelope import EnvelopeRecipient
from mailcore.kernel.errors import Deferred, Refused
from mailcore.queue import claims, destinations, journey
from mailcore.queue.models import Destination, Entry, Recipient
from mailcore.queue.settlement import Result
from tests.delivery.cast import RAW, count_messages, make_domain, make_mailbox, send
from tests.delivery.sink import FakeResolver, Sink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with Sink() as sink:
        monkeypatch.setattr(remote, "SMTP_PORT", sink.port)
        yield sink


def make_context(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sink.test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "sink.pem").write_bytes(text + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "sink.pem")
    return context


def run(hosts: dict[str, list[str] | Exception] | None = None, *, now: int | None = None) -> int:
    return drain.drain(owner="test", now=now, resolver=FakeResolver(hosts or {"far.test": ["mx.far.test"]}))


def states() -> dict[str, tuple[str, int]]:
    return {one.address: (one.state, one.last_code) for one in Recipient.objects.all()}


def test_one_transaction_carries_all_recipients_of_a_destination(sink: Sink) -> None:
    send("a@far.test", "b@far.test", sender="ann@here.test")
    run()
    (taken,) = sink.taken
    assert (taken.sender, taken.recipients) == ("ann@here.test", ["a@far.test", "b@far.test"])
    assert taken.data.endswith(RAW)
    assert taken.data.startswith(b"Received: from mail.far.test ([192.0.2.7])")
    assert set(states().values()) == {("delivered", 250)}
    assert Destination.objects.get(domain="far.test").concurrency == destinations.START + 1


def test_each_recipient_gets_its_own_answer(sink: Sink) -> None:
    make_domain()
    ann = make_mailbox("ann@here.test")
    sink.answers = {"RCPT TO:<no@": "550 5.1.1 not here", "RCPT TO:<later@": "451 4.7.1 Greylisted, come back"}
    send("yes@far.test", "no@far.test", "later@far.test", sender="ann@here.test")
    run()
    assert states()["yes@far.test"] == ("delivered", 250)
    assert states()["no@far.test"] == ("failed", 550)
    assert states()["later@far.test"] == ("queued", 451)
    entry = Entry.objects.get(source="smtp")
    later = Recipient.objects.get(address="later@far.test")
    assert abs(later.next_attempt_at - entry.received_at - remote.GREYLIST_RETRY) <= 5
    run()
    assert count_messages(ann) == 1


def test_two_messages_share_a_connection(sink: Sink) -> None:
    send("a@far.test")
    send("b@far.test")
    run()
    assert (len(sink.taken), sink.connections) == (2, 1)


def test_several_destinations_are_served_at_once(sink: Sink) -> None:
    send("a@far.test", "b@near.test")
    run({"far.test": ["mx.far.test"], "near.test": ["mx.near.test"]})
    assert sorted(taken.recipients[0] for taken in sink.taken) == ["a@far.test", "b@near.test"]
    assert set(states().values()) == {("delivered", 250)}


def test_a_connection_lost_after_the_dot_is_retried_and_said_so(sink: Sink) -> None:
    sink.answers = {".": "drop"}
    trace_id = send("a@far.test")
    run()
    assert states()["a@far.test"][0] == "queued"
    sink.answers = {}
    run(now=Recipient.objects.get().next_attempt_at)
    assert states()["a@far.test"] == ("delivered", 250)
    assert len(sink.taken) == 2
    assert [step.stage for step in journey.list_steps(trace_id=trace_id)] == ["received", "queued", "deferred", "sent"]


def test_a_worker_killed_after_the_dot_leaves_the_mark(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(results: Sequence[Result], **_: object) -> None:
        if results:
            raise Killed

    trace_id = send("a@far.test")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(remote.settling, "settle", kill)
        run()
    recipient = Recipient.objects.get()
    assert recipient.data_sent_at is not None
    assert recipient.lease_until - recipient.data_sent_at == claims.DATA_TTL
    assert run(now=recipient.lease_until - 1) == 0
    assert run(now=recipient.lease_until) == 1
    assert "may have been sent" in journey.list_steps(trace_id=trace_id)[-1].text


def test_a_slow_host_keeps_nobody_waiting(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    class SlowResolver(FakeResolver):
        def find_hosts(self, domain: str) -> list[str]:
            let_go.wait()
            return super().find_hosts(domain)

    monkeypatch.setattr(remote, "_slots", threading.BoundedSemaphore(1))
    send("a@far.test")
    assert drain.drain(owner="test", resolver=SlowResolver({"far.test": ["mx.far.test"]}), wait=False) == 1
    assert states()["a@far.test"][0] == "leased"
    let_go.set()
    assert remote._slots.acquire(timeout=30), "the thread ends"
    assert states()["a@far.test"] == ("delivered", 250)


def test_without_a_free_thread_it_is_as_if_never_claimed(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_slots", threading.BoundedSemaphore(1))
    assert remote._slots.acquire()
    send("a@far.test")
    assert drain.drain(owner="test", resolver=FakeResolver({}), wait=False) == 1
    recipient = Recipient.objects.get()
    assert (recipient.state, recipient.attempts) == ("queued", 0)
    run(now=recipient.next_attempt_at)
    assert states()["a@far.test"] == ("delivered", 250)


def test_tls_is_used_where_offered_and_asks_for_no_known_certificate(sink: Sink, tmp_path: Path) -> None:
    sink.tls = make_context(tmp_path)
    sink.offers = ("STARTTLS", "PIPELINING", "8BITMIME")
    send("a@far.test", "b@far.test")
    send("c@far.test", raw=RAW + b"large line\r\n" * 30_000)
    run()
    assert [taken.recipients for taken in sink.taken] == [["a@far.test", "b@far.test"], ["c@far.test"]]
    assert sink.ciphers == ["TLSv1.3"]
    assert sink.commands.count("EHLO mx.facteur.test") == 2
    assert sink.taken[1].data.endswith(b"large line\r\n" * 30_000)


def test_a_broken_handshake_falls_back_to_clear(sink: Sink) -> None:
    sink.offers = ("STARTTLS", "PIPELINING")
    sink.answers = {"STARTTLS": "220 go on\r\nthis is no handshake"}
    send("a@far.test")
    run()
    assert sink.connections >= 1
    sink.answers = {"STARTTLS": "220 go on", "\x16": "drop"}
    run(now=Recipient.objects.get().next_attempt_at)
    assert states()["a@far.test"] == ("delivered", 250)


def test_a_lost_lease_keeps_the_dot_back(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    send("a@far.test")
    monkeypatch.setattr(claims, "mark_data_sent", lambda **_: False)
    run()
    assert sink.taken == []
    assert states()["a@far.test"][0] == "leased"


def test_a_host_that_turns_us_away_makes_room_for_the_next(sink: Sink) -> None:
    sink.answers = {"": "554 go away"}
    send("a@far.test")
    run({"far.test": ["mx1.far.test", "mx2.far.test"]})
    assert sink.connections >= 2
    assert states()["a@far.test"][0] == "queued"
    assert Destination.objects.get().fail_streak == 1


def test_a_dead_destination_throttles_only_itself(sink: Sink) -> None:
    hosts: dict[str, list[str] | Exception] = {"far.test": ["nowhere.test"], "near.test": ["mx.near.test"]}
    send("a@far.test")
    run(hosts)
    run(hosts, now=Recipient.objects.get().next_attempt_at)
    dead = Destination.objects.get(domain="far.test")
    assert (dead.fail_streak, dead.concurrency) == (2, 1)
    send("b@far.test", "c@near.test")
    assert run(hosts, now=dead.backoff_until - 1) == 1
    assert states()["c@near.test"] == ("delivered", 250)
    assert states()["b@far.test"][0] == "queued"


def test_the_name_service_decides(sink: Sink) -> None:
    send("a@null.test", "b@silent.test", sender="")
    run({"null.test": Refused("The domain takes no mail.", "5.1.10 null"), "silent.test": Deferred("No answer.", "4.4.3 silent")})
    assert states() == {"a@null.test": ("failed", 550), "b@silent.test": ("queued", 451)}
    assert Recipient.objects.get(address="a@null.test").last_text == "5.1.10 The domain takes no mail."


def test_success_is_reported_by_us_only_where_the_next_host_does_not(sink: Sink) -> None:
    make_domain()
    make_mailbox("ann@here.test")
    send(EnvelopeRecipient("a@far.test", notify="SUCCESS"), sender="ann@here.test")
    run()
    assert "NOTIFY=SUCCESS" in next(line for line in sink.commands if line.startswith("RCPT"))
    assert Entry.objects.filter(source="dsn").count() == 0
    sink.offers = ("PIPELINING",)
    send(EnvelopeRecipient("b@far.test", notify="SUCCESS"), sender="ann@here.test")
    run()
    assert Entry.objects.filter(source="dsn").count() == 1


def test_a_long_conversation_keeps_its_leases(sink: Sink) -> None:
    for number in range(3):
        send(f"a{number}@far.test")
    started = Entry.objects.latest("id").received_at
    ticks = iter(range(started, started + 1_000_000, claims.LEASE_TTL))
    leases = claims.claim_due(now=started, owner="test", limit=9)
    remote.deliver(leases, errand=remote.Errand("test", lambda: next(ticks), FakeResolver({"far.test": ["mx.far.test"]})))
    assert len(sink.taken) == 3
    assert set(states().values()) == {("delivered", 250)}
