"""A receiver in memory with a world around it that says yes until told otherwise."""

from mailcore.kernel import errors
from mailcore.kernel.ids import TraceId, UserId
from mailcore.kernel.limits import SmtpLimits
from mailcore.kernel.principal import Principal, Role
from mailcore.smtp.session.actions import (
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
)
from mailcore.smtp.session.receiver import Receiver

ANN = Principal(UserId(1), "ann@example.org", Role.USER, 1)


def make_config(**changes: object) -> ReceiverConfig:
    limits = SmtpLimits(**changes.pop("limits", {}))
    return ReceiverConfig(**{"hostname": "mx.example.org", "peer": "192.0.2.7", "limits": limits} | changes)


class World:
    """Drives one receiver. `refusals` maps what is asked ("rcpt bo@example.net") to the error it gets."""

    def __init__(self, config: ReceiverConfig | None = None) -> None:
        self.refusals: dict[str, Exception] = {}
        self.kept: list[AskAccept] = []
        self.asked: list[object] = []
        self.closed = False
        self.securing = False
        self._config = config or make_config()
        self._receiver: Receiver | None = Receiver(config) if config else None
        self._out = b""

    @property
    def receiver(self) -> Receiver:
        if self._receiver is None:
            self._receiver = Receiver(self._config)
        return self._receiver

    def send(self, data: bytes) -> None:
        self.pump()
        self.receiver.receive(data)
        self.pump()

    def receive(self) -> bytes:
        self.pump()
        out, self._out = self._out, b""
        return out

    leftover = receive

    def pump(self) -> None:
        while (action := self.receiver.next_action()) is not None:
            match action:
                case Reply(data):
                    assert not self.closed
                    self._out += data
                case StartTls():
                    self.securing = True
                case Close():
                    self.closed = True
                case _:
                    self.asked.append(action)
                    self.receiver.answer(self.decide(action))

    def decide(self, ask: object) -> object:
        match ask:
            case AskConnect():
                return self.refusals.get("connect")
            case AskAuthenticate(login, secret):
                right = (login, secret) == ("ann@example.org", "open sesame")
                return self.refusals.get("auth") or (ANN if right else errors.Denied("Wrong user name or password"))
            case AskSender(address):
                return self.refusals.get(f"mail {address}")
            case AskRecipient(address):
                return self.refusals.get(f"rcpt {address}")
            case AskAccept(envelope):
                if "accept" in self.refusals:
                    return self.refusals["accept"]
                single = [self.refusals.get(f"accept {recipient.address}", TraceId("T1")) for recipient in envelope.recipients]
                self.kept.append(ask)
                return single if self.receiver._context.config.kind is Kind.LMTP else TraceId("T1")
        raise AssertionError(ask)

    def happen(self, words: str) -> None:
        """What "!" lines say here:

        serve KEY=VALUE…             the receiver's configuration and limits, before anything else
        refuse WHAT: ERROR text      the answer to "connect", "auth", "mail A", "rcpt A", "accept" or "accept A"
        tls, timeout, shutdown       the rim does it
        closed, kept N, message, envelope, protocol    what must be true by now
        """
        verb, _, rest = words.partition(" ")
        match verb:
            case "serve":
                self._serve(dict(word.split("=") for word in rest.split()))
            case "refuse":
                what, _, error = rest.rpartition(": ")
                name, _, text = error.partition(" ")
                kind = getattr(errors, name, RuntimeError)
                self.refusals[what] = kind(text)
            case "tls":
                self.pump()
                assert self.securing, "no StartTls was given"
                self.securing = False
                self.receiver.tls_started("TLSv1.3")
            case "closed":
                self.pump()
                assert self.closed, "still open"
            case "kept":
                assert len(self.kept) == int(rest), f"kept {len(self.kept)}"
            case "message":
                assert self.kept[-1].raw == rest.encode().decode("unicode_escape").encode("latin-1"), self.kept[-1].raw
            case "envelope":
                envelope = self.kept[-1].envelope
                shown = f"{envelope.sender} > {' '.join(recipient.address for recipient in envelope.recipients)}"
                assert shown == rest, shown
            case "protocol":
                assert self.kept[-1].protocol == rest, self.kept[-1].protocol
            case "timeout":
                self._out += self.receiver.timeout().data
            case "shutdown":
                self._out += self.receiver.shut_down().data
            case _:
                raise ValueError(words)

    def _serve(self, words: dict[str, str]) -> None:
        kind = Kind(words.pop("kind", "mx"))
        flags = {name: words.pop(name) == "yes" for name in ("tls_available", "tls_active", "auth_allowed_in_clear") if name in words}
        self._config = make_config(kind=kind, limits={name: int(value) for name, value in words.items()}, **flags)
