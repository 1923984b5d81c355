"""What lists need now and then: posts carried on, digests made, paused members probed, old rows forgotten."""

import logging
import time
from collections.abc import Callable

from . import bouncing, digests, fanning, holding, requests

log = logging.getLogger(__name__)


def run(*, now: int | None = None) -> None:
    """Each part by itself: one that fails holds up no other."""
    at = int(time.time()) if now is None else now
    parts: tuple[Callable[..., int], ...] = (
        digests.run,
        fanning.run,
        bouncing.probe,
        holding.expire,
        requests.forget,
        digests.forget_bytes,
    )
    for part in parts:
        try:
            part(now=at)
        except Exception:
            log.exception("upkeep of lists: %s failed", part.__module__)
