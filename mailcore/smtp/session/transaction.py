"""MAIL, RCPT, DATA, BDAT and RSET: one message from its sender to its 250.

RFC 5321 §3.3, §4.1.1; RFC 3030 (BDAT); RFC 2033 §4.2 (a reply for each recipient); RFC 4865 (HOLDFOR, HOLDUNTIL);
RFC 2852 (BY).
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from mailcore.kernel.envelope import Envelope, EnvelopeRecipient

from ..grammar.commands import Chunk, Mail, Rcpt, Text
from ..grammar.transparency import ChunkReader, DataReader, has_clean_lines
from .actions import Answer, AskAccept, AskRecipient, AskSender, Kind
from .context import Context, Framing, Transaction
from .states import State
from .verdicts import Stage, answer_error

_TOO_BIG = (552, "5.3.4", "The message is larger than allowed here")
_BAD_LINES = (554, "5.6.0", "Lines must end with CRLF, and NUL is not allowed")


def handle_mail(context: Context, command: Mail) -> None:
    limits = context.config.limits
    if context.config.kind.needs_auth and context.principal is None:
        context.reply(530, "5.7.0", "Authenticate first" if context.offers_auth else "Start TLS and authenticate first")
    elif context.transactions >= limits.max_transactions:
        context.end(421, "4.7.0", "Too many messages in one session")
    elif not context.extended and command != Mail(command.address):
        context.reply(555, "5.5.4", "Say EHLO to use parameters")
    elif command.requiretls and not context.tls_active:
        context.reply(530, "5.7.0", "REQUIRETLS needs TLS: start it first")
    elif command.size > limits.max_message_bytes:
        context.reply(*_TOO_BIG)
    elif command.is_held and not context.config.kind.needs_auth:
        context.reply(555, "5.5.4", "Mail is held for its sender on the submission ports only")
    elif fault := _find_fault_of_times(context, command):
        context.reply(501, "5.5.4", fault)
    else:
        context.question(AskSender(command.address, command.size), lambda answer: _take_sender(context, command, answer))


def future_release(context: Context) -> str:
    """The line of EHLO, with the longest wait and the last moment (RFC 4865 §3)."""
    longest = context.config.limits.max_hold
    last = datetime.fromtimestamp(int(context.config.clock()) + longest, UTC)
    return f"FUTURERELEASE {longest} {last:%Y-%m-%dT%H:%M:%SZ}"


def _find_fault_of_times(context: Context, command: Mail) -> str:
    now = int(context.config.clock())
    release = _release(command, now)
    if release > now + context.config.limits.max_hold:
        return "That is further ahead than mail is held here"
    if command.by is not None and command.by[1] == "R" and now + command.by[0] <= release:
        return "It would be returned before it is released"
    return ""


def _release(mail: Mail, at: int) -> int:
    """A moment that has passed is now."""
    return max(at, mail.hold_until if mail.hold_until is not None else at + mail.hold_for)


def _take_sender(context: Context, command: Mail, answer: Answer) -> None:
    if isinstance(answer, Exception):
        context.refuse(answer, Stage.SENDER)
        return
    context.transactions += 1
    context.transaction = Transaction(command, int(context.config.clock()))
    context.move(State.MAIL)
    context.reply(250, "2.1.0", "Sender ok")


def handle_rcpt(context: Context, command: Rcpt) -> None:
    transaction = _current(context)
    if not transaction.mail.smtputf8 and not (command.address.isascii() and command.orcpt.isascii()):
        context.reply(553, "5.6.7", "This address needs SMTPUTF8")
    elif not context.extended and command != Rcpt(command.address):
        context.reply(555, "5.5.4", "Say EHLO to use parameters")
    elif len(transaction.order) >= context.config.limits.max_recipients:
        context.reply(452, "4.5.3", "Too many recipients, send the rest in another message")
    else:
        context.question(AskRecipient(command.address, transaction.mail.size), lambda answer: _take_recipient(context, command, answer))


def _take_recipient(context: Context, command: Rcpt, answer: Answer) -> None:
    if isinstance(answer, Exception):
        context.refuse(answer, Stage.RECIPIENT)
        return
    transaction = _current(context)
    recipient = EnvelopeRecipient(command.address, command.notify, command.orcpt)
    transaction.recipients.setdefault(command.address, recipient)
    transaction.order.append(command.address)
    context.move(State.RCPT)
    context.reply(250, "2.1.5", "Recipient ok")


def handle_rset(context: Context, _command: Text) -> None:
    context.end_transaction()
    context.reply(250, "2.0.0", "Ok")


def handle_data(context: Context, _command: Text) -> None:
    _current(context).data = DataReader(context.config.limits.max_message_bytes)
    context.move(State.DATA)
    context.framing = Framing.DATA
    context.reply(354, "", "Send the message, end it with <CRLF>.<CRLF>")


def finish_data(context: Context) -> None:
    """Called once the terminator is in."""
    context.framing = Framing.LINE
    reader = _current(context).data
    raw = reader.finish() if reader else None
    if raw is None:
        _reply_to_all(context, *_TOO_BIG)
    else:
        _offer(context, raw)


def handle_bdat(context: Context, command: Chunk) -> None:
    transaction = context.transaction
    if transaction is None or context.state not in (State.RCPT, State.CHUNKS):
        _skip_chunk(context, command)
        return
    if transaction.chunks is None:
        transaction.chunks = ChunkReader(context.config.limits.max_message_bytes)
    context.move(State.CHUNKS)
    reader = transaction.chunks
    reader.expect(command.size, keep=True)
    context.framing = Framing.CHUNK
    context.chunk = reader, lambda: _finish_chunk(context, reader, command)


def _skip_chunk(context: Context, command: Chunk) -> None:
    """The octets follow whether we want them or not, and must not be read as commands (RFC 3030 §2)."""
    context.discard.expect(command.size, keep=False)
    context.framing = Framing.CHUNK
    context.chunk = context.discard, lambda: context.reply(503, "5.5.1", "Say MAIL and RCPT first")


def _finish_chunk(context: Context, reader: ChunkReader, command: Chunk) -> None:
    if reader.too_big and command.last:
        _reply_to_all(context, *_TOO_BIG)
    elif reader.too_big:
        # One reply even on LMTP: per-recipient replies belong to the last chunk only.
        context.end_transaction()
        context.reply(*_TOO_BIG)
    elif command.last:
        _offer(context, reader.finish())
    else:
        context.reply(250, "2.0.0", f"{command.size} octets received")


def _offer(context: Context, raw: bytes) -> None:
    transaction = _current(context)
    if not has_clean_lines(raw):
        _reply_to_all(context, *_BAD_LINES)
        return
    mail = transaction.mail
    envelope = Envelope(
        sender=mail.address,
        recipients=tuple(transaction.recipients.values()),
        smtputf8=mail.smtputf8,
        eight_bit=mail.eight_bit or not raw.isascii(),
        ret=mail.ret,
        envid=mail.envid,
        requiretls=mail.requiretls,
        hold_until=_release(mail, transaction.at) if mail.is_held else 0,
        deliver_by=transaction.at + mail.by[0] if mail.by is not None else 0,
        by_mode=mail.by[1] if mail.by is not None else "",
        by_trace=mail.by is not None and mail.by[2],
    )
    context.question(AskAccept(envelope, raw, context.protocol, context.helo), lambda answer: _settle(context, answer))


def _settle(context: Context, answer: Answer) -> None:
    transaction = _current(context)
    context.end_transaction()
    if context.config.kind is not Kind.LMTP:
        context.put(*_say(answer))
        return
    verdicts = _spread(answer, len(transaction.recipients))
    said = dict(zip(transaction.recipients, map(_say, verdicts), strict=True))
    for address in transaction.order:
        context.put(*said[address])


def _spread(answer: Answer, count: int) -> Sequence[object]:
    if isinstance(answer, str) or not isinstance(answer, Sequence):
        return [answer] * count
    if len(answer) != count:
        return [ValueError("AskAccept is answered once, or once for each recipient")] * count
    return answer


def _say(verdict: object) -> tuple[int, bytes]:
    if isinstance(verdict, Exception):
        return answer_error(verdict, Stage.ACCEPT)
    if verdict is not None and not isinstance(verdict, str):
        return answer_error(TypeError("AskAccept is answered with a trace id or an error"), Stage.ACCEPT)
    trace = f" as {verdict}" if verdict else ""
    return 250, f"250 2.0.0 Ok: kept{trace}\r\n".encode("ascii", "replace")


def abandon(context: Context, error: Exception, *, at_command: bool = False) -> None:
    """After a defect of ours: the transaction is gone, each who waits for a reply gets 451, the session lives on."""
    at_message = not at_command and context.state in (State.DATA, State.CHUNKS)
    count = len(_current(context).order) if at_message and context.config.kind is Kind.LMTP else 1
    context.end_transaction()
    context.framing, context.sasl, context.chunk = Framing.LINE, None, None
    if context.state is State.AUTHENTICATING:
        context.move(State.READY)
    code, data = answer_error(error, Stage.COMMAND)
    for _ in range(count):
        context.put(code, data)


def _reply_to_all(context: Context, code: int, enhanced: str, text: str) -> None:
    """Refuse the whole message; LMTP hears it once for each recipient."""
    count = len(_current(context).order) if context.config.kind is Kind.LMTP else 1
    context.end_transaction()
    for _ in range(count):
        context.reply(code, enhanced, text)


def _current(context: Context) -> Transaction:
    if context.transaction is None:
        raise RuntimeError("the dispatch table let a command through without a transaction")
    return context.transaction
