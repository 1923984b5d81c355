"""The verbs that carry no mail: NOOP, HELP, VRFY, EXPN, QUIT (RFC 5321 §4.1.1)."""

from ..grammar.commands import Text
from .context import Context


def handle_noop(context: Context, _command: Text) -> None:
    context.reply(250, "2.0.0", "Ok")


def handle_help(context: Context, _command: Text) -> None:
    context.reply(214, "2.0.0", "This is Facteur; see RFC 5321")


def handle_vrfy(context: Context, _command: Text) -> None:
    """Never tells who exists (RFC 5321 §7.3)."""
    context.reply(252, "2.5.2", "Not verified here; send the message and see")


def handle_expn(context: Context, _command: Text) -> None:
    context.reply(502, "5.5.1", "Lists are not expanded here")


def handle_quit(context: Context, _command: Text) -> None:
    context.end(221, "2.0.0", "Goodbye")
