"""SMTP, submission and LMTP on a socket: octets to `smtp.session`, its questions to the core."""

import asyncio
from dataclasses import replace

from mailcore import metrics
from mailcore.delivery import intake, routing
from mailcore.directory.authentication import authenticate
from mailcore.kernel.envelope import Origin
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
                return None
            case AskAuthenticate(login, secret):
                return await call(authenticate, login=login, secret=secret, service=Service.SMTP, peer=self._channel.peer)
            case AskSender(address):
                if principal is not None and address:
                    await call(routing.check_sender, address=address, principal=principal)
                return None
            case AskRecipient(address, size):
                return await call_together(routing.check_recipients, (address, principal, size))
            case AskAccept(envelope, raw):
                raw, origin = await self._check(ask)
                return await call_together(intake.accept_each, (envelope, raw, origin))

    async def _check(self, ask: AskAccept) -> tuple[bytes, Origin]:
        """What strangers send is examined; from everybody only what is forged in our name is taken away."""
        origin, peer = self._origin(ask), self._channel.peer
        if self._kind is Kind.LMTP:
            return ask.raw, origin
        if self._kind is not Kind.MX or self._receiver.principal is not None or arrival.is_trusted(peer):
            return remove_forged(ask.raw, hostname=self._services.environment.hostname)[0], origin
        async with self._services.examining.take(peer):
            found = await self._services.bridge.call(arrival.examine, envelope=ask.envelope, raw=ask.raw, peer=peer, helo=ask.helo)
        return found.raw, replace(origin, headers=found.headers, findings=found.findings, filing=found.filing)

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
