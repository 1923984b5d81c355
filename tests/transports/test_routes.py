"""Routes to transports: conditions, order, what each transport does with real connections, relaying, suppression."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from mailcore.audit.models import Event
from mailcore.delivery import drain, remote, routing
from mailcore.delivery.rehearsing import rehearse
from mailcore.kernel.errors import BadSyntax, Conflict, MailError, NotFound, Refused
from mailcore.queue import entries
from mailcore.queue.models import Destination, Entry, Recipient
from mailcore.transports import patterns, relays, routes, table, transports
from mailcore.transports.models import Route, Transport
from mailcore.transports.routes import Draft
from mailcore.trust import tlsguard
from tests.delivery.cast import make_domain, make_mailbox, send
from tests.delivery.sink import FakeResolver, Sink
from tests.trust import certificates

pytestmark = pytest.mark.django_db(transaction=True)
NOW = 1_790_000_000


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    table.forget()
    yield
    table.forget()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def mx(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """The host that MX records lead to."""
    with Sink() as sink:
        monkeypatch.setattr(remote, "SMTP_PORT", sink.port)
        yield sink


def run(now: int | None = None) -> int:
    return drain.drain(owner="test", now=now, resolver=FakeResolver({"far.test": ["mx.far.test"], "away.test": ["mx.far.test"]}))


def smarthost(sink: Sink, name: str = "relay", **more: Any) -> None:
    transports.put(name=name, kind="smarthost", host="127.0.0.1", port=sink.port, **more)


def state_of(address: str) -> tuple[str, str]:
    row = Recipient.objects.get(address=address)
    return row.state, row.last_text


@pytest.mark.parametrize(
    ("pattern", "address", "fits"),
    [
        ("", "a@b.test", True),
        ("", "", True),
        ("a@b.test", "a@b.test", True),
        ("a@b.test", "c@b.test", False),
        ("b.test", "a@b.test", True),
        ("b.test", "a@x.b.test", False),
        (".b.test", "a@x.b.test", True),
        (".b.test", "a@b.test", False),
        (".b.test", "a@xb.test", False),
        ("<>", "", True),
        ("<>", "a@b.test", False),
        ("b.test", "", False),
    ],
)
def test_whom_a_condition_means(pattern: str, address: str, fits: bool) -> None:
    assert patterns.matches(pattern, address) is fits


@given(st.text(max_size=40))
def test_any_condition_is_read_or_refused(text: str) -> None:
    try:
        kept = patterns.read(text, is_sender=True)
    except MailError:
        return
    assert patterns.read(kept, is_sender=True) == kept


def test_the_first_route_that_holds_decides(sink: Sink, mx: Sink) -> None:
    smarthost(sink)
    transports.put(name="direct", kind="direct")
    routes.add(Draft("relay", sender="here.test"))
    routes.add(Draft("direct", recipient="away.test", position=1))
    send("a@far.test", "b@away.test", sender="ann@here.test")
    send("c@far.test", sender="zoe@else.test")
    run()
    assert [taken.recipients for taken in sink.taken] == [["a@far.test"]]
    assert sorted(one for taken in mx.taken for one in taken.recipients) == ["b@away.test", "c@far.test"]


def test_size_parts_what_goes_which_way(sink: Sink, mx: Sink) -> None:
    smarthost(sink)
    routes.add(Draft("relay", min_size=20_000))
    send("small@far.test")
    send("large@far.test", raw=b"Subject: x\r\n\r\n" + b"x" * 70 * 1_000)
    run()
    assert [taken.recipients for taken in sink.taken] == [["large@far.test"]]
    assert [taken.recipients for taken in mx.taken] == [["small@far.test"]]


def test_a_smarthost_with_a_login_over_proved_tls(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = certificates.make("authority", is_authority=True)
    sink.tls = certificates.serve(certificates.make("localhost", issuer=authority))
    sink.offers = ("STARTTLS", "AUTH PLAIN", "PIPELINING")
    sink.answers = {"AUTH PLAIN": "235 2.7.0 welcome"}
    monkeypatch.setattr(tlsguard, "make_verifying_context", lambda: certificates.believe(authority))
    transports.put(name="relay", kind="smarthost", host="localhost", port=sink.port, tls="verify", login="ann", password="s3cret")
    routes.add(Draft("relay"))
    send("a@far.test")
    run()
    assert state_of("a@far.test")[0] == "delivered"
    assert "AUTH PLAIN AGFubgBzM2NyZXQ=" in sink.commands
    assert sink.ciphers


def test_a_password_goes_over_no_line_that_is_not_proved(sink: Sink) -> None:
    sink.tls = certificates.serve(certificates.make("localhost"))
    sink.offers = ("STARTTLS", "AUTH PLAIN")
    transports.put(name="relay", kind="smarthost", host="localhost", port=sink.port, tls="verify", login="ann", password="s3cret")
    routes.add(Draft("relay"))
    send("a@far.test")
    run()
    assert state_of("a@far.test")[0] == "queued"
    assert not any(command.startswith("AUTH") for command in sink.commands)
    assert not Destination.objects.filter(domain="far.test", fail_streak__gt=0).exists()


def test_a_login_that_is_refused_puts_mail_off(sink: Sink) -> None:
    sink.offers = ("AUTH PLAIN",)
    sink.answers = {"AUTH PLAIN": "535 5.7.8 wrong"}
    smarthost(sink, login="ann", password="wrong")
    routes.add(Draft("relay"))
    send("a@far.test")
    run()
    state, text = state_of("a@far.test")
    assert state == "queued" and "wrong" in text


def test_lmtp(sink: Sink) -> None:
    sink.answers = {"LHLO": "250 sink.test"}
    transports.put(name="store", kind="lmtp", host="127.0.0.1", port=sink.port)
    routes.add(Draft("store", recipient="far.test"))
    send("a@far.test")
    run()
    assert state_of("a@far.test")[0] == "delivered"
    assert any(command.startswith("LHLO") for command in sink.commands)


def test_refused_mail_comes_back_with_the_reason(mx: Sink) -> None:
    make_domain()
    make_mailbox("ann@here.test")
    transports.put(name="no", kind="refuse", text="We do not write to them.")
    routes.add(Draft("no", recipient="far.test"))
    send("a@far.test", sender="ann@here.test")
    run()
    assert state_of("a@far.test") == ("failed", "5.7.1 We do not write to them.")
    assert Entry.objects.filter(source="dsn").count() == 1
    assert not mx.taken


def test_held_mail_waits_at_the_door_and_goes_once_it_is_released(sink: Sink) -> None:
    smarthost(sink)
    transports.put(name="wait", kind="hold", text="until Monday")
    routes.add(Draft("wait", sender="zoe@far.test"))
    routes.add(Draft("relay"))
    trace_id = send("a@away.test")
    send("b@away.test", sender="yan@far.test")
    run()
    assert [taken.recipients for taken in sink.taken] == [["b@away.test"]]
    assert Entry.objects.get(trace_id=trace_id).is_held
    entries.release(trace_id=trace_id, now=NOW, by="root")
    run()
    assert [taken.recipients for taken in sink.taken] == [["b@away.test"], ["a@away.test"]]


def test_a_route_before_it_keeps_mail_from_being_held(sink: Sink) -> None:
    smarthost(sink)
    transports.put(name="wait", kind="hold")
    routes.add(Draft("wait"))
    routes.add(Draft("relay", recipient="a@away.test", position=1))
    assert table.find_hold(sender="x@y.test", recipients=["a@away.test"], size=1) is None
    assert table.find_hold(sender="x@y.test", recipients=["a@away.test", "b@away.test"], size=1) is not None


def test_a_relayed_domain_is_taken_from_anybody_and_others_are_not(sink: Sink) -> None:
    with pytest.raises(Refused):
        routing.check_recipient(address="a@far.test", principal=None, size=1)
    relays.relay(domain="Far.test")
    relays.relay(domain=".net.test", note="customers")
    routing.check_recipient(address="a@far.test", principal=None, size=1)
    routing.check_recipient(address="a@x.net.test", principal=None, size=1)
    for other in ("a@net.test", "a@x.far.test", "a@farr.test"):
        with pytest.raises(Refused):
            routing.check_recipient(address=other, principal=None, size=1)
    assert rehearse(sender="zoe@else.test", recipient="a@far.test").verdict == "accepted"
    relays.unrelay(domain="far.test")
    with pytest.raises(Refused):
        routing.check_recipient(address="a@far.test", principal=None, size=1)
    make_domain()
    with pytest.raises(Conflict):
        relays.relay(domain="here.test")
    with pytest.raises(NotFound):
        relays.unrelay(domain="far.test")


def test_nobody_writes_to_a_suppressed_address(mx: Sink) -> None:
    relays.suppress(address="A@far.test", reason="complained", now=NOW)
    send("a@far.test", "b@far.test")
    run()
    assert state_of("a@far.test") == ("failed", "5.7.1 This server does not write to a@far.test: complained")
    assert [taken.recipients for taken in mx.taken] == [["b@far.test"]]
    relays.unsuppress(address="a@far.test")
    with pytest.raises(NotFound):
        relays.unsuppress(address="a@far.test")


def test_what_would_happen_names_the_route() -> None:
    make_domain()
    make_mailbox("ann@here.test")
    transports.put(name="relay", kind="smarthost", host="relay.test", login="ann", password="x")
    transports.put(name="no", kind="refuse", text="not there")
    transports.put(name="wait", kind="hold")
    routes.add(Draft("wait", recipient="slow.test"))
    routes.add(Draft("no", recipient="bad.test"))
    routes.add(Draft("relay", sender="here.test", min_size=10))

    def last(recipient: str, size: int = 100) -> tuple[str, str]:
        step = rehearse(sender="ann@here.test", recipient=recipient, size=size).steps[-1]
        return step.what, step.text

    rule = "route 3 (from here.test, of 10 bytes or more)"
    expected = f"Sent to relay.test port 587 (the smarthost, with the login ann), by {rule}, transport relay."
    assert last("a@far.test") == ("remote", expected)
    assert last("a@far.test", size=1) == ("remote", "Sent on to the hosts its domain's MX records name.")
    out = StringIO()
    call_command("route", "ann@here.test", "a@far.test", "--size", "100", stdout=out)
    assert expected in out.getvalue()
    assert last("a@bad.test") == ("refused", "Returned to the sender by route 2 (to bad.test): not there.")
    assert "held" in [step.what for step in rehearse(sender="ann@here.test", recipient="a@slow.test").steps]
    relays.suppress(address="a@far.test", reason="gone", now=NOW)
    assert last("a@far.test")[0] == "refused"


def test_a_draft_is_tried_before_it_is_kept() -> None:
    transports.put(name="direct", kind="direct")
    transports.put(name="no", kind="refuse")
    routes.add(Draft("direct", recipient="far.test"))
    draft = Draft("no", sender="here.test")
    assert routes.attempt(draft, sender="ann@here.test", recipient="a@away.test") == routes.Trial(True, True)
    assert routes.attempt(draft, sender="zoe@x.test", recipient="a@away.test") == routes.Trial(False, False)
    later = routes.attempt(draft, sender="ann@here.test", recipient="a@far.test")
    assert later == routes.Trial(True, False, "route 1 (to far.test)")
    first = Draft("no", sender="here.test", position=1)
    assert routes.attempt(first, sender="ann@here.test", recipient="a@far.test").decides
    assert Route.objects.count() == 1


def test_order_is_kept_without_gaps() -> None:
    transports.put(name="direct", kind="direct")
    shown = [routes.add(Draft("direct", recipient=f"d{number}.test")) for number in range(4)]
    routes.move(route_id=shown[3].id, to=1)
    routes.move(route_id=shown[0].id, to=99)
    routes.remove(route_id=shown[1].id)
    assert [(one.position, one.recipient) for one in routes.list_all()] == [(1, "d3.test"), (2, "d2.test"), (3, "d0.test")]
    for bad in (routes.remove, lambda *, route_id: routes.move(route_id=route_id, to=1)):
        with pytest.raises(NotFound):
            bad(route_id=shown[1].id)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"kind": "pigeon"}, "one of"),
        ({"kind": "smarthost"}, "need a host"),
        ({"kind": "direct", "host": "x.test"}, "need a host"),
        ({"kind": "smarthost", "host": "x y"}, "not the name"),
        ({"kind": "smarthost", "host": "x.test", "port": 70_000}, "port"),
        ({"kind": "lmtp", "host": "x.test", "login": "ann"}, "Only a smarthost"),
        ({"kind": "smarthost", "host": "x.test", "login": "ann"}, "password"),
        ({"kind": "smarthost", "host": "x.test", "login": "an\0n", "password": "x"}, "characters"),
        ({"kind": "smarthost", "host": "x.test", "tls": "perhaps"}, "TLS one of"),
        ({"name": "a b", "kind": "direct"}, "letters"),
    ],
)
def test_transports_that_cannot_be(values: dict[str, Any], text: str) -> None:
    with pytest.raises(BadSyntax, match=text):
        transports.put(**({"name": "t"} | values))
    assert not Transport.objects.exists()


@pytest.mark.parametrize(
    "values", [{"sender": "a b@c"}, {"recipient": "<>"}, {"min_size": 5, "max_size": 4}, {"min_size": -1}, {"recipient": "a@"}]
)
def test_routes_that_cannot_be(values: dict[str, Any]) -> None:
    transports.put(name="direct", kind="direct")
    with pytest.raises(BadSyntax):
        routes.add(Draft("direct", **values))
    with pytest.raises(NotFound):
        routes.add(Draft("nowhere"))
    assert not Route.objects.exists()


def test_a_password_is_sealed_kept_and_never_sent_to_another_host() -> None:
    transports.put(name="relay", kind="smarthost", host="a.test", login="ann", password="s3cret")
    row = Transport.objects.get()
    assert "s3cret" not in row.sealed
    assert not any("s3cret" in str(event.after) for event in Event.objects.all())
    assert transports.put(name="relay", kind="smarthost", host="a.test", login="ann", port=2_525).has_password
    with pytest.raises(BadSyntax, match="password"):
        transports.put(name="relay", kind="smarthost", host="evil.test", login="ann")
    routes.add(Draft("relay"))
    rule = table.find_rule(sender="", recipient="x@y.test", size=0)
    assert rule is not None and rule.place.secret == "s3cret"
    with pytest.raises(Conflict, match="Routes lead"):
        transports.remove(name="relay")
    with pytest.raises(NotFound):
        transports.remove(name="other")


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("s3cret\n"))
    call_command(
        "routes", "transport", "relay", "smarthost", "--host", "relay.test", "--login", "ann", "--password-stdin", stdout=StringIO()
    )
    call_command("routes", "add", "relay", "--sender", "here.test", stdout=StringIO())
    call_command("routes", "add", "relay", "--recipient", "far.test", stdout=StringIO())
    call_command("routes", "move", "2", "1", stdout=StringIO())
    call_command("routes", "relay", "far.test", stdout=StringIO())
    call_command("routes", "suppress", "a@far.test", "gone", stdout=StringIO())
    out = StringIO()
    call_command("routes", "list", stdout=out)
    assert out.getvalue().splitlines() == [
        "transport\trelay\tsmarthost relay.test:587 as ann\tmay",
        "route\t1\t* -> far.test\tany size\trelay",
        "route\t2\there.test -> *\tany size\trelay",
        "relay\tfar.test",
        "suppressed\ta@far.test\tgone",
    ]
    for words in (("remove", "9"), ("add", "none"), ("suppress", "nonsense", "x"), ("remove-transport", "relay")):
        with pytest.raises(CommandError):
            call_command("routes", *words, stdout=StringIO())
    for words in (("remove", "1"), ("remove", "1"), ("remove-transport", "relay"), ("unrelay", "far.test"), ("unsuppress", "a@far.test")):
        call_command("routes", *words, stdout=StringIO())
    out = StringIO()
    call_command("routes", "list", stdout=out)
    assert out.getvalue() == ""
