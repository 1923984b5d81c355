"""POSIX extended regular expressions as programs for `regexes`.

IEEE 1003.1 §9.4, with the shorthands \\d \\w \\s \\b-less dialects are written with. Counted repetitions
are unrolled, so `max_states` bounds them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CharTest = Callable[[str], bool]
Instruction = tuple[int, int, int]

ANY: Final = 0
SET: Final = 1
SPLIT: Final = 2
JUMP: Final = 3
SAVE: Final = 4
ASSERT_START: Final = 5
ASSERT_END: Final = 6
MATCH: Final = 7

MAX_REPEAT = 255
MAX_DEPTH = 50
_CLASSES: dict[str, CharTest] = {
    "alpha": str.isalpha,
    "digit": lambda char: char in "0123456789",
    "alnum": str.isalnum,
    "upper": str.isupper,
    "lower": str.islower,
    "space": str.isspace,
    "blank": lambda char: char in " \t",
    "punct": lambda char: char.isprintable() and not char.isalnum() and not char.isspace(),
    "print": str.isprintable,
    "graph": lambda char: char.isprintable() and not char.isspace(),
    "cntrl": lambda char: ord(char) < 32 or ord(char) == 127,
    "xdigit": lambda char: char in "0123456789abcdefABCDEF",
}
_SHORTHANDS: dict[str, CharTest] = {
    "d": _CLASSES["digit"],
    "s": str.isspace,
    "w": lambda char: char.isalnum() or char == "_",
}


class BadPattern(Exception):
    """The pattern is written wrong, or would be too large."""


@dataclass(frozen=True, slots=True)
class Program:
    code: list[Instruction]
    sets: list[CharTest]
    groups: int


def compile_program(pattern: str, *, ignore_case: bool, max_states: int) -> Program:
    return _Compiler(pattern, ignore_case, max_states).run()


class _Compiler:
    """Code is made as relocatable fragments: jumps within a fragment are relative to its start."""

    def __init__(self, pattern: str, ignore_case: bool, max_states: int) -> None:
        self._pattern = pattern
        self._ignore_case = ignore_case
        self._max_states = max_states
        self._position = 0
        self._depth = 0
        self._sets: list[CharTest] = []
        self._known: dict[str, int] = {}
        self.groups = 0

    def run(self) -> Program:
        body = self._read_alternatives()
        if self._position < len(self._pattern):
            raise BadPattern("a “)” without its “(”")
        whole = self._join([(SAVE, 0, 0)], body, [(SAVE, 1, 0), (MATCH, 0, 0)])
        return Program(whole, self._sets, self.groups)

    def _join(self, *fragments: list[Instruction]) -> list[Instruction]:
        out: list[Instruction] = []
        for fragment in fragments:
            shift = len(out)
            if shift + len(fragment) > self._max_states:
                raise BadPattern("the pattern is too large")
            out.extend((kind, x + shift, y + shift) if kind in (SPLIT, JUMP) else (kind, x, y) for kind, x, y in fragment)
        return out

    def _peek(self) -> str:
        return self._pattern[self._position : self._position + 1]

    def _read_alternatives(self) -> list[Instruction]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadPattern(f"groups are nested deeper than {MAX_DEPTH}")
        branches = [self._read_branch()]
        while self._peek() == "|":
            self._position += 1
            branches.append(self._read_branch())
        self._depth -= 1
        made = branches.pop()
        while branches:
            first = branches.pop()
            size = len(first)
            made = self._join([(SPLIT, 1, size + 2)], first, [(JUMP, len(made) + 1, 0)], made)
        return made

    def _read_branch(self) -> list[Instruction]:
        pieces: list[list[Instruction]] = []
        while self._peek() not in ("", "|", ")"):
            pieces.append(self._read_piece())
        return self._join(*pieces)

    def _read_piece(self) -> list[Instruction]:
        piece = self._read_atom()
        while (bounds := self._read_bounds()) is not None:
            piece = self._repeat(piece, *bounds)
        return piece

    def _read_bounds(self) -> tuple[int, int | None] | None:
        char = self._peek()
        if char and char in "*+?":
            self._position += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        following = self._pattern[self._position + 1 : self._position + 2]
        if char != "{" or not (following.isdigit() or following == ","):
            return None
        end = self._pattern.find("}", self._position)
        low, comma, high = self._pattern[self._position + 1 : end].partition(",") if end > 0 else ("x", "", "")
        if not (low or "0").isdecimal() or not (high or "0").isdecimal() or len(low) > 3 or len(high) > 3:
            raise BadPattern("a repetition is written {n}, {n,} or {n,m}")
        self._position = end + 1
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if least > MAX_REPEAT or (most is not None and not least <= most <= MAX_REPEAT):
            raise BadPattern(f"a repetition goes up to {MAX_REPEAT}, and its bounds must be in order")
        return least, most

    def _repeat(self, piece: list[Instruction], least: int, most: int | None) -> list[Instruction]:
        size = len(piece)
        if least * (size + 1) > self._max_states or (most or 0) * (size + 1) > self._max_states:
            raise BadPattern("the pattern is too large")
        parts = [piece] * least
        if most is None:
            parts.append(self._join([(SPLIT, 1, size + 2)], piece, [(JUMP, -(size + 1), 0)]))
        else:
            optional = self._join([(SPLIT, 1, size + 1)], piece)
            parts.extend([optional] * (most - least))
        return self._join(*parts)

    def _read_atom(self) -> list[Instruction]:
        char = self._peek()
        self._position += 1
        if char == "(":
            return self._read_group()
        if char == "[":
            return self._one(self._read_set())
        if char == ".":
            return [(ANY, 0, 0)]
        if char == "^":
            return [(ASSERT_START, 0, 0)]
        if char == "$":
            return [(ASSERT_END, 0, 0)]
        if char in "*+?":
            raise BadPattern(f"nothing stands before “{char}” to repeat")
        if char == "\\":
            return self._read_escape()
        return self._literal(char)

    def _read_group(self) -> list[Instruction]:
        self.groups += 1
        number = self.groups
        body = self._read_alternatives()
        if self._peek() != ")":
            raise BadPattern("a “(” without its “)”")
        self._position += 1
        return self._join([(SAVE, 2 * number, 0)], body, [(SAVE, 2 * number + 1, 0)])

    def _read_escape(self) -> list[Instruction]:
        char = self._peek()
        if not char:
            raise BadPattern("nothing stands after the last backslash")
        self._position += 1
        if char.isdigit():
            raise BadPattern("back references are not known")
        if char.lower() in _SHORTHANDS:
            test = _SHORTHANDS[char.lower()]
            return self._one(test if char.islower() else lambda one: not test(one))
        return self._literal({"n": "\n", "t": "\t", "r": "\r"}.get(char, char))

    def _literal(self, char: str) -> list[Instruction]:
        if char not in self._known:
            if self._ignore_case and char.lower() != char.upper():
                both = {char, char.lower(), char.upper()}
                self._sets.append(both.__contains__)
            else:
                self._sets.append(char.__eq__)
            self._known[char] = len(self._sets) - 1
        return [(SET, self._known[char], 0)]

    def _one(self, test: CharTest) -> list[Instruction]:
        self._sets.append(test)
        return [(SET, len(self._sets) - 1, 0)]

    def _read_set(self) -> CharTest:
        negated = self._peek() == "^"
        self._position += negated
        chars: set[str] = set()
        ranges: list[tuple[str, str]] = []
        classes: list[CharTest] = []
        is_first = True
        while self._peek() != "]" or is_first:
            is_first = False
            if self._pattern.startswith("[:", self._position):
                classes.append(self._read_class())
                continue
            low = self._read_set_char()
            if self._peek() == "-" and self._pattern[self._position + 1 : self._position + 2] not in ("", "]"):
                self._position += 1
                high = self._read_set_char()
                if high < low:
                    raise BadPattern(f"the range {low}-{high} is in the wrong order")
                ranges.append((low, high))
            else:
                chars.add(low)
        self._position += 1
        return _make_set(chars, ranges, classes, negated=negated, ignore_case=self._ignore_case)

    def _read_set_char(self) -> str:
        char = self._peek()
        if not char:
            raise BadPattern("a “[” without its “]”")
        self._position += 1
        return char

    def _read_class(self) -> CharTest:
        end = self._pattern.find(":]", self._position)
        name = self._pattern[self._position + 2 : end] if end > 0 else ""
        if name not in _CLASSES:
            raise BadPattern(f"[:{name[:20]}:] is not a class of characters")
        self._position = end + 2
        return _CLASSES[name]


def _make_set(chars: set[str], ranges: list[tuple[str, str]], classes: list[CharTest], *, negated: bool, ignore_case: bool) -> CharTest:
    def holds(char: str) -> bool:
        return char in chars or any(low <= char <= high for low, high in ranges) or any(test(char) for test in classes)

    def holds_folded(char: str) -> bool:
        return holds(char) or holds(char.lower()) or holds(char.upper())

    test = holds_folded if ignore_case else holds
    return (lambda char: not test(char)) if negated else test
