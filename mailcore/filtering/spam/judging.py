"""How good the filter is on folders of messages: taught on one half, judged on the other, and the other way round. No database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailcore.kernel.errors import NotFound

from . import bayes, form, tokens
from .bayes import Counts, Teaching
from .sample import read

THRESHOLD = 5.0
_UNTAUGHT = Teaching(bayes.NOTHING, {})


@dataclass(frozen=True, slots=True)
class Figures:
    ham: int
    ham_lost: int
    spam: int
    spam_caught: int

    def __str__(self) -> str:
        lost = 100 * self.ham_lost / self.ham if self.ham else 0.0
        caught = 100 * self.spam_caught / self.spam if self.spam else 0.0
        return f"ham lost {self.ham_lost} of {self.ham} ({lost:.2f} %), spam caught {self.spam_caught} of {self.spam} ({caught:.1f} %)"


@dataclass(frozen=True, slots=True)
class _Weighed:
    hashed: Sequence[int]
    points: float


def judge(*, ham: Sequence[Path], spam: Sequence[Path], threshold: float = THRESHOLD) -> tuple[Figures, Figures]:
    """(by form alone, by form and what was learned from the other half)."""
    good, bad = [_weigh(path) for path in list_files(ham)], [_weigh(path) for path in list_files(spam)]
    alone = _count(good, bad, _UNTAUGHT, threshold)
    halves = [_count(good[1 - k :: 2], bad[1 - k :: 2], _teach(good[k::2], bad[k::2]), threshold) for k in (0, 1)]
    return alone, Figures(*(sum(getattr(half, name) for half in halves) for name in ("ham", "ham_lost", "spam", "spam_caught")))


def list_files(folders: Sequence[Path]) -> Iterator[Path]:
    """Messages, a file each, in order. NotFound for what is no folder."""
    for folder in folders:
        if not folder.is_dir():
            raise NotFound(f"{folder} is not a folder.")
        yield from sorted(path for path in folder.iterdir() if path.is_file())


def _weigh(path: Path) -> _Weighed:
    sample = read(path.read_bytes())
    return _Weighed(tokens.find_hashed(sample), sum(mark.points for mark in form.inspect(sample)))


def _teach(good: Sequence[_Weighed], bad: Sequence[_Weighed]) -> Teaching:
    summed: dict[int, list[int]] = {}
    for kind, messages in enumerate((bad, good)):
        for one in messages:
            for token in one.hashed:
                summed.setdefault(token, [0, 0])[kind] += 1
    return Teaching(Counts(len(bad), len(good)), {token: Counts(*pair) for token, pair in summed.items()})


def _count(good: Sequence[_Weighed], bad: Sequence[_Weighed], taught: Teaching, threshold: float) -> Figures:
    def is_over(one: _Weighed) -> bool:
        return one.points + bayes.judge(one.hashed, own=_UNTAUGHT, site=taught).points >= threshold

    return Figures(len(good), sum(map(is_over, good)), len(bad), sum(map(is_over, bad)))
