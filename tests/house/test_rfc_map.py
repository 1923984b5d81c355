"""Every RFC cited in the code has a row in docs/rfc/coverage.tsv, and every row says what is true of it."""

import csv
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CITATION = re.compile(r"RFC (\d{3,5})")


def _rows() -> dict[str, dict[str, str]]:
    with (ROOT / "docs/rfc/coverage.tsv").open(encoding="utf-8", newline="") as file:
        return {row["number"]: row for row in csv.DictReader(file, delimiter="\t")}


def test_cited_rfcs_are_in_the_table() -> None:
    cited: dict[str, str] = {}
    for package in ("mailcore", "webmail", "admin_panel", "config"):
        for path in (ROOT / package).rglob("*.py"):
            for number in CITATION.findall(path.read_text("utf-8")):
                cited.setdefault(number, str(path.relative_to(ROOT)))
    missing = {number: place for number, place in cited.items() if number not in _rows()}
    assert not missing


def test_rows_name_a_status_and_a_module_that_exists() -> None:
    for number, row in _rows().items():
        assert row["status"] in ("yes", "partial", "no"), number
        assert row["status"] == "no" or (ROOT / row["module"]).exists(), (number, row["module"])
