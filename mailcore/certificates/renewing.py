"""The round of the clock: whatever certificate is due is obtained, and what fails is tried again later and later."""

import logging
import time

from . import answers, obtaining, orders
from .obtaining import ObtainFailed

log = logging.getLogger(__name__)


def run(*, now: int | None = None, name: str = "") -> int:
    """Try all that are due, or the one of that name; the number obtained."""
    at = int(time.time()) if now is None else now
    obtained = 0
    for due in orders.claim_due(now=at, name=name):
        try:
            material = obtaining.obtain(due.names)
        except ObtainFailed as failure:
            log.warning("no certificate for %s: %s", due.name, failure)
            orders.fail(due, str(failure), now=at)
        else:
            orders.keep(due, material)
            log.info("the certificate %s was obtained", due.name)
            obtained += 1
    answers.forget(now=at)
    return obtained
