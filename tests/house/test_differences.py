"""The page of what others do not do names a test for each line, and the test is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_line_has_its_test() -> None:
    rows = [line.split("|") for line in (ROOT / "docs/differences.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[1].strip() != "Facteur"]
    assert len(rows) >= 8
    for row in rows:
        path = re.fullmatch(r" `(tests/\S+\.py)` ", row[2])
        assert path and (ROOT / path[1]).is_file(), row[2]
