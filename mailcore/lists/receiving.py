"""Recipients that are lists, taken from the queue: what is asked is found by the address, done, and settled.

The rows of what is done and the settlement are one transaction. Whatever fails leaves the recipient in the queue.
"""

import logging
from collections.abc import Callable, Sequence

from django.db import transaction

from mailcore.delivery import settling
from mailcore.kernel.errors import MailError, NotFound, Throttled
from mailcore.kernel.ids import BlobId
from mailcore.queue import journey
from mailcore.queue.claims import Lease
from mailcore.queue.journey import Stage, Step
from mailcore.queue.settlement import Result, Verdict
from mailcore.store import blobs

from . import bouncing, commands, fanning, posting, register
from .taking import Taken

log = logging.getLogger(__name__)

Arrival = tuple[Lease, str, str]
"""(the lease, the address it was found under, what stood after `+`)"""
SOON = 4
"""Batches that are sent on at once; a longer list is carried on when the worker looks at its other tasks."""


def receive(arrivals: Sequence[Arrival], *, clock: Callable[[], int], owner: str) -> None:
    for lease, address, detail in arrivals:
        now = clock()
        try:
            _settle(_take(lease, address, detail, now), now, owner)
        except Throttled as error:
            # Not returned: reports of refused requests are what a flood would be made of.
            _settle(Taken(Result(lease, Verdict.DISCARDED, 250, f"Not done: {error.public}")), now, owner)
        except MailError as error:
            _settle(Taken(Result(lease, Verdict.FAILED, 550, f"5.7.1 {error.public}")), now, owner)
        except Exception:
            log.exception("a list could not take a message trace=%s", lease.trace_id)
            _settle(Taken(Result(lease, Verdict.DEFERRED, 451, "4.3.0 The list could not take the message.")), now, owner)
    fanning.run(now=clock(), rounds=SOON)


def _take(lease: Lease, address: str, detail: str, now: int) -> Taken:
    name = address if not detail else address.replace(f"+{detail}@", "@")
    try:
        row = register.get(address=name)
    except NotFound:
        return Taken(Result(lease, Verdict.FAILED, 550, "5.1.1 There is no such list here."))
    raw = blobs.read(BlobId(lease.blob_id))
    command, _, token = detail.partition("+")
    if not command:
        return posting.take(row, lease, raw, now=now)
    if command == "bounces":
        return bouncing.take(row, lease, raw, token, now=now)
    return commands.take(row, lease, raw, command, token)


def _settle(taken: Taken, now: int, owner: str) -> None:
    if taken.keep is None:
        settling.settle([taken.result], now=now, owner=owner)
        return
    with transaction.atomic():
        if not settling.settle([taken.result], now=now, owner=owner):
            return
        if taken.holds:
            lease = taken.result.lease
            journey.record(
                [Step(lease.trace_id, now, Stage.HELD, "held", 0, taken.result.text, lease.address, lease.destination, lease.message_id)]
            )
        taken.keep()
