"""DATA: what scanners beside Facteur say (setting `scanners`). One that fails says so in the journey, or puts the message off."""

import logging
from collections.abc import Iterator

from django.conf import settings

from ...scanners import calling
from ...scanners.calling import ScannerFailed
from ..verdicts import Act, Verdict
from ..visit import Addressee, Letter, Visit

log = logging.getLogger(__name__)
RULE = "scanners"


def ask(visit: Visit, letter: Letter) -> Iterator[Verdict]:
    for place in settings.FACTEUR.scanners:
        try:
            yield from calling.call(place, visit, letter)
        except ScannerFailed as failure:
            log.warning("scanner %s failed: %s", place, failure)
            if settings.FACTEUR.scanner_failure == "defer":
                yield Verdict(
                    Act.GREYLIST, RULE, f"{place} failed: {failure}", public="The message could not be examined; try again later."
                )
                return
            yield Verdict(Act.TAG, RULE, f"{place} failed: {failure}")


def of_addressee(_visit: Visit, letter: Letter, addressee: Addressee) -> Iterator[Verdict]:
    """A milter's no to one recipient of several."""
    if addressee.address in letter.refused_for:
        said = letter.refused_for[addressee.address]
        # The message has been taken for others: now it cannot be put off for this one alone.
        yield Verdict(Act.REFUSE, said.rule, said.words, public=said.public)
