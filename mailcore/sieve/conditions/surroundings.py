"""Tests of what is around the message.

RFC 5183 (environment), RFC 5490 §3 and §4 (mailboxexists, metadata), RFC 8579 (specialuse_exists), RFC 7352
(duplicate), RFC 5463 (ihave), RFC 5235 (spamtest, virustest), RFC 5435 §5, §6 (notify methods).
"""

from .. import tags
from ..actions import Seen
from ..compiler import Compiler, TestWord
from ..extensions import SUPPORTED
from ..faults import ScriptFault
from ..mailto import is_usable
from ..run import Condition, Run
from ..signatures import Bound, Kind, Signature, TagRule

MAX_UNIQUE_ID = 1_000


def _environment(compiler: Compiler, bound: Bound) -> Condition:
    name = compiler.string(bound.strings(0))
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(1)))

    def condition(run: Run) -> bool:
        value = run.world.environment.get(name.get(run).lower())
        return value is not None and matcher(run, [value])

    return condition


def _mailboxexists(compiler: Compiler, bound: Bound) -> Condition:
    names = compiler.strings(bound.strings(0))

    def condition(run: Run) -> bool:
        found = names.get(run)
        run.spend(10 * len(found))
        return all(run.world.mailbox_exists(name) for name in found)

    return condition


def _metadata(compiler: Compiler, bound: Bound) -> Condition:
    """`metadata` of a folder and `servermetadata`; an entry that is not there matches nothing."""
    is_server = bound.name == "servermetadata"
    folder = None if is_server else compiler.string(bound.strings(0))
    name = compiler.string(bound.strings(0 if is_server else 1))
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(1 if is_server else 2)))

    def condition(run: Run) -> bool:
        run.spend(10)
        value = run.world.annotation(folder.get(run) if folder is not None else None, name.get(run))
        return value is not None and matcher(run, [value])

    return condition


def _metadataexists(compiler: Compiler, bound: Bound) -> Condition:
    is_server = bound.name == "servermetadataexists"
    folder = None if is_server else compiler.string(bound.strings(0))
    names = compiler.strings(bound.strings(0 if is_server else 1))

    def condition(run: Run) -> bool:
        found = names.get(run)
        run.spend(10 * len(found))
        place = folder.get(run) if folder is not None else None
        return all(run.world.annotation(place, name) is not None for name in found)

    return condition


def _specialuse_exists(compiler: Compiler, bound: Bound) -> Condition:
    folder = compiler.string(bound.strings(0)) if bound.values[0] is not None else None
    uses = compiler.strings(bound.strings(1))

    def condition(run: Run) -> bool:
        found = uses.get(run)
        run.spend(10 * len(found))
        name = folder.get(run) if folder is not None else None
        return all(run.world.special_use_exists(name, use) for use in found)

    return condition


def _duplicate(compiler: Compiler, bound: Bound) -> Condition:
    def string(tag: str) -> str | None:
        written = bound.tag_strings(tag)
        return compiler.constant(written, f"“:{tag}”") if written is not None and tag == "handle" else None

    handle = string("handle") or ""
    header_written, unique_written = bound.tag_strings("header"), bound.tag_strings("uniqueid")
    header = compiler.string(header_written) if header_written is not None else None
    unique = compiler.string(unique_written) if unique_written is not None else None
    seconds, last = bound.tag_number("seconds"), bound.has("last")

    def condition(run: Run) -> bool:
        if unique is not None:
            found = unique.get(run)
        else:
            values = run.letter.values(header.get(run).lower() if header is not None else "message-id")
            found = values[0] if values else ""
        if not found:
            return False
        found = found[:MAX_UNIQUE_ID]
        run.spend(10)
        run.seen.append(Seen(handle=handle, unique_id=found, seconds=seconds, last=last))
        return run.world.was_seen(handle, found)

    return condition


def _ihave(compiler: Compiler, bound: Bound) -> Condition:
    names = compiler.strings(bound.strings(0))
    if names.constant is None:
        raise ScriptFault(names.place, "“ihave” cannot hold variables")
    known = all(name in SUPPORTED for name in names.constant)
    return lambda run: known


def _spamtest(compiler: Compiler, bound: Bound) -> Condition:
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(0)))
    as_percent = bound.has("percent")

    def condition(run: Run) -> bool:
        percent = run.world.spam_percent
        if percent is None:
            return matcher(run, ["0"])
        bounded = min(max(percent, 0.0), 100.0)
        # RFC 5235 §3.2: 0 says that nobody looked, 1 is clean, 10 surely spam.
        return matcher(run, [str(round(bounded)) if as_percent else str(1 + round(bounded * 9 / 100))])

    return condition


def _virustest(compiler: Compiler, bound: Bound) -> Condition:
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(0)))
    return lambda run: matcher(run, [str(run.world.virus_level)])


def _valid_notify_method(compiler: Compiler, bound: Bound) -> Condition:
    methods = compiler.strings(bound.strings(0))
    return lambda run: all(is_usable(method) for method in methods.get(run))


def _notify_method_capability(compiler: Compiler, bound: Bound) -> Condition:
    method, capability = compiler.string(bound.strings(0)), compiler.string(bound.strings(1))
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(2)))

    def condition(run: Run) -> bool:
        # RFC 5436 §2.3: mail cannot tell whether somebody is there.
        known = is_usable(method.get(run)) and capability.get(run).lower() == "online"
        return known and matcher(run, ["maybe"])

    return condition


_DUPLICATE_TAGS = {
    "handle": TagRule(Kind.STRING, "handle"),
    "header": TagRule(Kind.STRING, "what counts"),
    "uniqueid": TagRule(Kind.STRING, "what counts"),
    "seconds": TagRule(Kind.NUMBER, "seconds"),
    "last": TagRule(None, "last"),
}
_PERCENT = {"percent": TagRule(None, "percent", "spamtestplus")}
TESTS: dict[str, TestWord] = {
    "environment": TestWord(Signature(tags=tags.MATCH, values=(Kind.STRING, Kind.STRINGS)), _environment, "environment"),
    "mailboxexists": TestWord(Signature(values=(Kind.STRINGS,)), _mailboxexists, "mailbox"),
    "metadata": TestWord(Signature(tags=tags.MATCH, values=(Kind.STRING, Kind.STRING, Kind.STRINGS)), _metadata, "mboxmetadata"),
    "metadataexists": TestWord(Signature(values=(Kind.STRING, Kind.STRINGS)), _metadataexists, "mboxmetadata"),
    "servermetadata": TestWord(Signature(tags=tags.MATCH, values=(Kind.STRING, Kind.STRINGS)), _metadata, "servermetadata"),
    "servermetadataexists": TestWord(Signature(values=(Kind.STRINGS,)), _metadataexists, "servermetadata"),
    "specialuse_exists": TestWord(Signature(values=(Kind.STRING, Kind.STRINGS), optional="first"), _specialuse_exists, "special-use"),
    "duplicate": TestWord(Signature(tags=_DUPLICATE_TAGS), _duplicate, "duplicate"),
    "ihave": TestWord(Signature(values=(Kind.STRINGS,)), _ihave, "ihave"),
    "spamtest": TestWord(Signature(tags=tags.MATCH | _PERCENT, values=(Kind.STRING,)), _spamtest, "spamtest spamtestplus"),
    "virustest": TestWord(Signature(tags=tags.MATCH, values=(Kind.STRING,)), _virustest, "virustest"),
    "valid_notify_method": TestWord(Signature(values=(Kind.STRINGS,)), _valid_notify_method, "enotify"),
    "notify_method_capability": TestWord(
        Signature(tags=tags.MATCH, values=(Kind.STRING, Kind.STRING, Kind.STRINGS)), _notify_method_capability, "enotify"
    ),
}
