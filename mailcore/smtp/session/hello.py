"""EHLO, HELO, LHLO, STARTTLS and the greeting (RFC 5321 §4.1.1.1, RFC 2033, RFC 3207)."""

from ..grammar.commands import Hello, Text
from ..grammar.replies import format_lines
from .actions import Answer, AskConnect, Kind
from .context import Context
from .states import State
from .verdicts import Stage


def ask_welcome(context: Context) -> None:
    context.question(AskConnect(context.config.peer), lambda answer: _greet(context, answer))


def _greet(context: Context, answer: Answer) -> None:
    if not isinstance(answer, Exception):
        word = "LMTP" if context.config.kind is Kind.LMTP else "ESMTP"
        context.move(State.GREETED)
        context.reply(220, "", f"{context.config.hostname} {word} ready")
        return
    context.move(State.REJECTED)
    if context.refuse(answer, Stage.CONNECT) == 421:
        context.move(State.CLOSED)


def handle_ehlo(context: Context, command: Hello) -> None:
    """EHLO and LHLO. Also ends a transaction, as RSET does (RFC 5321 §4.1.4)."""
    _enter(context, command, extended=True)
    context.put(250, format_lines(250, [f"{context.config.hostname} greets you", *context.list_extensions(context)]))


def handle_helo(context: Context, command: Hello) -> None:
    _enter(context, command, extended=False)
    context.reply(250, "", context.config.hostname)


def _enter(context: Context, command: Hello, *, extended: bool) -> None:
    context.end_transaction()
    context.move(State.READY)
    context.helo, context.extended = command.name, extended


def handle_starttls(context: Context, _command: Text) -> None:
    if context.tls_active:
        context.reply(503, "5.5.1", "TLS is already in use")
    elif not context.offers_tls:
        context.reply(502, "5.5.1", "TLS is not offered here")
    else:
        context.reply(220, "2.0.0", "Ready to start TLS")
        context.move(State.SECURING)


def secure(context: Context, description: str) -> None:
    """After the handshake nothing said in clear counts (RFC 3207 §4.2)."""
    context.move(State.GREETED)
    context.tls_active, context.tls = True, description
    context.helo, context.extended, context.principal = "", False, None
