"""What is written to others: `vacation` (RFC 5230, RFC 6131) and `notify` (RFC 5435, RFC 5436)."""

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax
from mailcore.mime import addresses

from .. import mailto
from ..actions import Notify, Vacation
from ..compiler import CommandWord, Compiler
from ..faults import RunFault, ScriptFault
from ..run import Run, Signal, Step
from ..signatures import Bound, Kind, Signature, TagRule
from ..strings import String

DAY = 86_400
MAX_SECONDS = 3_650 * DAY


def _vacation(compiler: Compiler, bound: Bound) -> Step:
    at, reason = compiler.at(bound.place), compiler.string(bound.strings(0))
    subject, sender, handle = (_tag_string(compiler, bound, tag) for tag in ("subject", "from", "handle"))
    written = bound.tag_strings("addresses")
    others = compiler.strings(written) if written is not None else None
    seconds = _seconds(bound)
    is_mime = bound.has("mime")
    if sender is not None:
        _check_sender(sender)

    def step(run: Run) -> Signal | None:
        action = Vacation(
            at=at,
            reason=reason.get(run),
            is_mime=is_mime,
            seconds=seconds,
            subject=" ".join(subject.get(run).split()) if subject else "",
            sender=_read_sender(sender.get(run)) if sender else "",
            addresses=tuple(others.get(run)) if others else (),
            handle=handle.get(run) if handle else "",
        )
        run.act(action, cancels_keep=False)
        return None

    return step


def _tag_string(compiler: Compiler, bound: Bound, tag: str) -> String | None:
    written = bound.tag_strings(tag)
    return compiler.string(written) if written is not None else None


def _seconds(bound: Bound) -> int | None:
    """RFC 5230 §4.1: at least a day; RFC 6131 §2 allows less, and 0 for every message."""
    days, seconds = bound.tag_number("days"), bound.tag_number("seconds")
    if seconds is not None:
        return min(seconds, MAX_SECONDS)
    return min(max(days, 1) * DAY, MAX_SECONDS) if days is not None else None


def _check_sender(string: String) -> None:
    if string.constant is not None:
        try:
            _read_sender(string.constant)
        except RunFault as fault:
            raise ScriptFault(string.place, fault.text) from fault


def _read_sender(text: str) -> str:
    """`Name <address>` or an address, written anew; RunFault where it is neither."""
    found = addresses.list_mailboxes(text)
    if len(found) != 1 or any(ord(char) < 32 for char in text):
        raise RunFault(f"“{text[:80]}” is not one address to send from")
    try:
        MailAddress.parse(found[0].address)
    except BadSyntax as error:
        raise RunFault(f"“{text[:80]}” is not an address to send from: {error.public}") from error
    return text.strip()


def _notify(compiler: Compiler, bound: Bound) -> Step:
    at, method = compiler.at(bound.place), compiler.string(bound.strings(0))
    message, sender, importance = (_tag_string(compiler, bound, tag) for tag in ("message", "from", "importance"))
    written = bound.tag_strings("options")
    options = compiler.strings(written) if written is not None else None
    if method.constant is not None:
        _check_method(method)
    if importance is not None and importance.constant not in (None, "1", "2", "3"):
        raise ScriptFault(importance.place, "“:importance” is 1, 2 or 3")

    def step(run: Run) -> Signal | None:
        uri = method.get(run)
        if not mailto.is_usable(uri):
            raise RunFault(f"“{uri[:80]}” cannot be notified")
        action = Notify(
            at=at,
            method=uri,
            message=message.get(run) if message else "",
            sender=_read_sender(sender.get(run)) if sender else "",
            importance=importance.get(run) if importance else "2",
            options=tuple(options.get(run)) if options else (),
        )
        run.act(action, cancels_keep=False)
        return None

    return step


def _check_method(method: String) -> None:
    try:
        mailto.parse(method.constant or "")
    except BadSyntax as error:
        raise ScriptFault(method.place, error.public) from error


_VACATION_TAGS = {
    "days": TagRule(Kind.NUMBER, "period"),
    "seconds": TagRule(Kind.NUMBER, "period", "vacation-seconds"),
    "subject": TagRule(Kind.STRING, "subject"),
    "from": TagRule(Kind.STRING, "from"),
    "addresses": TagRule(Kind.STRINGS, "addresses"),
    "mime": TagRule(None, "mime"),
    "handle": TagRule(Kind.STRING, "handle"),
}
_NOTIFY_TAGS = {
    "from": TagRule(Kind.STRING, "from"),
    "importance": TagRule(Kind.STRING, "importance"),
    "options": TagRule(Kind.STRINGS, "options"),
    "message": TagRule(Kind.STRING, "message"),
}
COMMANDS: dict[str, CommandWord] = {
    "vacation": CommandWord(Signature(tags=_VACATION_TAGS, values=(Kind.STRING,)), _vacation, "vacation vacation-seconds"),
    "notify": CommandWord(Signature(tags=_NOTIFY_TAGS, values=(Kind.STRING,)), _notify, "enotify"),
}
