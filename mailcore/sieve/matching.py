"""Match types, comparators and keys made into one function over values.

RFC 5228 §2.7, RFC 5231 (`:count`, `:value`), RFC 5229 §3.2 (what wildcards stood for), and the
regular expressions of draft-ietf-sieve-regex.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from . import globs, regexes
from .comparators import Comparator, compare, fold
from .faults import Place, RunFault, ScriptFault
from .limits import DEFAULT
from .run import Run
from .strings import StringList

Matcher = Callable[[Run, Sequence[str]], bool]
Accept = Callable[[Run, str], bool]

RELATIONS: dict[str, Callable[[int], bool]] = {
    "gt": lambda order: order > 0,
    "ge": lambda order: order >= 0,
    "lt": lambda order: order < 0,
    "le": lambda order: order <= 0,
    "eq": lambda order: order == 0,
    "ne": lambda order: order != 0,
}
TEXT_STEP = 2_048
"""Characters that cost one step."""


@dataclass(frozen=True, slots=True)
class Match:
    type: str = "is"
    """is, contains, matches, regex, count or value."""
    comparator: Comparator = Comparator.CASEMAP
    relation: str = ""
    captures: bool = False
    """Whether wildcards are kept in the match variables."""

    def check(self, place: Place) -> None:
        if self.comparator is Comparator.NUMERIC and self.type in ("contains", "matches", "regex"):
            raise ScriptFault(place, f"“:{self.type}” cannot be used with the comparator {self.comparator.value}")


def make_matcher(match: Match, keys: StringList) -> Matcher:
    """Constant keys are prepared once; a bad regular expression among them is a ScriptFault."""
    if match.type == "count":
        return _count(match, keys)
    if keys.constant is None:
        return _late(match, keys)
    try:
        accept = _make_accept(match, keys.constant)
    except regexes.BadPattern as error:
        raise ScriptFault(keys.place, f"regular expression: {error}") from error
    cost = len(keys.constant)

    def matcher(run: Run, values: Sequence[str]) -> bool:
        for value in values:
            run.spend(cost + len(value) // TEXT_STEP)
            if accept(run, value):
                return True
        return False

    return matcher


def _late(match: Match, keys: StringList) -> Matcher:
    def matcher(run: Run, values: Sequence[str]) -> bool:
        wanted = tuple(keys.get(run))
        try:
            accept = _cached_accept(match, wanted)
        except regexes.BadPattern as error:
            raise RunFault(f"regular expression: {error}") from error
        for value in values:
            run.spend(1 + len(wanted) + len(value) // TEXT_STEP)
            if accept(run, value):
                return True
        return False

    return matcher


def _count(match: Match, keys: StringList) -> Matcher:
    holds = RELATIONS[match.relation]

    def matcher(run: Run, values: Sequence[str]) -> bool:
        count = str(len(values))
        return any(holds(compare(match.comparator, count, key)) for key in keys.get(run))

    return matcher


@lru_cache(maxsize=256)
def _cached_accept(match: Match, keys: tuple[str, ...]) -> Accept:
    return _make_accept(match, keys)


def _make_accept(match: Match, keys: tuple[str, ...]) -> Accept:
    if match.type == "value":
        return _relational(match, keys)
    if match.comparator is Comparator.NUMERIC:
        return lambda run, value: any(compare(Comparator.NUMERIC, value, key) == 0 for key in keys)
    if match.type == "matches":
        return _any_glob(match, keys)
    if match.type == "regex":
        return _any_regex(match, keys)
    folded = match.comparator is Comparator.CASEMAP
    wanted = tuple(fold(key) for key in keys) if folded else keys
    if match.type == "contains":
        return _contains(wanted, folded)
    exact = frozenset(wanted)
    return (lambda run, value: fold(value) in exact) if folded else (lambda run, value: value in exact)


def _relational(match: Match, keys: tuple[str, ...]) -> Accept:
    holds = RELATIONS[match.relation]
    return lambda run, value: any(holds(compare(match.comparator, value, key)) for key in keys)


def _contains(wanted: tuple[str, ...], folded: bool) -> Accept:
    if len(wanted) == 1:
        key = wanted[0]
        return (lambda run, value: key in fold(value)) if folded else (lambda run, value: key in value)

    def accept(run: Run, value: str) -> bool:
        text = fold(value) if folded else value
        return any(key in text for key in wanted)

    return accept


def _any_glob(match: Match, keys: tuple[str, ...]) -> Accept:
    globs_of = [globs.compile_glob(key, ignore_case=match.comparator is Comparator.CASEMAP) for key in keys]

    def accept(run: Run, value: str) -> bool:
        for glob in globs_of:
            captures = glob(value)
            if captures is not None:
                if match.captures:
                    run.scope.matches = (value, *captures)
                return True
        return False

    return accept


def _any_regex(match: Match, keys: tuple[str, ...]) -> Accept:
    ignore_case = match.comparator is Comparator.CASEMAP
    patterns = [regexes.compile_pattern(key, ignore_case=ignore_case, max_states=DEFAULT.max_regex_states) for key in keys]

    def accept(run: Run, value: str) -> bool:
        text = value[: run.limits.max_regex_text]
        for pattern in patterns:
            if not match.captures:
                if pattern.matches(text, run.spend):
                    return True
            elif (captures := pattern.captures(text, run.spend)) is not None:
                run.scope.matches = captures
                return True
        return False

    return accept
