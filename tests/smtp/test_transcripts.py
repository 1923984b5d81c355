"""Each script holds whole, octet by octet, and in small pieces."""

from pathlib import Path

import pytest

from tests.transcripts.runner import load, play

from .peers import World

SCRIPTS = sorted((Path(__file__).parent.parent / "transcripts" / "smtp").glob("*.txt"))


@pytest.mark.parametrize("piece", [0, 1, 7])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(script: Path, piece: int) -> None:
    play(load(script), World(), piece=piece)
