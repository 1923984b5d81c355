"""SpamAssassin's daemon, over its SPAMC protocol: the message out, one line with yes or no and the score back."""

import re

from ..policy.verdicts import Act, Verdict
from ..policy.visit import Letter, Visit
from .line import Line, ScannerFailed

_SPAM = re.compile(rb"(?im)^spam:\s*(true|yes|false|no)\s*;\s*(-?[\d.]+)\s*/\s*(-?[\d.]+)")


def scan(address: str, _visit: Visit, letter: Letter) -> list[Verdict]:
    with Line(address) as line:
        line.send(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(letter.raw))
        line.send(letter.raw)
        line.end_sending()
        answer = line.read_rest()
    found = _SPAM.search(answer)
    if not answer.startswith(b"SPAMD/") or b" 0 " not in answer.split(b"\n", 1)[0] or found is None:
        raise ScannerFailed(f"spamd said {answer[:80]!r}")
    score, required = float(found[2]), float(found[3])
    # Its threshold is our five points, so that two scorers can be added up.
    points = round(5.0 * score / required, 2) if required > 0 else 0.0
    return [Verdict(Act.TAG, "spamd", f"SpamAssassin: {score:g} of {required:g}", points=points)]
