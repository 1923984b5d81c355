"""A POP3 and an IMAP server of a few lines that behave, or misbehave, as a test wants."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HOST = "127.0.0.1"


class FakeServer:
    """Serves each connection in a thread; `errors` are those of its own, for the test to see."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.listener = socket.create_server((HOST, 0))
        self.port: int = self.listener.getsockname()[1]
        self.connections = 0
        self.commands: list[str] = []
        self.is_closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self.is_closing.is_set():
            try:
                made, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, made: socket.socket) -> None:
        try:
            if self.context is not None:
                made = self.context.wrap_socket(made, server_side=True)
            with made, made.makefile("rb") as file:
                self.talk(made, file)
        except (OSError, ssl.SSLError):
            pass  # The other side went, as it may.

    def talk(self, made: socket.socket, file) -> None:  # type: ignore[no-untyped-def]
        raise NotImplementedError

    def close(self) -> None:
        self.is_closing.set()
        # A thread that waits in accept() keeps it listening until it is woken.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@dataclass
class Lying:
    """Ways to misbehave."""

    size: int | None = None
    """What LIST or RFC822.SIZE says of every message."""
    drop_in: int = 0
    """Break off in the middle of this message (number or UID)."""
    flood_in: int = 0
    """Never end this one."""
    claim: int = 0
    """Announce a literal of so many bytes."""
    hang_at: str = ""
    """Never answer this command."""
    refuse_login: str = ""
    no_uidl: bool = False


@dataclass
class Letter:
    raw: bytes
    uidl: str
    is_deleted: bool = False


class FakePop3(FakeServer):
    def __init__(self, raws: list[bytes], *, lying: Lying | None = None, context: ssl.SSLContext | None = None) -> None:
        self.letters = [Letter(raw, f"u{number}") for number, raw in enumerate(raws, 1)]
        self.lying = lying or Lying()
        self.on_quit: Callable[[], None] = lambda: None
        self.drop_at_quit = False
        super().__init__(context)

    def talk(self, made: socket.socket, file) -> None:  # type: ignore[no-untyped-def]
        made.sendall(b"+OK ready\r\n")
        there = [one for one in self.letters if not one.is_deleted]
        marked: list[Letter] = []
        for line in file:
            words = line.decode("latin-1").split()
            verb = words[0].upper()
            self.commands.append(line.decode("latin-1").strip())
            if verb == self.lying.hang_at:
                self.is_closing.wait(20)
                return
            if verb == "QUIT":
                if self.drop_at_quit:
                    return
                for one in marked:
                    one.is_deleted = True
                made.sendall(b"+OK bye\r\n")
                return
            self._answer(made, verb, words[1:], there, marked)

    def _answer(self, made: socket.socket, verb: str, rest: list[str], there: list[Letter], marked: list[Letter]) -> None:
        lying = self.lying
        if verb == "PASS" and lying.refuse_login:
            made.sendall(f"-ERR {lying.refuse_login}\r\n".encode())
        elif verb == "LIST":
            rows = "".join(f"{at} {lying.size or len(one.raw)}\r\n" for at, one in enumerate(there, 1))
            made.sendall(f"+OK\r\n{rows}.\r\n".encode())
        elif verb == "UIDL" and lying.no_uidl:
            made.sendall(b"-ERR what?\r\n")
        elif verb == "UIDL":
            rows = "".join(f"{at} {one.uidl}\r\n" for at, one in enumerate(there, 1))
            made.sendall(f"+OK\r\n{rows}.\r\n".encode())
        elif verb == "CAPA":
            made.sendall(b"+OK\r\nUIDL\r\nTOP\r\n.\r\n")
        elif verb == "TOP":
            made.sendall(b"+OK\r\n" + there[int(rest[0]) - 1].raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n.\r\n")
        elif verb == "RETR":
            self._send(made, int(rest[0]), there)
        elif verb == "DELE":
            marked.append(there[int(rest[0]) - 1])
            made.sendall(b"+OK\r\n")
        else:
            made.sendall(b"+OK\r\n")

    def _send(self, made: socket.socket, number: int, there: list[Letter]) -> None:
        raw = there[number - 1].raw
        if number == self.lying.flood_in:
            made.sendall(b"+OK\r\n" + raw)
            while True:
                made.sendall(b"and more of it\r\n" * 4_096)
        if number == self.lying.drop_in:
            made.sendall(b"+OK\r\n" + raw[: len(raw) // 2])
            made.shutdown(socket.SHUT_RDWR)
            return
        stuffed = re.sub(rb"(?m)^\.", b"..", raw)
        made.sendall(b"+OK\r\n" + stuffed + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n")


@dataclass
class Kept:
    uid: int
    raw: bytes
    flags: str = ""
    date: str = "17-Jul-2025 02:44:25 +0000"


@dataclass
class FakeFolder:
    name: bytes
    kept: list[Kept] = field(default_factory=list)
    uidvalidity: int = 7
    attributes: str = ""


class FakeImap(FakeServer):
    def __init__(self, folders: list[FakeFolder], *, lying: Lying | None = None, context: ssl.SSLContext | None = None) -> None:
        self.folders = {one.name: one for one in folders}
        self.lying = lying or Lying()
        self.delimiter = "/"
        self.namespace = '(("" "/")) NIL NIL'
        super().__init__(context)

    def talk(self, made: socket.socket, file) -> None:  # type: ignore[no-untyped-def]
        made.sendall(b"* OK [CAPABILITY IMAP4rev1 NAMESPACE UIDPLUS AUTH=PLAIN] ready\r\n")
        selected = FakeFolder(b"")
        for line in file:
            tag, _, command = line.strip().partition(b" ")
            words = command.decode("latin-1").split(" ")
            verb = (" ".join(words[:2]) if words[0].upper() == "UID" else words[0]).upper()
            self.commands.append(command.decode("latin-1"))
            if verb == self.lying.hang_at:
                self.is_closing.wait(20)
                return
            if verb in ("SELECT", "EXAMINE"):
                name = re.search(rb'"(.*)"', command)[1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")  # type: ignore[index]
                if name not in self.folders:
                    made.sendall(tag + b" NO no such folder\r\n")
                    continue
                selected = self.folders[name]
            if verb in ("LOGIN", "AUTHENTICATE") and self.lying.refuse_login:
                made.sendall(tag + b" NO " + self.lying.refuse_login.encode() + b"\r\n")
                continue
            for piece in self._answer(verb, words, selected):
                if piece is None:
                    return
                made.sendall(piece)
            made.sendall(tag + b" OK done\r\n")
            if verb == "LOGOUT":
                return

    def _answer(self, verb: str, words: list[str], folder: FakeFolder) -> Iterator[bytes | None]:
        if verb == "CAPABILITY":
            yield b"* CAPABILITY IMAP4rev1 NAMESPACE UIDPLUS AUTH=PLAIN\r\n"
        elif verb == "LOGOUT":
            yield b"* BYE\r\n"
        elif verb == "NAMESPACE":
            yield f"* NAMESPACE {self.namespace}\r\n".encode()
        elif verb in ("LIST", "LSUB"):
            for one in self.folders.values():
                yield b"* %s (%s) \"%s\" {%d}\r\n%s\r\n" % (
                    verb.encode(), one.attributes.encode(), self.delimiter.encode(), len(one.name), one.name,
                )  # fmt: skip
        elif verb in ("SELECT", "EXAMINE"):
            yield b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n" % (len(folder.kept), folder.uidvalidity)
        elif verb == "UID SEARCH":
            yield b"* SEARCH " + b" ".join(b"%d" % one.uid for one in folder.kept) + b"\r\n"
        elif verb == "UID FETCH":
            yield from self._fetch(words[2], " ".join(words[3:]), folder)
        elif verb == "UID STORE":
            for one in self._find(words[2], folder):
                one.flags += " \\Deleted"
        elif verb == "UID EXPUNGE":
            gone = {one.uid for one in self._find(words[2], folder)}
            folder.kept = [one for one in folder.kept if one.uid not in gone]

    def _find(self, uids: str, folder: FakeFolder) -> list[Kept]:
        spans = [tuple(map(int, part.split(":"))) for part in uids.split(",")]
        return [one for one in folder.kept if any(span[0] <= one.uid <= span[-1] for span in spans)]

    def _fetch(self, uids: str, items: str, folder: FakeFolder) -> Iterator[bytes | None]:
        for at, one in enumerate(self._find(uids, folder), 1):
            start = b"* %d FETCH (UID %d" % (at, one.uid)
            if "RFC822.SIZE" in items:
                start += b" RFC822.SIZE %d" % (self.lying.size or len(one.raw))
            if "FLAGS" in items:
                start += b' FLAGS (%s) INTERNALDATE "%s"' % (one.flags.strip().encode(), one.date.encode())
            if "HEADER.FIELDS" in items:
                found = re.search(rb"(?im)^message-id:[^\r]*\r\n", one.raw)
                lines = (found[0] if found else b"") + b"\r\n"
                start += b" BODY[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)] {%d}\r\n%s" % (len(lines), lines)
            elif "BODY" in items:
                if one.uid == self.lying.drop_in:
                    yield start + b" BODY[] {%d}\r\n%s" % (len(one.raw), one.raw[: len(one.raw) // 2])
                    yield None
                    return
                if one.uid == self.lying.flood_in:
                    yield start + b" BODY[] {%d}\r\n" % (self.lying.claim or 1 << 30)
                    while True:
                        yield b"x" * 65_536
                start += b" BODY[] {%d}\r\n%s" % (len(one.raw), one.raw)
            yield start + b")\r\n"


@contextmanager
def serving(server: FakeServer) -> Iterator[FakeServer]:
    try:
        yield server
    finally:
        server.close()
