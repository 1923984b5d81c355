"""Figures by name: from one run of a generator, and as a table of ratios."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOAD = HERE / "load"

Figures = dict[str, float]
"""Rates where the name ends in "/s", times in ms, sizes in kB."""


def generate(program: Path, *words: object, seconds: float = 1_800) -> dict[str, Any]:
    """Run one generator; the result it wrote. Raises CalledProcessError, TimeoutExpired."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as result:
        command = [sys.executable, str(program), *map(str, words), "--json", result.name]
        subprocess.run(command, check=True, timeout=seconds, stdout=subprocess.DEVNULL, cwd=LOAD)
        found: dict[str, Any] = json.loads(result.read().splitlines()[-1])
        return found


def is_rate(name: str) -> bool:
    return name.endswith("/s")


def show(ours: Sequence[Figures], theirs: Mapping[str, Sequence[Figures]]) -> None:
    """A line for each figure: the medians, and the median of the paired ratios. Above 1 means Facteur does better."""
    for name in dict.fromkeys(name for run in ours for name in run):
        mine = [run[name] for run in ours if name in run]
        line = f"{name:44s} facteur {statistics.median(mine):>12,.1f}"
        for peer, runs in theirs.items():
            values = [run[name] for run in runs if name in run]
            if not values:
                continue
            line += f"   {peer} {statistics.median(values):>12,.1f}"
            pairs = [(a, b) if is_rate(name) else (b, a) for a, b in zip(mine, values, strict=False)]
            if not name.startswith("hits") and all(b for _, b in pairs):
                line += f" ratio {statistics.median(a / b for a, b in pairs):6.2f}"
        print(line, flush=True)
