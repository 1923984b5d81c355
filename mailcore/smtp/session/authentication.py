"""AUTH PLAIN, LOGIN, OAUTHBEARER and XOAUTH2 (RFC 4954, RFC 4616, RFC 7628). Secrets pass through and are not kept."""

import base64
import binascii
from collections.abc import Callable

from mailcore.kernel import bearer
from mailcore.kernel.errors import BadSyntax, Denied, MailError, Throttled
from mailcore.kernel.principal import Principal
from mailcore.kernel.sasl import read_plain

from ..grammar.commands import Auth
from ..grammar.faults import CommandFault
from .actions import Answer, AskAuthenticate
from .context import Context, Framing
from .states import State
from .verdicts import Stage

MECHANISMS = ("PLAIN", "LOGIN", *bearer.MECHANISMS)
_Take = Callable[[Context, str], None]


def handle_auth(context: Context, command: Auth) -> None:
    if not context.config.kind.needs_auth:
        context.reply(502, "5.5.1", "AUTH is not offered here")
    elif not context.offers_auth:
        context.reply(538, "5.7.11", "Start TLS first")
    elif context.principal is not None:
        context.reply(503, "5.5.1", "You are authenticated")
    elif command.mechanism not in MECHANISMS:
        context.reply(504, "5.5.4", f"Use {', '.join(MECHANISMS)}")
    else:
        context.move(State.AUTHENTICATING)
        begin = _begin(command.mechanism)
        if command.initial is not None:
            initial = b"" if command.initial == "=" else command.initial.encode("utf-8")
            _read(context, initial, begin)
        else:
            _challenge(context, b"Username:" if command.mechanism == "LOGIN" else b"", begin)


def _begin(mechanism: str) -> _Take:
    if mechanism in bearer.MECHANISMS:
        return lambda context, message: _take_bearer(context, mechanism, message)
    return _take_plain if mechanism == "PLAIN" else _take_login


def _challenge(context: Context, prompt: bytes, take: _Take) -> None:
    context.reply(334, "", base64.b64encode(prompt).decode("ascii"))
    context.framing = Framing.SASL
    context.sasl = lambda line: _respond(context, line, take)


def _respond(context: Context, line: bytes, take: _Take) -> None:
    context.framing, context.sasl = Framing.LINE, None
    if line == b"*":
        _fail(context, CommandFault("Authentication cancelled", enhanced="5.7.0"))
    else:
        _read(context, line, take)


def _read(context: Context, encoded: bytes, take: _Take) -> None:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        _fail(context, CommandFault("That is not base64", enhanced="5.5.2"))
        return
    take(context, decoded)


def _take_plain(context: Context, message: str) -> None:
    try:
        login, secret = read_plain(message.encode())
    except BadSyntax as error:
        _fail(context, CommandFault(error.public, enhanced="5.5.2"))
    except Denied as error:
        _fail(context, error)
    else:
        _ask(context, login, secret)


def _take_login(context: Context, login: str) -> None:
    if not login:
        _fail(context, CommandFault("A user name is needed", enhanced="5.5.2"))
    else:
        _challenge(context, b"Password:", lambda _context, secret: _ask(context, login, secret))


def _take_bearer(context: Context, mechanism: str, message: str) -> None:
    try:
        login, token = bearer.read(mechanism, message.encode())
    except BadSyntax as error:
        _fail(context, CommandFault(error.public, enhanced="5.5.2"))
    except MailError as error:
        _fail(context, error)
    else:
        context.question(AskAuthenticate(login, token), lambda answer: _settle_bearer(context, answer))


def _settle_bearer(context: Context, answer: Answer) -> None:
    """A token that is not taken is answered with the reason; whatever the client says then, the login fails (RFC 7628 §3.2.3)."""
    if not isinstance(answer, Denied) or isinstance(answer, Throttled):
        _settle(context, answer)
        return
    context.reply(334, "", base64.b64encode(bearer.REFUSAL).decode("ascii"))
    context.framing = Framing.SASL

    def end(_line: bytes) -> None:
        context.framing, context.sasl = Framing.LINE, None
        _fail(context, answer)

    context.sasl = end


def _ask(context: Context, login: str, secret: str) -> None:
    context.question(AskAuthenticate(login, secret), lambda answer: _settle(context, answer))


def _settle(context: Context, answer: Answer) -> None:
    if isinstance(answer, Principal):
        context.principal = answer
        context.move(State.READY)
        context.reply(235, "2.7.0", "Authenticated")
    elif isinstance(answer, Exception):
        _fail(context, answer)
    else:
        _fail(context, TypeError("AskAuthenticate is answered with a Principal"))


def _fail(context: Context, error: Exception) -> None:
    context.move(State.READY)
    context.refuse(error, Stage.AUTH)
