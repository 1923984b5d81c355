"""HOLDFOR, HOLDUNTIL and BY: what a receiver makes of them, and what a client says to the next host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.smtp.client.actions import OutgoingMessage
from mailcore.smtp.client.lines import CannotSend, plan
from mailcore.smtp.client.offers import Offers
from mailcore.smtp.grammar import parameters
from mailcore.smtp.grammar.faults import CommandFault
from mailcore.smtp.session.actions import Kind

from .peers import World, make_config

NOW = 1_900_000_000
LOGIN = b"AUTH PLAIN AGFubkBleGFtcGxlLm9yZwBvcGVuIHNlc2FtZQ==\r\n"


def take(words: str, *, kind: Kind = Kind.SUBMISSION) -> tuple[Envelope | None, bytes]:
    world = World(make_config(kind=kind, auth_allowed_in_clear=True, clock=lambda: float(NOW)))
    login = LOGIN if kind.needs_auth else b""
    lines = f"MAIL FROM:<ann@example.org>{words}\r\nRCPT TO:<bo@example.net>\r\nDATA\r\n".encode()
    world.send(b"EHLO c\r\n" + login)
    world.receive()
    world.send(lines)
    said = world.receive()
    world.send(b"Hi\r\n.\r\n")
    return (world.kept[0].envelope if world.kept else None), said


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("", 0),
        (" HOLDFOR=3600", NOW + 3_600),
        (" HOLDUNTIL=2030-03-17T18:46:40Z", NOW + 3_600),
        (" holduntil=2030-03-17t19:46:40.5+01:00", NOW + 3_600),
        (" HOLDUNTIL=2020-01-01T00:00:00Z", NOW),
    ],
)
def test_mail_is_to_wait_until(words: str, until: int) -> None:
    envelope, _ = take(words)
    assert envelope is not None and envelope.hold_until == until


@pytest.mark.parametrize("kind", [Kind.MX, Kind.LMTP])
def test_strangers_may_not_have_mail_wait(kind: Kind) -> None:
    world = World(make_config(kind=kind))
    world.send(b"LHLO c\r\n" if kind is Kind.LMTP else b"EHLO c\r\n")
    assert b"FUTURERELEASE" not in world.receive()
    world.send(b"MAIL FROM:<a@far.test> HOLDFOR=5\r\n")
    assert world.receive().startswith(b"555 5.5.4")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [(" BY=120;R", (NOW + 120, "R", False)), (" BY=-5;nt", (NOW - 5, "N", True)), (" BY=+0;N", (NOW, "N", False)), ("", (0, "", False))],
)
def test_mail_is_to_arrive_by(words: str, wanted: tuple[int, str, bool]) -> None:
    envelope, _ = take(words, kind=Kind.MX)
    assert envelope is not None
    assert (envelope.deliver_by, envelope.by_mode, envelope.by_trace) == wanted


@pytest.mark.parametrize("words", [" BY=1;R HOLDFOR=1", " HOLDFOR=31622401", " HOLDFOR=1 HOLDFOR=2", " BY=9999999999;N"])
def test_what_contradicts_itself_is_not_taken(words: str) -> None:
    envelope, said = take(words)
    assert envelope is None and said.startswith(b"501")


def test_parameters_need_ehlo() -> None:
    world = World(make_config())
    world.send(b"HELO c\r\n")
    world.receive()
    world.send(b"MAIL FROM:<a@far.test> BY=60;N\r\n")
    assert world.receive().startswith(b"555")


@given(st.text(max_size=40))
def test_any_value_is_read_or_refused(value: str) -> None:
    for read in (parameters.read_hold_for, parameters.read_hold_until, parameters.read_by):
        try:
            read(value)
        except CommandFault:
            continue


@given(st.datetimes())
def test_every_moment_is_read(moment: object) -> None:
    text = f"{moment:%Y-%m-%dT%H:%M:%SZ}".zfill(20)
    assert isinstance(parameters.read_hold_until(text), int)


def message(mode: str, left: int, *, trace: bool = False) -> OutgoingMessage:
    envelope = Envelope("ann@here.test", (EnvelopeRecipient("bo@far.test"),), deliver_by=NOW + left, by_mode=mode, by_trace=trace)
    return OutgoingMessage(envelope, b"Hi\r\n", by_left=left)


OFFERED = Offers(frozenset({"DELIVERBY"}))


@pytest.mark.parametrize(
    ("mode", "left", "trace", "words"),
    [
        ("R", 60, False, b" BY=60;R"), ("N", -7, True, b" BY=-7;NT"), ("N", 5_000_000_000, False, b" BY=999999999;N"),
    ],
)  # fmt: skip
def test_the_time_that_is_left_is_passed_on(mode: str, left: int, trace: bool, words: bytes) -> None:
    assert plan(message(mode, left, trace=trace), OFFERED).mail == b"MAIL FROM:<ann@here.test>" + words + b"\r\n"


def test_to_who_does_not_know_of_time_some_mail_goes_without() -> None:
    assert plan(message("N", 60), Offers()).mail == b"MAIL FROM:<ann@here.test>\r\n"
    assert plan(message("R", 60), Offers(), is_last=True).mail == b"MAIL FROM:<ann@here.test>\r\n"


@pytest.mark.parametrize(
    ("left", "offers", "status"),
    [(60, Offers(), "5.3.3"), (0, OFFERED, "5.4.7"), (59, Offers(frozenset({"DELIVERBY"}), least_by=60), "5.4.7")],
)
def test_what_is_to_be_returned_goes_only_to_who_returns_it(left: int, offers: Offers, status: str) -> None:
    with pytest.raises(CannotSend) as caught:
        plan(message("R", left), offers)
    assert caught.value.enhanced == status
