"""A .procmailrc as recipes: flags, conditions, one action each; and its assignments. Runs nothing."""

import re
from dataclasses import dataclass, field

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*(?:=\s*(.*))?\Z", re.DOTALL)
# Blanks belong to one part alone: what could be shared out in many ways would be tried in all of them.
_START = re.compile(r":(?:\s*[0-9]+)?([A-Za-z\s]*)(:.*)?\Z", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str


@dataclass(slots=True)
class Recipe:
    number: int
    """Line of its `:0`."""
    flags: str
    conditions: list[Line] = field(default_factory=list)
    action: Line | None = None
    block: "list[Recipe | Assignment] | None" = None
    """Of an action in braces."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Assignment:
    number: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A line that is neither."""

    number: int
    text: str


Item = Recipe | Assignment | Stray


def read(text: str) -> list[Item]:
    """Never raises; what cannot be understood is a Stray."""
    items, _ = _read_items(_join(text), 0, inside=False)
    return items


def expand(value: str, variables: dict[str, str]) -> tuple[str, list[str]]:
    """(the value with its variables, names that are not known)."""
    unknown: list[str] = []

    def replace(match: "re.Match[str]") -> str:
        name = match[1] or match[2]
        if name not in variables:
            unknown.append(name)
            return ""
        return variables[name]

    return _VARIABLE.sub(replace, value), unknown


def _join(text: str) -> list[Line]:
    """Lines with continuations joined, without blank ones and comments."""
    lines: list[Line] = []
    pending, start = "", 0
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        stripped = raw.strip()
        if not pending and (not stripped or stripped.startswith("#")):
            continue
        start = start if pending else number
        if raw.endswith("\\"):
            pending += raw[:-1].strip() + " "
            continue
        lines.append(Line(start, (pending + stripped).strip()))
        pending = ""
    if pending.strip():
        lines.append(Line(start, pending.strip()))
    return lines


def _read_items(lines: list[Line], position: int, *, inside: bool, depth: int = 0) -> tuple[list[Item], int]:
    items: list[Item] = []
    while position < len(lines):
        line = lines[position]
        if inside and line.text.startswith("}"):
            return items, position + 1
        if line.text.startswith(":"):
            recipe, position = _read_recipe(lines, position, depth)
            items.append(recipe)
            continue
        position += 1
        found = _ASSIGNMENT.match(line.text)
        if found is not None and (found[2] is not None or line.text.isidentifier()):
            items.append(Assignment(line.number, found[1], _unquote(found[2] or "")))
        else:
            items.append(Stray(line.number, line.text))
    return items, position


def _read_recipe(lines: list[Line], position: int, depth: int) -> tuple[Recipe | Stray, int]:
    first = lines[position]
    start = _START.match(first.text)
    if start is None:
        return Stray(first.number, first.text), position + 1
    recipe = Recipe(first.number, "".join(start[1].split()), source=first.text)
    position += 1
    while position < len(lines) and lines[position].text.startswith("*"):
        recipe.conditions.append(Line(lines[position].number, lines[position].text[1:].strip()))
        position += 1
    if position >= len(lines):
        return Stray(first.number, f"{first.text} (no action)"), position
    action = lines[position]
    if action.text.startswith("{") and depth < 20:
        rest = action.text[1:].strip()
        if rest.endswith("}"):
            inner = [Line(action.number, one) for one in (rest[:-1].strip(),) if one]
            found, position = _read_items(inner, 0, inside=False, depth=depth + 1)[0], position + 1
        else:
            head = [Line(action.number, rest)] if rest else []
            found, position = _read_items([*head, *lines[position + 1 :]], 0, inside=True, depth=depth + 1)[0], position
            position = _skip_block(lines, position)
        recipe.block = [one for one in found if isinstance(one, Recipe | Assignment)]
        return recipe, position
    recipe.action = action
    return recipe, position + 1


def _skip_block(lines: list[Line], position: int) -> int:
    """The line after the brace that closes the block opened here."""
    depth = 0
    while position < len(lines):
        text = lines[position].text
        depth += text.startswith("{") and not text.endswith("}")
        depth -= text.startswith("}")
        position += 1
        if depth <= 0:
            break
    return position


def _unquote(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return re.split(r"\s+#", value)[0].strip()
