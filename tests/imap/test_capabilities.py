"""The page of capabilities is what the table of commands says, and every claim on it has a standard and a proof."""

from pathlib import Path

import pytest

from mailcore.imap.capabilities import describe, find_note, list_claims

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_command_prints() -> None:
    page = ROOT / "docs" / "imap.md"
    assert page.read_text("utf-8") == describe(), "run: python -m mailcore.imap.capabilities > docs/imap.md"


@pytest.mark.parametrize("claim", list_claims())
def test_a_claim_has_a_standard_and_a_proof(claim: str) -> None:
    note = find_note(claim)
    coverage = {row.split("\t")[0]: row.split("\t")[2] for row in (ROOT / "docs/rfc/coverage.tsv").read_text("utf-8").splitlines()}
    for number in note.rfcs:
        assert coverage.get(str(number)) in ("yes", "partial"), number
    for name in note.proof.split():
        path = ROOT / "tests" / ("transcripts/imap" if name.endswith(".txt") else "imap") / name
        assert path.exists(), name
