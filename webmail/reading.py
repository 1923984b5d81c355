"""What the reading pane shows of one message."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from mailcore.kernel import flags

from .access.opened import open_letter
from .access.port import Folder, Letter, Person, Row
from .desk import Desk
from .letters import clean_html, split_passages
from .rows import show_row

_PASS = re.compile(r"\b(dmarc|dkim|spf)=(pass|fail|softfail|none|temperror|permerror|neutral)\b", re.I)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the postmark says: modifier of its look, and the words."""

    modifier: str
    label: str
    results: tuple[tuple[str, str], ...] = ()


def reader_context(desk: Desk, row: Row, folders: Sequence[Folder]) -> dict[str, Any]:
    special = next((folder.special_use for folder in folders if folder.name == row.folder), "")
    raw = desk.mail.read_raw(row.folder, row.uid)
    letter = open_letter(raw, row)
    clean = clean_html(raw=raw, html=letter.html, digest=letter.digest, allow_remote=False) if letter.html else None
    return {
        "letter": letter,
        "shown": show_row(row),
        "clean": clean if clean is not None and clean.is_complete else None,
        "passages": split_passages(letter.text) if clean is None or not clean.is_complete else [],
        "files": [attachment for attachment in letter.attachments if not (attachment.is_inline and clean is not None)],
        "addressees": [*_name_all(row.recipients, desk), *(f"copy {name}" for name in _name_all(letter.cc, desk))],
        "verdict": judge(letter),
        "is_bin": special == "\\Trash",
        "is_spam": special == "\\Junk",
        "is_draft": bool(row.flags & flags.DRAFT),
    }


def judge(letter: Letter) -> Verdict:
    """Believes only the Authentication-Results that carry this host's own name (RFC 8601 §5)."""
    server, _, rest = letter.authentication.partition(";")
    if server.strip().split(" ")[0].lower() != settings.FACTEUR.hostname.lower():
        return Verdict("none", "Not verified. See this message’s journey")
    results = tuple((found[1].upper(), found[2].lower()) for found in _PASS.finditer(rest))
    verdicts = dict(results)
    if "fail" in (verdicts.get("DMARC"), verdicts.get("DKIM")):
        return Verdict("fail", "Verification failed. See this message’s journey", results)
    if verdicts.get("DMARC") == "pass" or verdicts.get("DKIM") == "pass":
        return Verdict("", "Verified. See this message’s journey", results)
    return Verdict("none", "Not signed. See this message’s journey", results)


def _name_all(people: tuple[Person, ...], desk: Desk) -> list[str]:
    own = desk.owner.person.address.casefold()
    return ["you" if person.address.casefold() == own else person.shown for person in people]
