"""Small pictures drawn on the server: numbers in, SVG attributes out. Styles and colours are the stylesheet's."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 176
LINES = 4


@dataclass(frozen=True, slots=True)
class Bar:
    kind: int
    """1 to 3: the colour."""
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bars:
    bars: tuple[Bar, ...]
    marks: tuple[str, ...]
    """Of the vertical axis, from above."""
    rules: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    line: str
    area: str
    marks: tuple[str, ...]
    rules: tuple[float, ...]


def stack(series: Sequence[Sequence[int]], *, show: Callable[[float], str] = lambda number: f"{number:,.0f}") -> Bars:
    """One bar a step, the series upon each other."""
    steps = max((len(numbers) for numbers in series), default=0)
    top = ceiling(max((sum(numbers[step] for numbers in series) for step in range(steps)), default=0))
    slot = WIDTH / max(1, steps)
    bars = []
    for step in range(steps):
        floor = float(HEIGHT)
        for kind, numbers in enumerate(series, 1):
            height = round(numbers[step] / top * HEIGHT, 1)
            if height:
                floor -= height
                bars.append(Bar(kind, round(step * slot + slot * 0.12, 1), round(floor, 1), round(slot * 0.76, 1), max(0.8, height - 1)))
    return Bars(tuple(bars), _marks(top, show), _rules())


def curve(numbers: Sequence[int], *, show: Callable[[float], str] = lambda number: f"{number:,.0f}") -> Curve:
    """One line with what lies under it."""
    top = ceiling(max(numbers, default=0))
    pace = WIDTH / max(1, len(numbers) - 1)
    points = " ".join(f"{step * pace:.1f} {HEIGHT - number / top * HEIGHT:.1f}" for step, number in enumerate(numbers))
    return Curve(f"M{points}", f"M{points} V{HEIGHT} H0Z", _marks(top, show), _rules())


def ceiling(number: float) -> float:
    """The next round number that four equal steps lead to."""
    if number <= LINES:
        return float(LINES)
    unit = 10.0 ** math.floor(math.log10(number / LINES))
    return next(LINES * unit * factor for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10) if LINES * unit * factor >= number)


def _marks(top: float, show: Callable[[float], str]) -> tuple[str, ...]:
    return tuple(show(top * (LINES - line) / LINES) for line in range(LINES + 1))


def _rules() -> tuple[float, ...]:
    return tuple(HEIGHT * line / LINES for line in range(LINES))
