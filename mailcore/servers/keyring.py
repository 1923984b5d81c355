"""The certificates the listeners show: chosen by the name a client asks for, exchanged while connections live on.

TLS 1.2 and newer only (RFC 8996). What changes is seen within LOOK_SECONDS, and only new handshakes see it.
"""

import asyncio
import logging
import secrets
import ssl
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key
from django.db import DatabaseError

from mailcore.certificates import choosing, shelf
from mailcore.certificates.choosing import Choice, Held

from .bridge import Bridge
from .certificates import ensure

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
ARRANGED_ANEW = 3_600
"""Seconds after which it is asked again which of them have expired."""


class Shown(ssl.SSLContext):
    """A context that knows what it shows."""

    end_point: bytes = b""
    """Digest of the certificate, which logins can be bound to (RFC 5929 §4)."""


@dataclass(frozen=True, slots=True)
class _Showing:
    """One state of the ring. Replaced whole, for it is read on the loop while the next is made in a thread."""

    choice: Choice
    contexts: dict[int, Shown] = field(default_factory=dict)
    """By the identity of what is held, which lives as long as the choice."""


class Keyring:
    def __init__(self, *, data: Path, hostname: str) -> None:
        self._data, self._hostname = data, hostname
        ensure(data=data, hostname=hostname)
        self._stamp: tuple[object, ...] = ()
        self._files: dict[str, Held] = {}
        self._rows: list[Held] = []
        self._showing = _Showing(self._arrange(shelf.look_at_files(data)))
        self.tls: ssl.SSLContext = _make_context(self._showing.choice.default)
        """What every handshake begins with; the certificate is chosen once the name is known, or known not to come."""
        self.tls.sni_callback = self._choose

    def refresh(self) -> bool:
        """Look whether anything changed, and take it; True where it did. Blocks; one call at a time."""
        files = shelf.look_at_files(self._data)
        try:
            rows = shelf.look_at_rows()
            stamp = (files.stamp, rows, int(time.time()) // ARRANGED_ANEW)
            if stamp == self._stamp:
                return False
            if not self._stamp or rows != self._stamp[1]:
                self._rows = shelf.read_rows()
        except DatabaseError as error:
            # Better what was shown so far than nothing.
            log.warning("the certificates kept in rows cannot be looked at now: %s", error)
            return False
        self._showing = _Showing(self._arrange(files))
        self._stamp = stamp
        log.info("%d certificates are shown", len(self._showing.choice.list_used()))
        return True

    async def keep_fresh(self, bridge: Bridge) -> None:
        while True:
            try:
                await bridge.call(self.refresh)
            except Exception:
                log.exception("the certificates could not be read; those from before are shown")
            await asyncio.sleep(LOOK_SECONDS)

    def _arrange(self, files: shelf.Files) -> Choice:
        found = shelf.read_files(files, self._files)
        self._files = {one.place: one for one in found}
        return choosing.arrange([*found, *self._rows], hostname=self._hostname, now=int(time.time()))

    def _choose(self, link: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        """Called in each handshake, with None where no name was sent (RFC 6066 §3)."""
        showing = self._showing
        held = showing.choice.find(name)
        try:
            context = showing.contexts.get(id(held)) or _make_context(held)
        except (ssl.SSLError, OSError, ValueError) as error:
            log.error("the certificate %s cannot be shown: %s", held.place, error)
            return
        # Made when first asked for: a node may keep thousands.
        showing.contexts[id(held)] = context
        link.context = context


class Link(Protocol):
    @property
    def end_point(self) -> bytes: ...


class Bindings(Mapping[str, bytes]):
    """What a login on this connection can be bound to: the certificate that was shown on it, whenever that was."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __getitem__(self, kind: str) -> bytes:
        if kind != "tls-server-end-point" or not self._link.end_point:
            raise KeyError(kind)
        return self._link.end_point

    def __iter__(self) -> Iterator[str]:
        return iter(["tls-server-end-point"] if self._link.end_point else [])

    def __len__(self) -> int:
        return 1 if self._link.end_point else 0


def _make_context(held: Held) -> Shown:
    made = Shown(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    # A session taken up again shows no certificate, and could not be told from one that was shown the old one.
    made.num_tickets = 0
    made.options |= ssl.OP_NO_TICKET
    password = secrets.token_bytes(24).hex().encode("ascii")
    key = load_pem_private_key(held.material.key, None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    # The library reads files only: for a moment there is one, under a password that nobody else ever knows.
    with tempfile.NamedTemporaryFile() as file:
        file.write(held.material.chain + b"\n" + locked)
        file.flush()
        made.load_cert_chain(file.name, password=password)
    made.end_point = held.material.end_point
    return made
