"""DATA: programs in attachments, by the end of their names; inside archives nobody looks. Setting `attachments`."""

from collections.abc import Iterator

from django.conf import settings

from ...spam.form import EXECUTABLE
from ..verdicts import Act, Verdict
from ..visit import Letter, Visit

RULE = "attachments"


def ask(_visit: Visit, letter: Letter) -> Iterator[Verdict]:
    setting = settings.FACTEUR.attachments
    if setting == "take":
        return
    for part in letter.sample.parts:
        extension = part.filename.strip(" .\"'").rpartition(".")[2].lower()
        if part.filename and extension in EXECUTABLE:
            name = part.filename[:80]
            if setting == "refuse":
                yield Verdict(Act.REFUSE, RULE, f"a program is attached: {name}", public=f"Programs are not taken here (.{extension}).")
            else:
                yield Verdict(Act.QUARANTINE, RULE, f"a program is attached: {name}")
            return
