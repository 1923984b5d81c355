"""A tree as text again: for the account of a run, and for scripts written by rules."""

import re
from collections.abc import Iterable

from .tree import Argument, Command, Number, Strings, Tag, Test

INDENT = "    "


def write_string(value: str) -> str:
    """Quoted; a string with line ends as `text:` lines."""
    value = value.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in value:
        return '"' + re.sub(r'([\\"])', r"\\\1", value) + '"'
    body = re.sub(r"^\.", "..", value, flags=re.MULTILINE)
    return f"text:\n{body}{'' if body.endswith(chr(10)) else chr(10)}.\n"


def write_strings(values: Iterable[str], *, is_list: bool = True) -> str:
    written = [write_string(value) for value in values]
    return f"[{', '.join(written)}]" if is_list or len(written) != 1 else written[0]


def write_argument(argument: Argument) -> str:
    if isinstance(argument, Tag):
        return f":{argument.name}"
    if isinstance(argument, Number):
        return str(argument.value)
    assert isinstance(argument, Strings)
    return write_strings((item.value for item in argument.items), is_list=argument.is_list)


def write_test(test: Test) -> str:
    words = [test.name, *map(write_argument, test.arguments)]
    if len(test.tests) == 1 and test.name == "not":
        words.append(write_test(test.tests[0]))
    elif test.tests:
        words.append(f"({', '.join(map(write_test, test.tests))})")
    return " ".join(words)


def write_head(command: Command) -> str:
    """The command without its block."""
    return " ".join([command.name, *map(write_argument, command.arguments), *map(write_test, command.tests)])
