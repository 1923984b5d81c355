"""ManageSieve on a socket: commands from the channel to `managesieve.session`, its answers back."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from mailcore.audit.acting import Acting, Via, acting_as
from mailcore.directory.authentication import authenticate
from mailcore.filtering import scripts
from mailcore.kernel.errors import Denied
from mailcore.kernel.peers import Peer
from mailcore.kernel.principal import Principal
from mailcore.managesieve.grammar import Command, CommandReader, Fault
from mailcore.managesieve.session import Ports, Session

from .channel import Channel, Stopping
from .services import Services


class LocalScripts:
    """The scripts of one mailbox here, as a session asks for them. What is changed is recorded as done by its login."""

    def __init__(self, peer: str, principal: Principal) -> None:
        if principal.mailbox_id is None:
            raise Denied("this login has no mailbox")
        self._id = principal.mailbox_id
        self._who = Acting(principal.login, Via.MANAGESIEVE, principal.user_id, peer)

    def list(self) -> Sequence[tuple[str, bool]]:
        return [(row.name, row.is_active) for row in scripts.list_scripts(mailbox_id=self._id)]

    def get(self, name: str) -> bytes:
        return scripts.get_text(mailbox_id=self._id, name=name).encode()

    def put(self, name: str, text: bytes) -> None:
        with acting_as(self._who):
            scripts.put(mailbox_id=self._id, name=name, text=text)

    def check(self, text: bytes) -> None:
        scripts.read_text(text)

    def check_space(self, name: str, size: int) -> None:
        scripts.check_space(mailbox_id=self._id, name=name, size=size)

    def activate(self, name: str) -> None:
        with acting_as(self._who):
            scripts.activate(mailbox_id=self._id, name=name)

    def remove(self, name: str) -> None:
        with acting_as(self._who):
            scripts.remove(mailbox_id=self._id, name=name)

    def rename(self, old: str, new: str) -> None:
        with acting_as(self._who):
            scripts.rename(mailbox_id=self._id, old=old, new=new)


async def serve(channel: Channel, services: Services) -> None:
    peer = Peer(
        address=channel.peer, hostname=services.environment.hostname, has_tls=channel.tls is not None,
        may_log_in_clear=services.may_log_in_clear(channel),
    )  # fmt: skip
    session = Session(ports=Ports(authenticate=authenticate, open_scripts=partial(LocalScripts, channel.peer)), peer=peer)
    await channel.send(session.greeting())
    reader = CommandReader(scripts.MAX_SCRIPT_BYTES)
    while not session.is_closed and not channel.has_ended:
        try:
            data = await channel.read(session.timeout())
        except TimeoutError:
            await channel.send(session.farewell("idle for too long"))
            return
        except Stopping:
            await channel.send(session.farewell("this server is going down"))
            return
        await _answer(channel, services, session, reader, list(reader.feed(data)))


async def _answer(channel: Channel, services: Services, session: Session, reader: CommandReader, commands: list[Command | Fault]) -> None:
    while commands and not session.is_closed:
        rest = await services.bridge.stream(_execute(session, commands), channel.send)
        if session.pause:
            await asyncio.sleep(session.pause)
        if session.starttls_requested:
            commands.clear()
            await channel.start_tls(services.tls, rest)
            reader.discard()
            rest = session.tls_started()
        await channel.send(rest)


def _execute(session: Session, commands: list[Command | Fault]) -> Iterator[bytes]:
    """Take pipelined commands until something happens that the listener has to see to."""
    while commands:
        yield from session.execute(commands.pop(0))
        if session.is_closed or session.starttls_requested or session.pause:
            return
