"""Many connections that send numbered messages and remember what the server said to each."""

import random
import smtplib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

CONNECTIONS = 20
IN_ONE_SESSION = 5
PATIENCE = 20.0


@dataclass(slots=True)
class Ledger:
    """Recipients by Message-ID. `unsure`: the connection broke after DATA began, so 0 or 1 copies are right."""

    accepted: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unsure: dict[str, str] = field(default_factory=dict)
    replies: set[str] = field(default_factory=set)
    """What was said where a message was refused."""


class Senders:
    """`connections` threads until `total` messages are accepted. `allowed` says how many may be by now."""

    def __init__(
        self, *, port: int, sender: str, recipients: Sequence[str], total: int, allowed: Callable[[], float], connections: int = CONNECTIONS
    ) -> None:
        self.ledger = Ledger()
        self._port, self._sender, self._recipients = port, sender, recipients
        self._total, self._allowed = total, allowed
        self._lock = threading.Lock()
        self._number = self._under_way = 0
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(connections)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float) -> None:
        """Wait until all is accepted; what is not by then is not sent any more."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._stopping.set()
        for thread in self._threads:
            thread.join(3 * PATIENCE)

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self._stopping.is_set() and len(self.ledger.accepted) < self._total:
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=PATIENCE) as client:
                    client.ehlo("sender.test")
                    for _ in range(IN_ONE_SESSION):
                        if not self._send_next(client, chance):
                            break
            except (OSError, smtplib.SMTPException):
                time.sleep(0.1)  # down for the moment

    def _send_next(self, client: smtplib.SMTP, chance: random.Random) -> bool:
        """False where nothing may be sent now."""
        with self._lock:
            if len(self.ledger.accepted) + self._under_way >= min(self._total, self._allowed()):
                number = 0
            else:
                self._number += 1
                self._under_way += 1
                number = self._number
        if not number:
            time.sleep(0.05)
            return False
        try:
            self._send(client, f"{number}.{uuid4().hex}@sender.test", chance)
        finally:
            with self._lock:
                self._under_way -= 1
        time.sleep(chance.random() * 0.3)
        return True

    def _send(self, client: smtplib.SMTP, message_id: str, chance: random.Random) -> None:
        recipient = chance.choice(self._recipients)
        body = "x" * 70 + "\r\n"
        raw = f"Message-ID: <{message_id}>\r\nSubject: flow\r\n\r\n{body * chance.randrange(1, 400)}".encode()
        for code, text in (client.mail(self._sender), client.rcpt(recipient)):
            if code != 250:
                self._note(self.ledger.refused, message_id, recipient, f"{code} {text!r}")
                client.rset()
                return
        try:
            code, text = client.data(raw)
        except (OSError, smtplib.SMTPException):
            self._note(self.ledger.unsure, message_id, recipient)
            raise
        self._note(self.ledger.accepted if code == 250 else self.ledger.refused, message_id, recipient, f"{code} {text!r}")

    def _note(self, outcome: dict[str, str], message_id: str, recipient: str, reply: str = "") -> None:
        with self._lock:
            outcome[message_id] = recipient
            if outcome is self.ledger.refused:
                self.ledger.replies.add(reply)
