"""IMAP on a socket: commands cut by `imap.grammar.framing`, run by `imap.session`, IDLE woken by the hub."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

from mailcore.directory.authentication import authenticate
from mailcore.imap.grammar.framing import Command, CommandReader, Continuation, TooLong, read_tag
from mailcore.imap.session.config import SessionConfig
from mailcore.imap.session.session import Session
from mailcore.kernel.errors import Denied
from mailcore.kernel.events import Event, FolderChanged
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.limits import ImapLimits
from mailcore.kernel.mailstore import MailStore
from mailcore.kernel.principal import Principal
from mailcore.store.sharing.household import SharingMailStore

from .channel import Channel, Stopping
from .deflate import Corrupt, Deflate
from .keyring import Bindings
from .services import Services

PROGRESS_SECONDS = 10.0
_STOPPING = b"* BYE The server is going down, come back soon\r\n"


def open_store(principal: Principal) -> MailStore:
    if principal.mailbox_id is None:
        raise Denied("This login has no mailbox.")
    return SharingMailStore(principal.mailbox_id)


async def serve(channel: Channel, services: Services) -> None:
    config = SessionConfig(
        peer=channel.peer,
        tls=channel.tls is not None,
        starttls=channel.tls is None,
        clear_login=services.may_log_in_clear(channel),
        limits=ImapLimits(max_literal_bytes=services.environment.max_message_bytes),
        scram=await services.scram.find(services.bridge),
        bindings=Bindings(channel),
    )
    session = Session(config, authenticate, open_store)
    await channel.send(session.greeting())
    with ExitStack() as watch:
        await _Conversation(channel, services, session, watch).run()


class _Conversation:
    def __init__(self, channel: Channel, services: Services, session: Session, watch: ExitStack) -> None:
        self._channel = channel
        self._services = services
        self._session = session
        self._watch = watch
        self._watched: frozenset[MailboxId] = frozenset()
        self._reader = CommandReader(session.config.limits, allow_append=False)
        self._held: Continuation | TooLong | None = None
        self._deflate: Deflate | None = None
        self._running = b""
        """The tag of the command at work."""
        self._progress: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        channel, session, limits = self._channel, self._session, self._session.config.limits
        while not session.close and not channel.has_ended:
            try:
                data = await channel.read(limits.login_timeout if session.principal is None else limits.idle_timeout)
            except TimeoutError:
                await self._send(session.timeout())
                return
            except Stopping:
                await self._send(_STOPPING)
                return
            if channel.wake:
                channel.wake = False
                await self._send(await self._services.bridge.call(session.poll))
            try:
                await self._take(data)
            except Corrupt:
                await self._send(b"* BYE That is not a deflate stream\r\n")
                return

    async def _take(self, data: bytes) -> None:
        """Do all that can be done with what came; compressed input is unpacked only as fast as it is used up."""
        for piece in self._deflate.unpack(data) if self._deflate is not None else (data,):
            self._reader.feed(piece)
            while not self._session.close and await self._take_one():
                pass
            if self._session.close:
                return

    async def _send(self, data: bytes) -> None:
        await self._channel.send(self._pack(data))

    def _pack(self, data: bytes) -> bytes:
        return self._deflate.pack(data) if self._deflate is not None else data

    async def _take_one(self) -> bool:
        """Do the next thing the client sent; False while more input is needed."""
        self._reader.allow_append = self._session.principal is not None
        item = self._held or self._reader.next()
        self._held = None
        match item:
            case None:
                return False
            case Continuation():
                await self._send(b"+ OK\r\n")
            case TooLong(reply, close):
                self._session.close |= close
                await self._send(reply)
            case Command():
                await self._run(item)
        return True

    async def _run(self, command: Command) -> None:
        session, call = self._session, self._services.bridge.call
        if session.idling:
            await self._send(await call(session.done_idle, command.text))
        elif session.pending_auth is not None:
            await self._send(await call(session.continue_auth, command.text))
        elif session.is_quick(command):
            await self._say(b"".join(session.execute(command)))
        else:
            self._arm_progress()
            try:
                rest = await self._services.bridge.stream(self._execute(command), self._stream)
            finally:
                self._stop_progress()
            await self._say(rest)

    async def _stream(self, data: bytes) -> None:
        # What has begun to be sent may stand in the middle of a literal: no other line may come between.
        self._stop_progress()
        await self._send(data)

    def _arm_progress(self) -> None:
        self._progress = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._report_progress)

    def _stop_progress(self) -> None:
        if self._progress is not None:
            self._progress.cancel()
            self._progress = None

    def _report_progress(self) -> None:
        """A sign of life while a command runs and nothing of its answer has left (RFC 9585)."""
        if self._channel.keeps_up:
            self._channel.send_aside(self._pack(b'* OK [INPROGRESS ("%b" NIL NIL)] Still at work\r\n' % self._running))
        self._arm_progress()

    def _execute(self, command: Command) -> Iterator[bytes]:
        """A command and those pipelined behind it, up to one that needs the listener. Runs in a thread; nobody else
        touches the reader meanwhile."""
        session = self._session
        while True:
            self._running = read_tag(command)
            yield from session.execute(command)
            if session.needs_listener:
                return
            self._reader.allow_append = session.principal is not None
            following = self._reader.next()
            if not isinstance(following, Command):
                self._held = following
                return
            command = following

    async def _say(self, rest: bytes) -> None:
        session = self._session
        if session.starttls_requested:
            await self._channel.start_tls(self._services.tls, rest)
            session.tls_started()
            self._reader.clear()
            self._held = None
            return
        await self._send(rest)
        if session.compress_requested:
            session.compress_started()
            self._deflate = Deflate()
            # The client speaks deflate from its next octet on; what it sent before our answer was too early (RFC 4978 §3).
            self._reader.clear()
            self._held = None
        if session.principal is None and self._watched:
            self._watch.close()
            self._watched = frozenset()
        if session.is_listening:
            await self._start_watching()

    async def _start_watching(self) -> None:
        fresh = self._session.watched_mailbox_ids - self._watched
        for mailbox_id in fresh:
            self._watch.enter_context(self._services.hub.watch(mailbox_id, self._wake))
        self._watched |= fresh
        if fresh:
            # Something may have happened between the command's own look and the watch.
            await self._send(await self._services.bridge.call(self._session.poll))

    def _wake(self, event: Event | None) -> None:
        if not self._session.is_listening:
            return
        if self._session.watcher is not None or not isinstance(event, FolderChanged) or event.folder_id == self._session.selected_folder_id:
            self._channel.nudge()
