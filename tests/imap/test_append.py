from mailcore.imap.session.config import SessionConfig
from mailcore.kernel import flags
from mailcore.kernel.errors import OverQuota

from .builders import SMALL, Client


def test_append_with_everything() -> None:
    client = Client()
    client.ok(b"SELECT INBOX")
    answer = client.send(b'x APPEND INBOX (\\Seen $Label) " 1-Jan-2026 01:00:00 +0100" {5+}\r\nhello\r\n')
    assert answer.endswith(b"* 1 EXISTS\r\n* 1 RECENT\r\nx OK [APPENDUID 1001 1] Kept\r\n")
    kept = client.store.folders["INBOX"].messages[1]
    assert (kept.raw, kept.flags, kept.keywords, kept.internaldate) == (b"hello", flags.SEEN, frozenset(("$Label",)), 1_767_225_600)


def test_refusals() -> None:
    client = Client(config=SessionConfig(clear_login=True, limits=SMALL))
    assert client.send(b"x APPEND Nowhere {2+}\r\nhi\r\n").startswith(b"x NO [TRYCREATE] ")
    assert client.send(b"x APPEND INBOX {2000}\r\n").startswith(b"x NO [TOOBIG] ")
    assert client.send(b"x APPEND INBOX {0+}\r\n\r\n").startswith(b"x BAD ")
    client.store.fail_with = OverQuota("Your mailbox is full.")
    assert client.send(b"x APPEND INBOX {2+}\r\nhi\r\n") == b"x NO [OVERQUOTA] Your mailbox is full.\r\n"
