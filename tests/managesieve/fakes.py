"""Scripts in memory, checked by the real language, and a session over them."""

from typing import Any

from mailcore.kernel.errors import Conflict, Denied, NotFound
from mailcore.kernel.ids import MailboxId, UserId
from mailcore.kernel.peers import Peer
from mailcore.kernel.principal import Principal, Role, Service
from mailcore.managesieve.grammar import CommandReader
from mailcore.managesieve.ports import TooLarge
from mailcore.managesieve.session import Ports, Session
from mailcore.sieve.script import compile_script

MAX = 1_000


class Scripts:
    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.active = ""

    def list(self) -> list[tuple[str, bool]]:
        return [(name, name == self.active) for name in sorted(self.texts)]

    def get(self, name: str) -> bytes:
        return self.texts[self._known(name)]

    def put(self, name: str, text: bytes) -> None:
        self.check(text)
        self.texts[name] = text

    def check(self, text: bytes) -> None:
        compile_script(text)

    def check_space(self, name: str, size: int) -> None:
        if size > MAX:
            raise TooLarge("too large")

    def activate(self, name: str) -> None:
        self.active = self._known(name) if name else ""

    def remove(self, name: str) -> None:
        if self._known(name) == self.active:
            raise Conflict("The active script cannot be removed.")
        del self.texts[name]

    def rename(self, old: str, new: str) -> None:
        if new in self.texts:
            raise Conflict("There is a script of that name.")
        self.texts[new] = self.texts.pop(self._known(old))

    def _known(self, name: str) -> str:
        if name not in self.texts:
            raise NotFound("There is no script of that name.")
        return name


def authenticate(*, login: str, secret: str, service: Service, peer: str) -> Principal:
    assert service is Service.SIEVE
    if (login, secret) != ("ann", "secret"):
        raise Denied("wrong name or password")
    return Principal(UserId(1), login, Role.USER, 1, MailboxId(7), login)


class Client:
    """A session in memory with its reader, as the listener drives them. Also a peer of the transcript runner."""

    def __init__(self, **peer: Any) -> None:
        self.scripts = Scripts()
        ports = Ports(authenticate=authenticate, open_scripts=lambda principal: self.scripts)
        self.session = Session(ports=ports, peer=Peer(address="127.0.0.1", hostname="mx.example.org", **peer))
        self.reader = CommandReader(MAX)
        self.said = self.session.greeting()

    def send(self, data: bytes) -> None:
        if self.session.is_closed or self.session.starttls_requested:
            return
        for command in self.reader.feed(data):
            if self.session.is_closed or self.session.starttls_requested:
                return
            self.said += b"".join(self.session.execute(command))

    def receive(self) -> bytes:
        said, self.said = self.said, b""
        return said

    leftover = receive

    def happen(self, words: str) -> None:
        verb, *numbers = words.split()
        if verb == "tls":
            self.reader.discard()
            self.said += self.session.tls_started()
        elif verb == "ready":
            self.session.tls_started()
            self.send(b'AUTHENTICATE "PLAIN" "AGFubgBzZWNyZXQ="\r\n')
            self.said = b""
        elif verb == "octets":
            self.send(b"x" * int(numbers[0]))
        else:
            assert verb == "line", words
            self.send(b"x" * int(numbers[0]) + b"\r\n")
