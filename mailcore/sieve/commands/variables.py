"""`set` with its modifiers, `string`, and `global` (RFC 5229 §4, §5; RFC 6609 §3.4)."""

from collections.abc import Callable
from urllib.parse import quote

from .. import regexes, tags
from ..compiler import CommandWord, Compiler, TestWord
from ..faults import RunFault, ScriptFault
from ..run import Condition, Run, Signal, Step
from ..signatures import Bound, Kind, Signature, TagRule, Tags
from ..strings import IDENTIFIER
from ..tree import Strings

Modifier = Callable[[str], str]


def _quote_wildcards(value: str) -> str:
    return "".join(f"\\{char}" if char in "*?\\" else char for char in value)


MODIFIERS: tuple[tuple[str, str, str, Modifier], ...] = (
    ("lower", "case", "", str.lower),
    ("upper", "case", "", str.upper),
    ("lowerfirst", "first letter", "", lambda value: value[:1].lower() + value[1:]),
    ("upperfirst", "first letter", "", lambda value: value[:1].upper() + value[1:]),
    ("quotewildcard", "quoting", "", _quote_wildcards),
    ("quoteregex", "quoting", "regex", regexes.quote),
    ("encodeurl", "encoding", "enotify", lambda value: quote(value, safe="-._~")),
    ("length", "length", "", lambda value: str(len(value))),
)
"""(tag, group, extension, effect) in the order they apply: highest precedence first (RFC 5229 §4.1)."""
MODIFIER_TAGS: Tags = {tag: TagRule(None, group, needs) for tag, group, needs, _ in MODIFIERS}


def make_modifier(bound: Bound) -> Modifier:
    chosen = [effect for tag, _, _, effect in MODIFIERS if bound.has(tag)]

    def modify(value: str) -> str:
        for effect in chosen:
            value = effect(value)
        return value

    return modify


def check_name(compiler: Compiler, strings: Strings) -> str:
    """The constant name of a variable that can be set; raises ScriptFault."""
    name = compiler.constant(strings, "the name of a variable")
    bare = name
    if name.lower().startswith("global."):
        compiler.need("include", "the namespace “global”", strings.place)
        bare = name[7:]
    if not IDENTIFIER.match(bare):
        raise ScriptFault(strings.place, f"“{name[:60]}” is not the name of a variable")
    return name


def _set(compiler: Compiler, bound: Bound) -> Step:
    name = check_name(compiler, bound.strings(0))
    value, modify = compiler.string(bound.strings(1)), make_modifier(bound)

    def step(run: Run) -> Signal | None:
        run.set_variable(name, modify(value.get(run)))
        return None

    return step


def _string(compiler: Compiler, bound: Bound) -> Condition:
    sources = compiler.strings(bound.strings(0))
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(1)))
    is_count = bound.has("count")

    def condition(run: Run) -> bool:
        found = sources.get(run)
        # RFC 5229 §5: empty strings are not counted.
        return matcher(run, [one for one in found if one] if is_count else found)

    return condition


def _global(compiler: Compiler, bound: Bound) -> Step:
    compiler.need("variables", "“global”", bound.place)
    names = [item.constant for item in compiler.strings(bound.strings(0)).items]
    if any(name is None or not IDENTIFIER.match(name) for name in names):
        raise ScriptFault(bound.strings(0).place, "“global” takes names of variables")

    def step(run: Run) -> Signal | None:
        for name in names:
            key = (name or "").lower()
            if key in run.scope.variables:
                raise RunFault(f"the variable “{name}” is used before it is declared global")
            run.scope.globals.add(key)
        return None

    return step


COMMANDS: dict[str, CommandWord] = {
    "set": CommandWord(Signature(tags=MODIFIER_TAGS, values=(Kind.STRING, Kind.STRING)), _set, "variables"),
    "global": CommandWord(Signature(values=(Kind.STRINGS,)), _global, "include"),
}
TESTS: dict[str, TestWord] = {
    "string": TestWord(Signature(tags=tags.MATCH, values=(Kind.STRINGS, Kind.STRINGS)), _string, "variables"),
}
