"""The session, line by line, over an inbox in memory."""

import base64

import pytest

from mailcore.pop3 import grammar
from mailcore.pop3.session import MAX_ERRORS, Session

from .fakes import Inbox, Locks, session

ONE = b"Subject: one\r\n\r\nfirst\r\n.second\r\n..third\r\n"
TWO = b"Subject: two\r\n\r\nbody without end"


def say(talk: Session, line: str) -> bytes:
    return b"".join(talk.execute(line.encode()))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox([ONE, TWO])


@pytest.fixture
def open_session(inbox: Inbox) -> Session:
    talk = session(inbox)
    assert say(talk, "USER ann@example.org").startswith(b"+OK")
    assert say(talk, "PASS a pass word") == b"+OK 2 messages\r\n"
    return talk


def test_scan_listings(open_session: Session) -> None:
    assert say(open_session, "STAT") == f"+OK 2 {len(ONE) + len(TWO)}\r\n".encode()
    assert say(open_session, "LIST") == f"+OK 2 messages\r\n1 {len(ONE)}\r\n2 {len(TWO)}\r\n.\r\n".encode()
    assert say(open_session, "list 2") == f"+OK 2 {len(TWO)}\r\n".encode()
    assert say(open_session, "UIDL 1") == b"+OK 1 000000630000000b\r\n"
    assert say(open_session, "LIST 3").startswith(b"-ERR no such")


def test_retr_stuffs_dots_and_ends_the_last_line(open_session: Session) -> None:
    _, _, body = say(open_session, "RETR 1").partition(b"\r\n")
    assert body == b"Subject: one\r\n\r\nfirst\r\n..second\r\n...third\r\n.\r\n"
    assert say(open_session, "RETR 2").endswith(b"without end\r\n.\r\n")


def test_top(open_session: Session) -> None:
    assert say(open_session, "TOP 1 0").partition(b"\r\n")[2] == b"Subject: one\r\n\r\n.\r\n"
    assert say(open_session, "TOP 1 2").partition(b"\r\n")[2] == b"Subject: one\r\n\r\nfirst\r\n..second\r\n.\r\n"
    assert say(open_session, "TOP 1 99").partition(b"\r\n")[2].endswith(b"...third\r\n.\r\n")
    assert say(open_session, "TOP 1").startswith(b"-ERR")


def test_deletes_only_at_quit(open_session: Session, inbox: Inbox) -> None:
    assert say(open_session, "DELE 1").startswith(b"+OK")
    assert say(open_session, "RETR 1") == b"-ERR message already deleted\r\n"
    assert say(open_session, "STAT") == f"+OK 1 {len(TWO)}\r\n".encode()
    say(open_session, "RSET")
    say(open_session, "DELE 2")
    say(open_session, "RETR 1")
    assert len(inbox.messages) == 2
    assert say(open_session, "QUIT").startswith(b"+OK")
    assert list(inbox.messages) == [11]
    assert inbox.seen == {11}
    assert open_session.is_closed


def test_a_cut_session_deletes_nothing(open_session: Session, inbox: Inbox) -> None:
    say(open_session, "DELE 1")
    open_session.close()
    assert len(inbox.messages) == 2


def test_a_message_removed_elsewhere_answers_with_an_error(open_session: Session, inbox: Inbox) -> None:
    del inbox.messages[11]
    assert say(open_session, "RETR 1").startswith(b"-ERR message was removed")
    assert say(open_session, "RETR 2").startswith(b"+OK")


def test_mailbox_is_held_by_one_session(inbox: Inbox) -> None:
    locks = Locks()
    first, second = session(inbox, locks), session(inbox, locks)
    for talk in (first, second):
        say(talk, "USER ann@example.org")
    assert say(first, "PASS a pass word").startswith(b"+OK")
    assert say(second, "PASS a pass word").startswith(b"-ERR [IN-USE]")
    first.close()
    say(second, "USER ann@example.org")
    assert say(second, "PASS a pass word").startswith(b"+OK")


def test_failed_logins_slow_down_and_end(inbox: Inbox) -> None:
    talk = session(inbox)
    pauses = []
    while not talk.is_closed:
        say(talk, "USER ann@example.org")
        assert say(talk, "PASS wrong").startswith(b"-ERR [AUTH]")
        pauses.append(talk.pause)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_sasl_plain_with_and_without_initial_response(inbox: Inbox) -> None:
    answer = base64.b64encode(b"\0ann@example.org\0a pass word").decode()
    assert say(session(inbox), f"AUTH PLAIN {answer}").startswith(b"+OK")
    talk = session(inbox)
    assert say(talk, "AUTH PLAIN") == b"+ \r\n"
    assert say(talk, "*").startswith(b"-ERR")
    assert say(talk, "AUTH PLAIN") == b"+ \r\n"
    assert say(talk, answer).startswith(b"+OK")
    assert say(session(inbox), "AUTH PLAIN !!!").startswith(b"-ERR")


def test_no_password_in_clear_off_loopback(inbox: Inbox) -> None:
    talk = session(inbox, may_log_in_clear=False)
    assert b"\r\nUSER" not in say(talk, "CAPA")
    assert b"STLS" in say(talk, "CAPA")
    assert say(talk, "USER ann@example.org").startswith(b"-ERR [AUTH]")
    assert say(talk, "STLS").startswith(b"+OK")
    assert talk.starttls_requested
    talk.tls_started()
    assert b"STLS" not in say(talk, "CAPA")
    assert b"SASL PLAIN" in say(talk, "CAPA")
    assert say(talk, "USER ann@example.org").startswith(b"+OK")


def test_nonsense_is_answered_until_it_is_too_much(inbox: Inbox) -> None:
    talk = session(inbox)
    assert say(talk, "STAT") == b"-ERR not in this state\r\n"
    for _ in range(MAX_ERRORS - 1):
        assert not talk.is_closed
        assert say(talk, "\x00\xff").startswith(b"-ERR")
    assert talk.is_closed
    assert b"".join(session(inbox).execute(None)) == b"-ERR line too long\r\n"


def test_long_listings_leave_out_what_is_deleted() -> None:
    inbox = Inbox([b"x" * (number % 7) for number in range(grammar.SCAN_BATCH + 3)])
    talk = session(inbox)
    say(talk, "USER ann@example.org")
    say(talk, "PASS a pass word")
    for number in (1, 40, grammar.SCAN_BATCH + 1):
        say(talk, f"DELE {number}")
    shown = [number for number in range(1, grammar.SCAN_BATCH + 4) if number not in (1, 40, grammar.SCAN_BATCH + 1)]
    assert say(talk, "UIDL").split(b"\r\n")[1:-2] == [b"%d 00000063%08x" % (number, number + 10) for number in shown]
    assert say(talk, "LIST").split(b"\r\n")[1:-2] == [b"%d %d" % (number, (number - 1) % 7) for number in shown]
    assert say(talk, "STAT") == b"+OK %d %d\r\n" % (len(shown), sum((number - 1) % 7 for number in shown))


def test_empty_listings() -> None:
    talk = session(Inbox([]))
    say(talk, "USER ann@example.org")
    say(talk, "PASS a pass word")
    assert say(talk, "UIDL") == say(talk, "LIST") == b"+OK 0 messages\r\n.\r\n"


def test_a_message_removed_elsewhere_keeps_its_number_in_listings(open_session: Session, inbox: Inbox) -> None:
    del inbox.messages[11]
    assert say(open_session, "LIST") == f"+OK 2 messages\r\n1 0\r\n2 {len(TWO)}\r\n.\r\n".encode()
    assert say(open_session, "UIDL 2") == b"+OK 2 000000630000000c\r\n"
