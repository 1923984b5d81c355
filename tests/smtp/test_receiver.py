import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.kernel.errors import Denied
from mailcore.smtp.session.actions import AskAuthenticate, AskConnect, AskSender, Close, Kind, Reply, StartTls
from mailcore.smtp.session.dispatch import TABLE
from mailcore.smtp.session.receiver import MAX_BUFFERED, Receiver
from mailcore.smtp.session.states import TRANSITIONS, IllegalTransition, State, check_move

from .peers import ANN, World, make_config

LINES = [
    b"EHLO c",
    b"HELO c",
    b"MAIL FROM:<a@b.example>",
    b"RCPT TO:<c@d.example>",
    b"RCPT TO:<no@d.example>",
    b"DATA",
    b"text",
    b".",
    b"..x",
    b"RSET",
    b"NOOP",
    b"BDAT 7",
    b"BDAT 4 LAST",
    b"BDAT x",
    b"AUTH PLAIN",
    b"*",
    b"AUTH LOGIN YQ==",
    b"a\nb",
    b"c\rd",
    b"x" * 90,
    b"STARTTLS",
    b"",
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=25), st.data(), st.sampled_from(list(Kind)))
def test_any_split_gives_the_same_replies(lines: list[bytes], data: st.DataObject, kind: Kind) -> None:
    wire = b"".join(line + b"\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=12)))
    config = make_config(kind=kind, tls_available=True, auth_allowed_in_clear=True, limits={"max_line": 64})
    whole, pieces = World(config), World(config)
    for world in (whole, pieces):
        world.refusals["rcpt no@d.example"] = Denied("no")
    whole.send(wire)
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        pieces.send(wire[start:end])
    assert pieces.receive() == whole.receive()
    assert pieces.kept == whole.kept and pieces.closed == whole.closed and pieces.securing == whole.securing


def test_every_state_has_its_moves() -> None:
    assert set(TRANSITIONS) == set(State)
    for old, targets in TRANSITIONS.items():
        assert State.CLOSED in targets
        for new in set(State) - targets:
            with pytest.raises(IllegalTransition):
                check_move(old, new)


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.verb)
@pytest.mark.parametrize("kind", list(Kind))
def test_walk_of_the_table(row: object, kind: Kind) -> None:
    """A verb is heard exactly in its states and kinds; elsewhere the answer is 5xx and nothing moves."""
    opening = b"LHLO c\r\n" if kind is Kind.LMTP else b"EHLO c\r\n"
    steps = {
        State.GREETED: b"",
        State.READY: opening,
        State.MAIL: opening + b"MAIL FROM:<>\r\n",
        State.RCPT: opening + b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n",
        State.CHUNKS: opening + b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nBDAT 1\r\nx",
    }
    for state, before in steps.items():
        world = World(make_config(kind=kind, auth_allowed_in_clear=True, tls_available=True))
        world.pump()
        world.receiver._context.principal = ANN
        world.send(before)
        assert world.receiver._context.state is state
        world.receive()
        world.send(row.verb.encode() + b" \x01\r\n")
        code = world.receive()[:3]
        allowed = state in row.states and kind in row.kinds
        if row.verb in ("NOOP", "HELP", "VRFY"):
            assert code.startswith(b"2") is allowed
        elif kind not in row.kinds:
            assert code == b"500"
        elif not allowed:
            assert code in (b"503", b"554")
        else:
            assert code in (b"501", b"502")
        assert row.closes_if_malformed or world.receiver._context.state is state


def test_extensions_follow_the_table() -> None:
    for row in TABLE.values():
        if row.extension:
            world = World(make_config(kind=Kind.SUBMISSION, tls_available=row.verb == "STARTTLS", auth_allowed_in_clear=True))
            world.send(b"EHLO c\r\n")
            assert row.extension.encode() in world.receive()


def test_pipelined_replies_go_out_as_one() -> None:
    receiver = Receiver(make_config())
    receiver.next_action()
    receiver.answer(None)
    receiver.next_action()
    receiver.receive(b"NOOP\r\nRSET\r\nHELO c\r\n")
    assert receiver.next_action() == Reply(b"250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n250 mx.example.org\r\n")
    assert receiver.next_action() is None


def test_waits_for_its_answer() -> None:
    receiver = Receiver(make_config())
    receiver.receive(b"HELO c\r\nMAIL FROM:<a@b.example>\r\nNOOP\r\n")
    assert receiver.spoke_early
    assert receiver.next_action() == AskConnect("192.0.2.7")
    assert receiver.next_action() is None
    receiver.answer(None)
    assert receiver.next_action() == AskSender("a@b.example", 0)
    assert receiver.next_action() is None
    receiver.answer(None)
    assert receiver.next_action() == Reply(
        b"220 mx.example.org ESMTP ready\r\n250 mx.example.org\r\n250 2.1.0 Sender ok\r\n250 2.0.0 Ok\r\n"
    )
    with pytest.raises(RuntimeError):
        receiver.answer(None)


def test_input_is_bounded() -> None:
    receiver = Receiver(make_config())
    assert receiver.wants_input
    receiver.receive(b"x" * MAX_BUFFERED)
    assert not receiver.wants_input


def test_late_answer_after_timeout_is_nothing() -> None:
    receiver = Receiver(make_config())
    receiver.next_action()
    assert receiver.timeout().data.startswith(b"421 4.4.2")
    receiver.answer(None)
    assert receiver.next_action() == Close()
    assert receiver.next_action() is None
    assert not receiver.wants_input and receiver.is_closed
    receiver.receive(b"NOOP\r\n" * 1_000)
    assert receiver._input == b"", "a closed session must not gather what is still sent"


def test_input_in_clear_after_starttls_is_dropped() -> None:
    world = World(make_config(tls_available=True))
    world.send(b"EHLO c\r\n")
    world.receive()
    receiver = world.receiver
    receiver.receive(b"STARTTLS\r\nEHLO evil\r\n")
    assert receiver.next_action() == Reply(b"220 2.0.0 Ready to start TLS\r\n")
    receiver.receive(b"EHLO worse\r\n")
    assert receiver.next_action() == StartTls()
    receiver.receive(b"EHLO worst\r\n")
    receiver.tls_started("TLSv1.3")
    assert receiver.next_action() is None
    assert (receiver.helo, receiver.tls, receiver.principal) == ("", "TLSv1.3", None)


def test_credentials_are_in_no_repr() -> None:
    assert "sesame" not in repr(AskAuthenticate("ann", "sesame"))


def test_defect_costs_one_command(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    world = World(make_config())
    world.pump()
    monkeypatch.setattr(type(world.receiver._context), "protocol", property(lambda self: 1 / 0))
    world.send(b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n.\r\nNOOP\r\n")
    replies = world.receive().splitlines()
    assert replies[-2].startswith(b"451 4.3.0") and replies[-1] == b"250 2.0.0 Ok"
    incident = replies[-2].split()[-1].rstrip(b")").decode()
    assert incident in caplog.text and "ZeroDivisionError" in caplog.text
