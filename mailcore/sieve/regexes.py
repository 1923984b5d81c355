"""Regular expressions that cannot run away: POSIX extended syntax, no backtracking.

The pattern becomes a Thompson automaton. Whether it matches is asked of its states as a set,
remembered as they are found; what the groups stood for is asked only after that, by threads
that each hold their captures. Both take time of text times pattern at the very most.
Where alternatives fit equally the first one written wins, not the longest.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .regexsyntax import ANY, ASSERT_END, ASSERT_START, JUMP, MATCH, SAVE, SET, SPLIT, BadPattern, Program, compile_program

__all__ = ["BadPattern", "Pattern", "compile_pattern"]

Spend = Callable[[int], None]
MAX_CACHED = 2_000


@dataclass(slots=True)
class _Known:
    """One set of states: what follows it by character, and whether it has matched."""

    states: tuple[int, ...]
    matched: bool
    at_end: bool
    following: dict[str, "_Known"]


class Pattern:
    """Found anywhere in a text, as POSIX and the Sieve draft have it."""

    def __init__(self, program: Program) -> None:
        self.groups = program.groups
        self._program = program
        self._cache: dict[tuple[int, ...], _Known] = {}
        self._first: _Known | None = None

    def matches(self, text: str, spend: Spend) -> bool:
        """`spend` is told of the work in steps and may raise to end it."""
        known = self._first
        if known is None:
            known = self._first = self._closure([0], at_start=True)
        fresh = 0
        for char in text:
            if known.matched:
                return True
            following = known.following.get(char)
            if following is None:
                fresh += len(known.states) + 1
                following = self._step(known, char)
            known = following
        spend(fresh // 8 + len(text) // 64)
        return known.matched or known.at_end

    def captures(self, text: str, spend: Spend) -> tuple[str, ...] | None:
        """The whole match and each group, "" for one that took no part; None where it does not match."""
        if not self.matches(text, spend):
            return None
        slots = self._run(text, spend)
        if slots is None:
            return None
        pairs = [(slots[2 * index], slots[2 * index + 1]) for index in range(self.groups + 1)]
        return tuple(text[start:end] if 0 <= start <= end else "" for start, end in pairs)

    def _step(self, known: _Known, char: str) -> _Known:
        code = self._program.code
        moved = [0]
        for state in known.states:
            kind, x, _ = code[state]
            if kind is ANY or (kind is SET and self._program.sets[x](char)):
                moved.append(state + 1)
        following = self._closure(moved, at_start=False)
        if len(self._cache) <= MAX_CACHED:
            known.following[char] = following
        return following

    def _closure(self, start: list[int], *, at_start: bool) -> _Known:
        """Every state reached without a character. The search may begin anywhere, hence state 0 each time."""
        code = self._program.code
        seen: set[int] = set()
        waiting = list(start)
        states: list[int] = []
        matched = False
        while waiting:
            state = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            kind, x, y = code[state]
            if kind is JUMP:
                waiting.append(x)
            elif kind is SPLIT:
                waiting += [x, y]
            elif kind is SAVE or (kind is ASSERT_START and at_start):
                waiting.append(state + 1)
            elif kind is MATCH:
                matched = True
            elif kind is not ASSERT_START:
                states.append(state)
        key = tuple(sorted(states))
        full = (-1 if at_start else -2, -1 if matched else -2, *key)
        known = self._cache.get(full)
        if known is None:
            known = _Known(key, matched, matched or self._ends(key, at_start), {})
            if len(self._cache) < MAX_CACHED:
                self._cache[full] = known
        return known

    def _ends(self, states: tuple[int, ...], at_start: bool) -> bool:
        """Whether the set matches once the text is at its end."""
        code = self._program.code
        waiting = [state + 1 for state in states if code[state][0] is ASSERT_END]
        seen: set[int] = set()
        while waiting:
            state = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            kind, x, y = code[state]
            if kind is MATCH:
                return True
            if kind is JUMP:
                waiting.append(x)
            elif kind is SPLIT:
                waiting += [x, y]
            elif kind in (SAVE, ASSERT_END) or (kind is ASSERT_START and at_start):
                waiting.append(state + 1)
        return False

    def _run(self, text: str, spend: Spend) -> list[int] | None:
        """Threads in order of preference, each with its slots; the leftmost match wins."""
        program = self._program
        best: list[int] | None = None
        threads: list[tuple[int, list[int]]] = []
        empty = [-1] * (2 * (self.groups + 1))
        for position in range(len(text) + 1):
            spend(1 + len(threads) // 4)
            seen: set[int] = set()
            current: list[tuple[int, list[int]]] = []
            for state, slots in threads:
                self._follow(state, slots, position, len(text), seen, current)
            if best is None:
                self._follow(0, empty, position, len(text), seen, current)
            threads = []
            char = text[position] if position < len(text) else ""
            for state, slots in current:
                kind, x, _ = program.code[state]
                if kind is MATCH:
                    best = slots
                    break
                if char and (kind is ANY or program.sets[x](char)):
                    threads.append((state + 1, slots))
            if best is not None and not threads:
                break
        return best

    def _follow(self, state: int, slots: list[int], position: int, end: int, seen: set[int], out: list[tuple[int, list[int]]]) -> None:
        waiting = [(state, slots)]
        while waiting:
            state, slots = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            kind, x, y = self._program.code[state]
            if kind is JUMP:
                waiting.append((x, slots))
            elif kind is SPLIT:
                waiting += [(y, slots), (x, slots)]
            elif kind is SAVE:
                slots = slots.copy()
                slots[x] = position
                waiting.append((state + 1, slots))
            elif (kind is ASSERT_START and position == 0) or (kind is ASSERT_END and position == end):
                waiting.append((state + 1, slots))
            elif kind not in (ASSERT_START, ASSERT_END):
                out.append((state, slots))


def compile_pattern(pattern: str, *, ignore_case: bool, max_states: int) -> Pattern:
    """Raises BadPattern."""
    return Pattern(compile_program(pattern, ignore_case=ignore_case, max_states=max_states))


def quote(text: str) -> str:
    """The text with everything escaped that means something in a pattern (`:quoteregex`)."""
    return re.sub(r"([][{}()|^$.*+?\\])", r"\\\1", text)
