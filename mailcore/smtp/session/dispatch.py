"""Every verb in one table: how it is read, who handles it, where it is allowed.

EHLO is derived from it, and so is the refusal of a verb out of order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..grammar import commands
from . import authentication, dialogue, hello, transaction
from .actions import Kind
from .context import Context
from .states import State

_SMTP = frozenset({Kind.MX, Kind.SUBMISSION, Kind.SUBMISSIONS})
_ALL = frozenset(Kind)
_OPEN = frozenset({State.GREETED, State.READY, State.MAIL, State.RCPT, State.CHUNKS})
_IDLE = frozenset({State.GREETED, State.READY})

FOREIGN = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT"})
"""Said by a browser that was led here; hearing it out would run the body as commands."""


@dataclass(frozen=True, slots=True)
class Row:
    verb: str
    parse: Callable[[str], Any]
    """What it returns is what `handle` takes."""
    handle: Callable[[Context, Any], None]
    states: frozenset[State]
    kinds: frozenset[Kind] = _ALL
    extension: str = ""
    """Its line in EHLO, where it has one of its own."""
    offered: Callable[[Context], bool] = lambda _context: True
    closes_if_malformed: bool = False
    """Octets follow the line: without their number there is no next command."""


_ROWS = (
    Row("EHLO", commands.parse_hello, hello.handle_ehlo, _OPEN, _SMTP),
    Row("HELO", commands.parse_hello, hello.handle_helo, _OPEN, _SMTP),
    Row("LHLO", commands.parse_hello, hello.handle_ehlo, _OPEN, frozenset({Kind.LMTP})),
    Row("MAIL", commands.parse_mail, transaction.handle_mail, frozenset({State.READY})),
    Row("RCPT", commands.parse_rcpt, transaction.handle_rcpt, frozenset({State.MAIL, State.RCPT})),
    Row("DATA", commands.parse_nothing, transaction.handle_data, frozenset({State.RCPT})),
    Row(
        "BDAT",
        commands.parse_chunk,
        transaction.handle_bdat,
        _OPEN | {State.REJECTED},
        extension="CHUNKING",
        closes_if_malformed=True,
    ),
    Row("RSET", commands.parse_nothing, transaction.handle_rset, _OPEN),
    Row(
        "STARTTLS",
        commands.parse_nothing,
        hello.handle_starttls,
        _IDLE,
        extension="STARTTLS",
        offered=lambda context: context.offers_tls,
    ),
    Row(
        "AUTH",
        commands.parse_auth,
        authentication.handle_auth,
        frozenset({State.READY}),
        _SMTP,
        extension=f"AUTH {' '.join(authentication.MECHANISMS)}",
        offered=lambda context: context.offers_auth,
    ),
    Row("NOOP", commands.parse_text, dialogue.handle_noop, _OPEN),
    Row("HELP", commands.parse_text, dialogue.handle_help, _OPEN),
    Row("VRFY", commands.parse_name, dialogue.handle_vrfy, _OPEN),
    Row("EXPN", commands.parse_name, dialogue.handle_expn, _OPEN),
    Row("QUIT", commands.parse_nothing, dialogue.handle_quit, _OPEN | {State.REJECTED}),
)
TABLE: dict[str, Row] = {row.verb: row for row in _ROWS}


def list_extensions(context: Context) -> list[str]:
    size = context.config.limits.max_message_bytes
    offered = ["PIPELINING", f"SIZE {size}", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "DELIVERBY"]
    if context.config.kind.needs_auth:
        offered.append(transaction.future_release(context))  # RFC 4865 §3: for submission only
    if context.tls_active:
        offered.append("REQUIRETLS")  # RFC 8689 §2: never in clear
    for row in _ROWS:
        if row.extension and context.config.kind in row.kinds and row.offered(context):
            offered.append(row.extension)
    return offered


def refuse_order(context: Context, row: Row) -> None:
    """The verb is known and does not belong here."""
    match context.state:
        case State.REJECTED:
            context.reply(503, "5.5.1", "You were turned away; only QUIT is heard")
        case State.GREETED:
            context.reply(503, "5.5.1", "Say hello first")
        case State.MAIL if row.verb == "DATA":
            context.reply(554, "5.5.1", "No valid recipients")
        case _:
            context.reply(503, "5.5.1", f"{row.verb} does not belong here")
