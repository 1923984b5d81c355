"""A script as the grammar reads it, before anybody asks what its words mean (RFC 5228 §8.2)."""

from dataclasses import dataclass

from .faults import Place


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Strings:
    items: tuple[Text, ...]
    place: Place
    is_list: bool
    """Written with brackets; a list of one is not a string."""


@dataclass(frozen=True, slots=True)
class Number:
    value: int
    place: Place


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    """Lower case, without the colon."""
    place: Place


Argument = Strings | Number | Tag


@dataclass(frozen=True, slots=True)
class Test:
    __test__ = False  # pytest collects by name

    name: str
    """Lower case."""
    arguments: tuple[Argument, ...]
    tests: tuple["Test", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    """Lower case."""
    arguments: tuple[Argument, ...]
    tests: tuple[Test, ...]
    block: tuple["Command", ...] | None
    """None where the command ends with a semicolon."""
    place: Place
