"""A milter that does as it is told and remembers what it was shown."""

import socket
import struct
import threading
from dataclasses import dataclass, field


def pack(letter: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", 1 + len(data)) + letter + data


@dataclass
class FakeMilter:
    """`answers` maps a step's letter, or the letter and its data ("R<bo@here.test>\\0"), to whole packets."""

    answers: dict[bytes, bytes] = field(default_factory=dict)
    terms: bytes = struct.pack(">III", 6, 0, 0)
    seen: list[tuple[bytes, bytes]] = field(default_factory=list)

    def __enter__(self) -> "FakeMilter":
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def letters(self) -> str:
        assert self._ended.wait(10)
        return b"".join(letter for letter, _ in self.seen if letter != b"D").decode()

    def _serve(self) -> None:
        while True:
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            with channel:
                self._converse(channel)
            self._ended.set()

    def _converse(self, channel: socket.socket) -> None:
        silent = struct.unpack(">III", self.terms)[2]
        while True:
            head = self._read(channel, 4)
            if len(head) < 4:
                return
            packet = self._read(channel, struct.unpack(">I", head)[0])
            letter, data = packet[:1], packet[1:]
            self.seen.append((letter, data))
            if letter in b"DQ" or (letter == b"L" and silent & 0x80):
                if letter == b"Q":
                    return
                continue
            usual = pack(b"O", self.terms) if letter == b"O" else pack(b"c")
            answer = self.answers.get(packet, self.answers.get(letter, usual))
            if answer == b"drop":
                return
            channel.sendall(answer)

    @staticmethod
    def _read(channel: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                more = channel.recv(count - len(data))
            except OSError:
                return b""
            if not more:
                return b""
            data += more
        return data
