"""Flags of the copy that is kept: `setflag`, `addflag`, `removeflag`, `hasflag` and `:flags` (RFC 5232)."""

import re
from collections.abc import Callable, Iterable, Sequence

from .. import tags
from ..compiler import CommandWord, Compiler, TestWord
from ..run import Condition, Run, Signal, Step
from ..signatures import Bound, Kind, Signature
from ..strings import StringList, make_list, make_string
from ..tree import Text
from .variables import check_name

SYSTEM = {name.lower(): name for name in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")}
_KEYWORD = re.compile(r"[!#-&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~$]{1,100}\Z")
MAX_FLAGS = 100


def normalise(written: Iterable[str]) -> list[str]:
    """Each flag once, in the order written; what no flag can be is left out (RFC 5232 §2)."""
    found: dict[str, str] = {}
    for text in written:
        for word in text.split():
            flag = SYSTEM.get(word.lower(), word)
            if len(found) < MAX_FLAGS and (flag in SYSTEM.values() or _KEYWORD.match(flag)):
                found.setdefault(flag.lower(), flag)
    return list(found.values())


def read_flags(compiler: Compiler, bound: Bound) -> Callable[[Run], tuple[str, ...]]:
    """Flags of an action: those of `:flags`, else those set so far (§5)."""
    written = bound.tag_strings("flags")
    if written is None:
        return lambda run: tuple(run.flags)
    flags = compiler.strings(written)
    if flags.constant is not None:
        constant = tuple(normalise(flags.constant))
        return lambda run: constant
    return lambda run: tuple(normalise(flags.get(run)))


def _change(change: Callable[[list[str], list[str]], list[str]]) -> Callable[[Compiler, Bound], Step]:
    def compile_change(compiler: Compiler, bound: Bound) -> Step:
        name = _variable(compiler, bound)
        flags = compiler.strings(bound.strings(1))

        def step(run: Run) -> Signal | None:
            given = normalise(flags.get(run))
            if name is None:
                run.flags = change(run.flags, given)
            else:
                run.set_variable(name, " ".join(change(normalise([run.get_variable(name)]), given)))
            return None

        return step

    return compile_change


def _variable(compiler: Compiler, bound: Bound) -> str | None:
    if bound.values[0] is None:
        return None
    strings = bound.strings(0)
    compiler.need("variables", "naming a variable of flags", strings.place)
    return check_name(compiler, strings)


def _without(flags: list[str], removed: list[str]) -> list[str]:
    gone = {flag.lower() for flag in removed}
    return [flag for flag in flags if flag.lower() not in gone]


def _hasflag(compiler: Compiler, bound: Bound) -> Condition:
    names: StringList | None = None
    if bound.values[0] is not None:
        compiler.need("variables", "naming variables of flags", bound.strings(0).place)
        names = compiler.strings(bound.strings(0))
    matcher = compiler.matcher(bound, _keys(compiler, bound))

    def values(run: Run) -> Sequence[str]:
        return run.flags if names is None else normalise([run.get_variable(name) for name in names.get(run)])

    return lambda run: matcher(run, values(run))


def _keys(compiler: Compiler, bound: Bound) -> StringList:
    """§4: for whole flags, "a b" is the same as ["a", "b"]."""
    keys = compiler.strings(bound.strings(1))
    if keys.constant is None or bound.chosen("contains", "matches", "regex", "count", "value"):
        return keys
    words = [word for key in keys.constant for word in key.split()]
    return make_list([make_string(Text(word, keys.place), variables=False, encoded=False) for word in words], keys.place)


_SIGNATURE = Signature(values=(Kind.STRING, Kind.STRINGS), optional="first")
COMMANDS: dict[str, CommandWord] = {
    "setflag": CommandWord(_SIGNATURE, _change(lambda old, given: given), "imap4flags"),
    "addflag": CommandWord(_SIGNATURE, _change(lambda old, given: normalise([*old, *given])), "imap4flags"),
    "removeflag": CommandWord(_SIGNATURE, _change(_without), "imap4flags"),
}
TESTS: dict[str, TestWord] = {
    "hasflag": TestWord(Signature(tags=tags.MATCH, values=(Kind.STRINGS, Kind.STRINGS), optional="first"), _hasflag, "imap4flags"),
}
