"""POP3 on a socket: lines from the channel to `pop3.session`, its answers back."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from mailcore.directory.authentication import authenticate
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.peers import Peer
from mailcore.pop3.grammar import LineReader
from mailcore.pop3.login import Sasl
from mailcore.pop3.session import Ports, Session
from mailcore.store.mailstore import LocalMailStore

from .channel import Channel, Stopping
from .expiry import ArchiveExpiry
from .keyring import Bindings
from .services import Services


class FileLocks:
    """One POP3 session a mailbox among all processes of this machine; a crash frees the lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def lock(self, mailbox_id: MailboxId) -> Callable[[], None] | None:
        number = os.open(self._folder / f"{mailbox_id}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(number)
            return None
        return partial(os.close, number)


async def serve(channel: Channel, services: Services) -> None:
    environment = services.environment
    sasl = Sasl(scram=await services.scram.find(services.bridge), bindings=Bindings(channel))
    maildrops = FileLocks(environment.data / "run" / "pop3")
    ports = Ports(authenticate=authenticate, open_store=LocalMailStore, maildrops=maildrops, sasl=sasl, expiry=ArchiveExpiry())
    peer = Peer(
        address=channel.peer, hostname=environment.hostname, has_tls=channel.tls is not None,
        may_log_in_clear=services.may_log_in_clear(channel),
    )  # fmt: skip
    session = Session(ports=ports, peer=peer)
    try:
        await channel.send(session.greeting())
        await _converse(channel, services, session)
    finally:
        session.close()


async def _converse(channel: Channel, services: Services, session: Session) -> None:
    reader = LineReader(session.limits.max_line)
    while not session.is_closed and not channel.has_ended:
        try:
            data = await channel.read(session.timeout())
        except (TimeoutError, Stopping):
            # RFC 1939 §3: the autologout closes without a word and without removing anything.
            return
        lines = list(reader.feed(data))
        while lines and not session.is_closed:
            rest = await services.bridge.stream(_execute(session, lines), channel.send)
            if session.pause:
                await asyncio.sleep(session.pause)
            if session.starttls_requested:
                await channel.start_tls(services.tls, rest)
                session.tls_started()
                reader.discard()
                lines.clear()
            else:
                await channel.send(rest)


def _execute(session: Session, lines: list[bytes | None]) -> Iterator[bytes]:
    """Take pipelined lines until something happens that the listener has to see to."""
    while lines:
        yield from session.execute(lines.pop(0))
        if session.is_closed or session.starttls_requested or session.pause:
            return
