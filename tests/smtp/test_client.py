"""The client against scripted servers and against our own receiver, in memory."""

from dataclasses import replace

import pytest

from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.kernel.errors import Deferred, NotFound, OverQuota
from mailcore.smtp.client.actions import Action, ClientConfig, Close, Finished, OutgoingMessage, RecipientResult, Send, StartTls, TlsUse
from mailcore.smtp.client.session import PIECE, ClientSession
from mailcore.smtp.session.actions import Kind

from .peers import World, make_config

CONFIG = ClientConfig("client.example", tls=TlsUse.NEVER)
HELLO = "250-mx\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"
PLAIN_HELLO = "250 mx\r\n"


def make_message(
    *recipients: str, sender: str = "ann@example.org", raw: bytes = b"Subject: x\r\n\r\nhello\r\n", **more: object
) -> OutgoingMessage:
    named = tuple(EnvelopeRecipient(address) for address in recipients or ("bo@example.net",))
    return OutgoingMessage(Envelope(sender, named, **more), raw)


class Line:
    """A client session, what it sent, and what it told."""

    def __init__(self, config: ClientConfig = CONFIG, *messages: OutgoingMessage) -> None:
        self.session = ClientSession(config)
        for message in messages:
            self.session.send(message)
        self.told: list[Action] = []

    def hear(self, text: str) -> bytes:
        """Give replies; what goes out in answer."""
        self.session.receive(text.encode())
        return self.drain()

    def drain(self) -> bytes:
        out = b""
        while (action := self.session.next_action()) is not None:
            if isinstance(action, Send):
                out += action.data
            else:
                self.told.append(action)
        return out

    @property
    def results(self) -> tuple[RecipientResult, ...]:
        return next(action for action in reversed(self.told) if isinstance(action, Finished)).results


def connect(line: Line, world: World) -> None:
    """Carry octets both ways until both are silent."""
    while True:
        to_client, to_server = world.receive(), line.drain()
        if any(isinstance(action, StartTls) for action in line.told):
            line.told = [action for action in line.told if not isinstance(action, StartTls)]
            world.happen("tls")
            line.session.tls_started()
            continue
        if not to_client and not to_server:
            return
        if to_server:
            world.send(to_server)
        line.session.receive(to_client)


def test_pipelined_course() -> None:
    line = Line(CONFIG, make_message("bo@example.net", "cy@example.net"))
    assert line.drain() == b""
    assert line.hear("220 mx\r\n") == b"EHLO client.example\r\n"
    assert line.hear(HELLO) == (b"MAIL FROM:<ann@example.org> SIZE=21\r\nRCPT TO:<bo@example.net>\r\nRCPT TO:<cy@example.net>\r\nDATA\r\n")
    assert line.hear("250 ok\r\n250 ok\r\n550 5.1.1 who\r\n") == b""
    assert not line.session.data_sent
    assert line.hear("354 go\r\n") == b"Subject: x\r\n\r\nhello\r\n.\r\n"
    assert line.session.data_sent
    line.hear("250 2.0.0 kept\r\n")
    assert line.results == (
        RecipientResult("bo@example.net", True, 250, "2.0.0", "kept", False),
        RecipientResult("cy@example.net", False, 550, "5.1.1", "who", True),
    )
    assert line.session.is_idle
    line.session.send(make_message())
    assert line.drain().startswith(b"MAIL FROM:")
    assert not line.session.data_sent


def test_step_by_step_without_pipelining() -> None:
    line = Line(CONFIG, make_message("bo@example.net", "cy@example.net"))
    line.hear("220 mx\r\n")
    assert line.hear(PLAIN_HELLO) == b"MAIL FROM:<ann@example.org>\r\n"
    assert line.hear("250 ok\r\n") == b"RCPT TO:<bo@example.net>\r\n"
    assert line.hear("450 later\r\n") == b"RCPT TO:<cy@example.net>\r\n"
    assert line.hear("250 ok\r\n") == b"DATA\r\n"
    assert line.hear("354 go\r\n").endswith(b"\r\n.\r\n")
    line.hear("250 ok\r\n")
    assert [(result.ok, result.permanent) for result in line.results] == [(False, False), (True, False)]


def test_helo_where_ehlo_is_unknown() -> None:
    line = Line(CONFIG, make_message())
    line.hear("220 mx\r\n")
    assert line.hear("502 what\r\n") == b"HELO client.example\r\n"
    assert line.hear("250 mx\r\n") == b"MAIL FROM:<ann@example.org>\r\n"


@pytest.mark.parametrize(("code", "permanent"), [(550, True), (451, False)])
@pytest.mark.parametrize("hello", [HELLO, PLAIN_HELLO])
def test_sender_refused(hello: str, code: int, permanent: bool) -> None:
    line = Line(CONFIG, make_message("bo@example.net", "cy@example.net"))
    line.hear("220 mx\r\n")
    line.hear(hello)
    line.hear(f"{code} no\r\n" + ("503 a\r\n503 b\r\n503 c\r\n" if hello is HELLO else ""))
    assert [(result.code, result.permanent) for result in line.results] == [(code, permanent)] * 2
    line.session.send(make_message())
    assert line.drain().startswith(b"MAIL"), "nothing to reset"


def test_nobody_accepted_then_reset() -> None:
    line = Line(CONFIG, make_message())
    line.hear("220 mx\r\n")
    line.hear(HELLO)
    assert line.hear("250 ok\r\n550 no\r\n554 nobody\r\n") == b""
    assert line.results[0].code == 550
    line.session.send(make_message())
    assert line.drain().startswith(b"RSET\r\nMAIL FROM:")


def test_refused_reset_bounces_nothing() -> None:
    line = Line(CONFIG, make_message())
    line.hear("220 mx\r\n")
    line.hear(HELLO)
    line.hear("250 ok\r\n550 no\r\n554 nobody\r\n")
    line.session.send(make_message())
    line.drain()
    line.hear("500 what\r\n503 nested\r\n503 nested\r\n503 nested\r\n")
    assert not line.results[0].permanent
    assert line.session.is_closed


def test_nobody_accepted_and_yet_354_gets_a_lone_dot() -> None:
    line = Line(CONFIG, make_message())
    line.hear("220 mx\r\n")
    line.hear(HELLO)
    assert line.hear("250 ok\r\n550 no\r\n354 go\r\n") == b".\r\n"
    assert not line.session.data_sent
    line.hear("554 nothing\r\n")
    assert line.results[0].code == 550


def test_data_refused() -> None:
    line = Line(CONFIG, make_message())
    line.hear("220 mx\r\n")
    line.hear(HELLO)
    line.hear("250 ok\r\n250 ok\r\n451 busy\r\n")
    assert (line.results[0].code, line.results[0].permanent) == (451, False)


@pytest.mark.parametrize("greeting", ["554 go away\r\n", "421 busy\r\n", "hello\r\n", "220-a\r\n221 b\r\n", "x" * 9_000])
def test_unusable_server_is_never_a_bounce(greeting: str) -> None:
    line = Line(CONFIG, make_message())
    line.hear(greeting)
    finished = next(action for action in line.told if isinstance(action, Finished))
    assert finished.session_failed and not finished.results[0].permanent and not finished.results[0].ok
    line.session.connection_lost("gone")
    line.drain()
    assert line.told.count(Close()) == 1
    line.session.send(make_message())
    line.drain()
    assert line.told[-1].session_failed


def test_lost_after_the_dot_keeps_what_was_settled() -> None:
    line = Line(CONFIG, make_message("bo@example.net", "cy@example.net"))
    line.hear("220 mx\r\n")
    line.hear(HELLO)
    line.hear("250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n")
    assert line.session.data_sent
    line.session.connection_lost("connection reset")
    line.drain()
    assert [(result.code, result.permanent) for result in line.results] == [(550, True), (451, False)]


def test_421_in_the_middle() -> None:
    line = Line(CONFIG, make_message())
    line.hear("220 mx\r\n")
    line.hear(HELLO)
    line.hear("250 ok\r\n421 4.3.2 stopping\r\n")
    assert line.results[0] == RecipientResult("bo@example.net", False, 421, "4.3.2", "stopping", False)
    assert line.told[-1] == Close()


def test_idle_server_says_goodbye() -> None:
    line = Line()
    line.hear("220 mx\r\n")
    line.hear(HELLO)
    assert line.session.is_idle
    line.hear("421 idle too long\r\n")
    assert line.told == [Close()]


def test_too_many_recipients_in_the_old_code_is_temporary() -> None:
    line = Line(CONFIG, make_message("a@b.example", "c@d.example"))
    line.hear("220 mx\r\n")
    line.hear(HELLO)
    line.hear("250 ok\r\n250 ok\r\n552 too many\r\n354 go\r\n")
    line.hear("250 ok\r\n")
    assert [(result.ok, result.permanent) for result in line.results] == [(True, False), (False, False)]


def test_too_large_is_known_before_sending() -> None:
    line = Line(CONFIG, make_message(raw=b"x" * 1_001))
    line.hear("220 mx\r\n")
    assert line.hear(HELLO) == b""
    assert (line.results[0].enhanced, line.results[0].permanent) == ("5.3.4", True)
    assert line.session.is_idle


@pytest.mark.parametrize(
    "message",
    [
        make_message(sender="änn@example.org"),
        make_message("bö@example.net"),
        make_message(raw="Subject: é\r\n\r\n".encode(), smtputf8=True),
    ],
)
def test_smtputf8_is_needed(message: OutgoingMessage) -> None:
    line = Line(CONFIG, message)
    line.hear("220 mx\r\n")
    assert line.hear(HELLO) == b""
    assert (line.results[0].enhanced, line.results[0].permanent) == ("5.6.7", True)
    offering = Line(CONFIG, message)
    offering.hear("220 mx\r\n")
    assert b" SMTPUTF8\r\n" in offering.hear("250-mx\r\n250 SMTPUTF8\r\n")


def test_domain_goes_out_as_a_label() -> None:
    line = Line(CONFIG, make_message("bo@bücher.example"))
    line.hear("220 mx\r\n")
    assert b"RCPT TO:<bo@xn--bcher-kva.example>\r\n" in line.hear(HELLO)


@pytest.mark.parametrize(
    "address", ["bo@example.net>\r\nRCPT TO:<cy@example.net", "b o@example.net", "bo@example.net\0", '"b\r\n"@example.net']
)
def test_address_cannot_inject(address: str) -> None:
    line = Line(CONFIG, make_message(address, "di@example.net"))
    line.hear("220 mx\r\n")
    assert line.hear(HELLO) == b"MAIL FROM:<ann@example.org> SIZE=21\r\nRCPT TO:<di@example.net>\r\nDATA\r\n"
    line.hear("250 ok\r\n250 ok\r\n354 go\r\n")
    line.hear("250 ok\r\n")
    assert [(result.ok, result.permanent) for result in line.results] == [(False, True), (True, False)]


def test_report_parameters_go_only_where_offered() -> None:
    envelope = Envelope(
        "ann@example.org",
        (EnvelopeRecipient("bo@example.net", "NEVER", "rfc822;bo@example.net"),),
        ret="HDRS",
        envid="q+2B1",
        eight_bit=True,
    )
    line = Line(CONFIG, OutgoingMessage(envelope, b"x\r\n"))
    line.hear("220 mx\r\n")
    assert line.hear("250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 DSN\r\n") == (
        b"MAIL FROM:<ann@example.org> BODY=8BITMIME RET=HDRS ENVID=q+2B1\r\n"
        b"RCPT TO:<bo@example.net> NOTIFY=NEVER ORCPT=rfc822;bo@example.net\r\nDATA\r\n"
    )
    other = Line(CONFIG, OutgoingMessage(envelope, b"x\r\n"))
    other.hear("220 mx\r\n")
    assert other.hear("250-mx\r\n250 PIPELINING\r\n") == b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<bo@example.net>\r\nDATA\r\n"


def test_large_message_goes_in_pieces_and_its_end_alone() -> None:
    raw = b"x" * 998 + b"\r\n"
    session = ClientSession(CONFIG)
    session.send(make_message(raw=raw * 200))
    for reply in (b"220 mx\r\n", b"250-mx\r\n250 PIPELINING\r\n", b"250 ok\r\n250 ok\r\n354 go\r\n"):
        while session.next_action() is not None:
            pass
        session.receive(reply)
    sends = []
    while (action := session.next_action()) is not None:
        assert session.data_sent is action.final
        sends.append(action)
    assert [send.final for send in sends] == [False] * (len(sends) - 1) + [True]
    assert max(len(send.data) for send in sends) == PIECE
    assert b"".join(send.data for send in sends) == raw * 200 + b".\r\n"


def test_tls_required_and_not_offered() -> None:
    line = Line(replace(CONFIG, tls=TlsUse.REQUIRED), make_message())
    line.hear("220 mx\r\n")
    assert line.hear(HELLO) == b"QUIT\r\n"
    assert not line.results[0].permanent


def test_words_behind_the_220_of_starttls_are_an_attack() -> None:
    line = Line(replace(CONFIG, tls=TlsUse.IF_OFFERED), make_message())
    line.hear("220 mx\r\n")
    assert line.hear("250-mx\r\n250 STARTTLS\r\n") == b"STARTTLS\r\n"
    assert line.hear("220 go\r\n250 evil\r\n") == b""
    assert StartTls() not in line.told and line.told[-1] == Close()


def test_refused_password_defers() -> None:
    line = Line(replace(CONFIG, login="ann", secret="sesame", auth_allowed_in_clear=True), make_message())
    line.hear("220 mx\r\n")
    assert line.hear("250-mx\r\n250 AUTH PLAIN\r\n") == b"AUTH PLAIN AGFubgBzZXNhbWU=\r\n"
    assert line.hear("535 5.7.8 no\r\n") == b"QUIT\r\n"
    assert (line.results[0].code, line.results[0].permanent) == (535, False)


def test_login_where_plain_is_not_offered() -> None:
    line = Line(replace(CONFIG, login="ann", secret="sesame", auth_allowed_in_clear=True), make_message())
    line.hear("220 mx\r\n")
    assert line.hear("250-mx\r\n250 AUTH LOGIN\r\n") == b"AUTH LOGIN\r\n"
    assert line.hear("334 VXNlcm5hbWU6\r\n") == b"YW5u\r\n"
    assert line.hear("334 UGFzc3dvcmQ6\r\n") == b"c2VzYW1l\r\n"
    assert line.hear("235 ok\r\n").startswith(b"MAIL")


def test_password_is_not_sent_in_clear() -> None:
    config = replace(CONFIG, login="ann", secret="sesame")
    line = Line(config, make_message())
    line.hear("220 mx\r\n")
    assert line.hear("250-mx\r\n250 AUTH PLAIN\r\n") == b"QUIT\r\n"
    assert "sesame" not in repr(config) and "sesame" not in repr(Send(b"sesame"))


@pytest.mark.parametrize("raw", [b"", b".", b"..\r\n.\r\n", b"a\nb\rc", b"no end", b"\r\n.\r\n", "é\r\n".encode()])
def test_with_our_receiver(raw: bytes) -> None:
    world, line = World(make_config()), Line(CONFIG, make_message(raw=raw))
    connect(line, world)
    assert line.results[0].ok
    plain = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert world.kept[0].raw == plain + (b"" if plain.endswith(b"\r\n") or not plain else b"\r\n")
    assert world.kept[0].envelope.eight_bit is not raw.isascii()
    line.session.send(make_message("cy@example.net"))
    connect(line, world)
    assert line.results[0].ok and len(world.kept) == 2
    line.session.quit()
    connect(line, world)
    assert line.told[-1] == Close() and world.closed


def test_submission_over_tls_with_our_receiver() -> None:
    world = World(make_config(kind=Kind.SUBMISSION, tls_available=True))
    line = Line(ClientConfig("c", tls=TlsUse.REQUIRED, login="ann@example.org", secret="open sesame"), make_message())
    connect(line, world)
    assert line.results[0].ok and world.kept[0].protocol == "ESMTPSA"


def test_lmtp_with_our_receiver() -> None:
    world = World(make_config(kind=Kind.LMTP))
    world.refusals |= {
        "rcpt no@example.net": NotFound("nobody"),
        "accept full@example.net": OverQuota("full"),
        "accept slow@example.net": Deferred("slow"),
    }
    names = ("full@example.net", "no@example.net", "bo@example.net", "slow@example.net")
    line = Line(replace(CONFIG, lmtp=True), make_message(*names))
    connect(line, world)
    assert [(result.address, result.ok, result.code, result.permanent) for result in line.results] == [
        ("full@example.net", False, 452, False),
        ("no@example.net", False, 550, True),
        ("bo@example.net", True, 250, False),
        ("slow@example.net", False, 451, False),
    ]
