"""Regular expressions that every Python 3.11 reads alike.

Before 3.11.5 possessive repeats of groups and atomic groups match wrongly (CPython issue 101955);
Debian 12 has 3.11.2.
"""

import ast
import re._constants as constants  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WRONG = {constants.POSSESSIVE_REPEAT, constants.ATOMIC_GROUP}


def list_operations(parsed: Any) -> Iterator[Any]:
    for operation, argument in parsed:
        yield operation
        pending = [argument]
        while pending:
            one = pending.pop()
            if isinstance(one, parser.SubPattern):
                yield from list_operations(one)
            elif isinstance(one, list | tuple):
                pending += one


def list_patterns(tree: ast.AST) -> Iterator[tuple[int, str | bytes]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args:
            try:
                found = ast.literal_eval(node.args[0])
            except ValueError:  # put together at run time
                continue
            if isinstance(found, str | bytes):
                yield node.lineno, found


def test_no_pattern_needs_a_newer_python() -> None:
    seen, wrong = 0, []
    for room in ("mailcore", "webmail", "admin_panel", "config"):
        for path in (ROOT / room).rglob("*.py"):
            for line, pattern in list_patterns(ast.parse(path.read_text())):
                seen += 1
                if WRONG & set(list_operations(parser.parse(pattern))):
                    wrong.append(f"{path.relative_to(ROOT)}:{line}")
    assert seen > 100 and not wrong


def test_what_is_looked_for_is_found() -> None:
    for pattern in (r"(?:a|b)*+c", r"x(?:(?>a+)b)?", r"[a-z]++"):
        assert WRONG & set(list_operations(parser.parse(pattern)))
    assert not WRONG & set(list_operations(parser.parse(r"(?:a|b)*c+")))
