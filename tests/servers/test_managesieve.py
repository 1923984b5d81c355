"""ManageSieve over a real socket: STARTTLS, login, a script put and active in the real store."""

import socket
from base64 import b64encode

import pytest
from sievelib.managesieve import Client

from mailcore.audit import log
from mailcore.directory.models import Mailbox
from mailcore.filtering import scripts
from mailcore.kernel.ids import MailboxId

from .conftest import ANN, SECRET, Ports
from .test_listeners import trusting


class Talk:
    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.buffer = b""

    def hear(self) -> list[bytes]:
        """Lines up to the one that ends a response."""
        lines: list[bytes] = []
        while True:
            while b"\r\n" not in self.buffer:
                more = self.link.recv(4_096)
                assert more, (lines, self.buffer)
                self.buffer += more
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            lines.append(line)
            if line.startswith((b"OK", b"NO", b"BYE")):
                return lines

    def ask(self, data: bytes) -> list[bytes]:
        self.link.sendall(data)
        return self.hear()


def test_a_script_is_put_and_switched_on(front: Ports) -> None:
    with socket.create_connection(("127.0.0.1", front.sieve), 20) as raw:
        clear = Talk(raw)
        assert b'"STARTTLS"' in clear.hear()
        assert clear.ask(b"STARTTLS\r\nNOOP\r\n")[-1].startswith(b"OK")
        with trusting().wrap_socket(raw) as secure:
            talk = Talk(secure)
            assert b'"SASL" "PLAIN LOGIN OAUTHBEARER XOAUTH2"' in talk.hear()
            login = b64encode(f"\0{ANN}\0{SECRET}".encode())
            assert talk.ask(b'AUTHENTICATE "PLAIN" "%b"\r\n' % login) == [b'OK "logged in"']
            text = b'require "fileinto";\r\nif true { fileinto "A"; }\r\n'
            assert talk.ask(b'PUTSCRIPT "main" {%d+}\r\n%b\r\n' % (len(text), text)) == [b"OK"]
            assert talk.ask(b'PUTSCRIPT "bad" "nosuch;"\r\n')[0].startswith(b'NO "line 1, column 1: ')
            assert talk.ask(b'PUTSCRIPT "large" {300000+}\r\n' + b"x" * 300_000 + b"\r\n")[0].startswith(b"NO (QUOTA/MAXSIZE)")
            assert talk.ask(b'SETACTIVE "main"\r\n') == [b"OK"]
            assert talk.ask(b'SETACTIVE "a/b"\r\n')[0].startswith(b"NO (NONEXISTENT)")
            assert talk.ask(b"LISTSCRIPTS\r\n") == [b'"main" ACTIVE', b"OK"]
            assert talk.ask(b"LOGOUT\r\n") == [b'OK "goodbye"']
    mailbox_id = MailboxId(Mailbox.objects.get(address__local="ann").pk)
    assert scripts.find_active(mailbox_id=mailbox_id) == "main"
    assert scripts.get_text(mailbox_id=mailbox_id, name="main").encode() == text
    recorded = [(event.action, event.actor, event.via) for event in log.list_events(action="filter.")]
    assert recorded == [("filter.activated", ANN, "sieve"), ("filter.put", ANN, "sieve")]


def test_a_wrong_password_is_refused(front: Ports) -> None:
    with socket.create_connection(("127.0.0.1", front.sieve), 20) as raw:
        talk = Talk(raw)
        talk.hear()
        assert talk.ask(b'AUTHENTICATE "PLAIN" "AGFubgB3cm9uZw=="\r\n')[0].startswith(b"NO")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_client_of_others_finds_what_it_expects(front: Ports, mechanism: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = trusting()
    monkeypatch.setattr("ssl.create_default_context", lambda *_, **__: trusted)
    client = Client("127.0.0.1", srvport=front.sieve)
    assert client.connect(ANN, SECRET, starttls=True, authmech=mechanism), client.errmsg
    assert client.havespace("first", 100)
    assert client.putscript("first", 'require "fileinto";\nfileinto "é";\n'), client.errmsg
    assert not client.putscript("bad", "nosuch;")
    assert client.errmsg is not None and "line 1, column 1" in client.errmsg.decode()
    assert client.setactive("first") and client.listscripts() == ("first", [])
    assert client.getscript("first").splitlines() == ['require "fileinto";', 'fileinto "é";']
    assert client.checkscript("keep;") and not client.checkscript("keep")
    assert client.renamescript("first", "second one") and not client.deletescript("second one")
    assert client.setactive("") and client.deletescript("second one")
    client.logout()
