"""SMTP, submission and LMTP on a socket: octets to `smtp.session`, its questions to the core."""

import asyncio
from dataclasses import replace

from mailcore import metrics
from mailcore.delivery import intake, reception, routing
from mailcore.directory.authentication import authenticate
from mailcore.filtering.policy import door, sending
from mailcore.filtering.policy.visit import Visit
from mailcore.kernel.envelope import Envelope, Origin
from mailcore.kernel.limits import SmtpLimits
from mailcore.kernel.principal import Service
from mailcore.smtp.session.actions import (
    Answer,
    Ask,
    AskAccept,
    AskAuthenticate,
    AskConnect,
    AskRecipient,
    AskSender,
    Close,
    Kind,
    ReceiverConfig,
    Reply,
    StartTls,
)  # fmt: skip
from mailcore.smtp.session.receiver import Receiver
from mailcore.trust import arrival
from mailcore.trust.results import remove_forged

from .channel import Channel, Stopping
from .services import Services

_SOURCES = {Kind.MX: "smtp", Kind.SUBMISSION: "submission", Kind.SUBMISSIONS: "submission", Kind.LMTP: "lmtp"}


async def serve(channel: Channel, services: Services, *, kind: Kind) -> None:
    limits = SmtpLimits(max_message_bytes=services.environment.max_message_bytes)
    receiver = Receiver(
        ReceiverConfig(
            hostname=services.environment.hostname,
            kind=kind,
            limits=limits,
            tls_available=channel.tls is None and kind is not Kind.LMTP,
            tls_active=channel.tls is not None,
            peer=channel.peer,
            auth_allowed_in_clear=services.may_log_in_clear(channel),
        )
    )
    conversation = _Conversation(channel, services, receiver, kind)
    ends_at = asyncio.get_running_loop().time() + limits.session_timeout
    while await conversation.act():
        if channel.has_ended:
            return
        patience = min(limits.command_timeout, ends_at - asyncio.get_running_loop().time())
        try:
            receiver.receive(await channel.read(max(0.0, patience)))
        except TimeoutError:
            await channel.send(receiver.timeout().data)
            return
        except Stopping:
            await channel.send(receiver.shut_down().data)
            return


class _Conversation:
    def __init__(self, channel: Channel, services: Services, receiver: Receiver, kind: Kind) -> None:
        self._channel = channel
        self._services = services
        self._receiver = receiver
        self._kind = kind
        is_stranger = kind is Kind.MX and not arrival.is_trusted(channel.peer)
        self._visit = Visit(channel.peer, services.environment.hostname) if is_stranger else None
        """What the rules know of a stranger; None for those they do not concern."""

    async def act(self) -> bool:
        """Do all the receiver wants; False once the session is over."""
        while (action := self._receiver.next_action()) is not None:
            match action:
                case Reply(data):
                    await self._channel.send(data)
                case StartTls():
                    await self._channel.start_tls(self._services.tls, b"")
                    self._receiver.tls_started(self._channel.tls_name)
                case Close():
                    return False
                case _:
                    self._receiver.answer(await self._ask(action))
        return True

    async def _ask(self, ask: Ask) -> Answer:
        """The core's verdict. Every exception is one: the receiver maps it to a reply, and what it does not know to 451."""
        try:
            return await self._decide(ask)
        except Exception as error:
            metrics.refusals.labels(type(ask).__name__.removeprefix("Ask").lower(), type(error).__name__).inc()
            return error

    async def _decide(self, ask: Ask) -> Answer:
        call, call_together = self._services.bridge.call, self._services.bridge.call_together
        principal = self._receiver.principal
        match ask:
            case AskConnect():
                await self._welcome()
                return None
            case AskAuthenticate(login, secret):
                return await call(authenticate, login=login, secret=secret, service=Service.SMTP, peer=self._channel.peer)
            case AskSender(address):
                if principal is not None and address:
                    await call(routing.check_sender, address=address, principal=principal)
                if self._visit is not None:
                    await asyncio.sleep(await call(door.begin, self._visit, helo=self._receiver.helo, sender=address))
                return None
            case AskRecipient(address, size):
                answer: Answer = await call_together(routing.check_recipients, (address, principal, size))
                if self._visit is not None:
                    await asyncio.sleep(await call(door.take_recipient, self._visit, address=address))
                return answer
            case AskAccept(envelope, raw):
                return await self._accept(ask, envelope, raw)

    async def _welcome(self) -> None:
        """A stranger may have to wait for the greeting, and shows what it is by not waiting."""
        visit = self._visit
        if visit is None:
            return
        wait = self._services.environment.greeting_wait
        visit.spoke_early = wait > 0 and not await self._channel.is_silent(wait)
        await asyncio.sleep(await self._services.bridge.call(door.connect, visit))

    async def _accept(self, ask: AskAccept, envelope: Envelope, raw: bytes) -> Answer:
        """What strangers send is examined; from everybody only what is forged in our name is taken away."""
        origin, principal, bridge = self._origin(ask), self._receiver.principal, self._services.bridge
        if self._visit is not None:
            async with self._services.examining.take(self._channel.peer):
                examined = await bridge.call(reception.examine, visit=self._visit, envelope=envelope, raw=raw, origin=origin)
            if examined.discarded or len(examined.offers) != 1:
                return await bridge.call(reception.settle, examined)
            return await bridge.call_together(intake.accept_each, examined.offers[0])
        if self._kind is not Kind.LMTP:
            raw = remove_forged(raw, hostname=self._services.environment.hostname)[0]
        if principal is not None:
            recipients = [one.address for one in envelope.recipients]
            origin = replace(origin, hold=await bridge.call(sending.admit, principal=principal, recipients=recipients))
        return await bridge.call_together(intake.accept_each, (envelope, raw, origin))

    def _origin(self, ask: AskAccept) -> Origin:
        principal = self._receiver.principal
        return Origin(
            source=_SOURCES[self._kind],
            peer=self._channel.peer,
            helo=ask.helo,
            protocol=ask.protocol,
            user_id=principal.user_id if principal is not None else None,
            tls=self._channel.tls_name,
        )
