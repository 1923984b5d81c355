"""Which scanner a setting names, and its answer as verdicts: `spamd=HOST:PORT`, `milter=/run/opendkim/opendkim.sock` …"""

import struct
from collections.abc import Callable

from ..policy.verdicts import Verdict
from ..policy.visit import Letter, Visit
from . import clamd, milter, rspamd, spamd
from .line import ScannerFailed

Scanner = Callable[[str, Visit, Letter], list[Verdict]]
SCANNERS: dict[str, Scanner] = {"spamd": spamd.scan, "clamd": clamd.scan, "rspamd": rspamd.scan, "milter": milter.scan}


def call(place: str, visit: Visit, letter: Letter) -> list[Verdict]:
    """Its verdicts; ScannerFailed where it cannot be reached, answers late or not as its protocol says."""
    kind, _, address = place.partition("=")
    scanner = SCANNERS.get(kind)
    if scanner is None or not address:
        raise ScannerFailed(f"there is no scanner {kind!r}; known are {', '.join(sorted(SCANNERS))}")
    try:
        return scanner(address, visit, letter)
    except (OSError, EOFError, ValueError, IndexError, TypeError, struct.error) as error:
        raise ScannerFailed(f"{type(error).__name__}: {error}") from error


__all__ = ["SCANNERS", "Scanner", "ScannerFailed", "call"]
