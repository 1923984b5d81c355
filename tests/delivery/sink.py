"""A mail host on loopback that does as it is told and remembers what it was given."""

import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import BinaryIO, cast


@dataclass
class Taken:
    sender: str
    recipients: list[str]
    data: bytes


@dataclass
class Sink:
    """`answers` maps the start of a command ("RCPT TO:<bo@") to a reply; "." is the end of the data, "" the greeting.

    A reply of "drop" closes the connection without a word.
    """

    answers: dict[str, str] = field(default_factory=dict)
    offers: tuple[str, ...] = ("PIPELINING", "8BITMIME", "DSN")
    taken: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None
    """Where given, STARTTLS is answered with a real handshake."""
    ciphers: list[str] = field(default_factory=list)

    def __enter__(self) -> "Sink":
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(channel,), daemon=True).start()

    def _converse(self, channel: socket.socket) -> None:
        with channel, cast(BinaryIO, channel.makefile("rwb")) as stream:
            if not self._say(stream, self._answer("", "220 sink.test ready")):
                return
            self._listen(channel, stream)

    def _listen(self, channel: socket.socket, stream: BinaryIO) -> None:
        sender, recipients = "", list[str]()
        while line := stream.readline().decode("latin-1"):
            line = line.rstrip("\r\n")
            self.commands.append(line)
            verb = line[:4].upper()
            if verb == "STAR" and self.tls is not None:
                self._say(stream, "220 go on")
                try:
                    secure = self.tls.wrap_socket(channel, server_side=True)
                except OSError:  # the client did not like the certificate
                    return
                self.ciphers.append(str(secure.version()))
                with secure, cast(BinaryIO, secure.makefile("rwb")) as inner:
                    self._listen(secure, inner)
                return
            if verb == "DATA":
                if not recipients or not self._say(stream, self._answer(line, "354 go on")):
                    if not recipients:
                        self._say(stream, "503 nobody")
                    continue
                data = self._read_data(stream)
                if data is None:
                    return
                reply = self._answer(".", "250 2.0.0 kept")
                if not reply.startswith(("4", "5")):
                    self.taken.append(Taken(sender, recipients, data))
                sender, recipients = "", []
            else:
                reply = self._answer(line, self._usual(verb))
                if verb == "MAIL":
                    sender = line[11 : line.index(">")]
                elif verb == "RCPT" and reply.startswith("250"):
                    recipients.append(line[9 : line.index(">")])
            if not self._say(stream, reply) or verb == "QUIT":
                return

    def _answer(self, command: str, usual: str) -> str:
        if not command:
            return self.answers.get("", usual)
        return next((reply for start, reply in self.answers.items() if start and command.startswith(start)), usual)

    def _usual(self, verb: str) -> str:
        if verb == "EHLO":
            lines = ["sink.test", *self.offers]
            return "\r\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines)
        return {"QUIT": "221 bye"}.get(verb, "250 2.1.0 fine")

    @staticmethod
    def _read_data(stream: BinaryIO) -> bytes | None:
        """None where the connection ended before the dot: such a message was not taken."""
        lines = []
        while (line := stream.readline()) != b".\r\n":
            if not line:
                return None
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    @staticmethod
    def _say(stream: BinaryIO, reply: str) -> bool:
        if reply == "drop":
            return False
        stream.write(f"{reply}\r\n".encode())
        stream.flush()
        return True


class FakeResolver:
    """Hosts by domain; every host is at 127.0.0.1."""

    def __init__(self, hosts: dict[str, list[str] | Exception]) -> None:
        self.hosts = hosts

    def find_hosts(self, domain: str) -> list[str]:
        found = self.hosts[domain]
        if isinstance(found, Exception):
            raise found
        return found

    def find_addresses(self, host: str) -> list[str]:
        return ["127.0.0.1"] if host != "nowhere.test" else []
