"""Which arguments a command or test takes, and binding what was written to that (RFC 5228 §2.6)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from .faults import Place, ScriptFault
from .tree import Argument, Command, Number, Strings, Tag, Test


class Unsupported(ScriptFault):
    """A word, tag or extension that is not known here, or not required: `ihave` leaves these to run time."""


class Kind(Enum):
    STRING = "a string"
    STRINGS = "a string or a list of strings"
    NUMBER = "a number"


@dataclass(frozen=True, slots=True)
class TagRule:
    value: Kind | None = None
    group: str = ""
    """Only one tag of a group may be given."""
    needs: str = ""
    """Extension; of several parted by blanks any one will do."""


Tags = dict[str, TagRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    tags: Tags = field(default_factory=dict)
    values: tuple[Kind, ...] = ()
    optional: str = ""
    """"first" or "last": that value may be left out."""
    tests: str = ""
    """"", "one" or "many"."""
    block: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """Arguments by meaning. A missing optional value is None."""

    name: str
    place: Place
    tags: dict[str, Argument | None]
    tag_places: dict[str, Place]
    values: tuple[Argument | None, ...]
    tests: tuple[Test, ...]
    block: tuple[Command, ...]

    def has(self, tag: str) -> bool:
        return tag in self.tags

    def strings(self, index: int) -> Strings:
        found = self.values[index]
        assert isinstance(found, Strings)
        return found

    def number(self, index: int) -> int:
        found = self.values[index]
        assert isinstance(found, Number)
        return found.value

    def tag_strings(self, tag: str) -> Strings | None:
        found = self.tags.get(tag)
        return found if isinstance(found, Strings) else None

    def tag_number(self, tag: str) -> int | None:
        found = self.tags.get(tag)
        return found.value if isinstance(found, Number) else None

    def chosen(self, *tags: str) -> str:
        """The one of these tags that was given, "" for none."""
        return next((tag for tag in tags if tag in self.tags), "")


Check = Callable[[str, str, Place], None]
"""(extensions, what needs them, where): raises ScriptFault where none of them is required."""


def bind(written: Command | Test, signature: Signature, check: Check) -> Bound:
    """Raises ScriptFault at the first argument that does not fit."""
    tags: dict[str, Argument | None] = {}
    places: dict[str, Place] = {}
    groups: dict[str, str] = {}
    rest = list(written.arguments)
    while rest and isinstance(rest[0], Tag):
        tag = rest.pop(0)
        assert isinstance(tag, Tag)
        rule = signature.tags.get(tag.name)
        if rule is None:
            raise Unsupported(tag.place, f"“{written.name}” knows no tag “:{tag.name}”{_known(signature)}")
        if rule.needs:
            check(rule.needs, f"“:{tag.name}”", tag.place)
        if tag.name in tags:
            raise ScriptFault(tag.place, f"“:{tag.name}” is given twice")
        if rule.group and rule.group in groups:
            raise ScriptFault(tag.place, f"“:{tag.name}” cannot be used together with “:{groups[rule.group]}”")
        groups[rule.group] = tag.name
        places[tag.name] = tag.place
        tags[tag.name] = _take_value(tag, rule.value, rest) if rule.value else None
    values = _bind_values(written, signature, rest)
    return Bound(written.name, written.place, tags, places, values, _bind_tests(written, signature), _bind_block(written, signature))


def _known(signature: Signature) -> str:
    return f"; known are {', '.join(f':{tag}' for tag in sorted(signature.tags))}" if signature.tags else ""


def _take_value(tag: Tag, kind: Kind, rest: list[Argument]) -> Argument:
    if not rest or not _fits(rest[0], kind):
        raise ScriptFault(rest[0].place if rest else tag.place, f"after “:{tag.name}” {kind.value} is expected")
    return rest.pop(0)


def _fits(argument: Argument, kind: Kind) -> bool:
    if isinstance(argument, Strings):
        return kind is Kind.STRINGS or (kind is Kind.STRING and not argument.is_list)
    return isinstance(argument, Number) and kind is Kind.NUMBER


def _bind_values(written: Command | Test, signature: Signature, rest: list[Argument]) -> tuple[Argument | None, ...]:
    kinds = list(signature.values)
    missing = signature.optional if len(rest) == len(kinds) - 1 else ""
    if missing == "first":
        kinds = kinds[1:]
    elif missing == "last":
        kinds = kinds[:-1]
    for argument, kind in zip(rest, kinds, strict=False):
        if isinstance(argument, Tag):
            raise ScriptFault(argument.place, f"“:{argument.name}” must stand before the other arguments")
        if not _fits(argument, kind):
            raise ScriptFault(argument.place, f"“{written.name}” expects {kind.value} here")
    if len(rest) > len(kinds):
        raise ScriptFault(rest[len(kinds)].place, f"“{written.name}” takes no further argument")
    if len(rest) < len(kinds):
        raise ScriptFault(written.place, f"“{written.name}” lacks an argument: {kinds[len(rest)].value} is expected")
    if missing == "first":
        return (None, *rest)
    return (*rest, None) if missing == "last" else tuple(rest)


def _bind_tests(written: Command | Test, signature: Signature) -> tuple[Test, ...]:
    if not signature.tests and written.tests:
        raise ScriptFault(written.tests[0].place, f"“{written.name}” takes no test; “;” is expected")
    if signature.tests and not written.tests:
        raise ScriptFault(written.place, f"“{written.name}” lacks a test")
    if signature.tests == "one" and len(written.tests) > 1:
        raise ScriptFault(written.tests[1].place, f"“{written.name}” takes one test; use allof or anyof for more")
    return written.tests


def _bind_block(written: Command | Test, signature: Signature) -> tuple[Command, ...]:
    if isinstance(written, Test):
        return ()
    if signature.block and written.block is None:
        raise ScriptFault(written.place, f"“{written.name}” lacks its block {{ … }}")
    if not signature.block and written.block is not None:
        raise ScriptFault(written.place, f"“{written.name}” takes no block; “;” is expected")
    return written.block or ()
