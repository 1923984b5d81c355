"""What workers do when the bell rings. A task carries nothing: it looks for work in the rows."""

import os
import socket
import threading
import time
from contextlib import suppress

from django.conf import settings
from django.utils import timezone

from config.celery import app
from mailcore.archive import retention
from mailcore.archive import sweeping as archive_sweeping
from mailcore.archive.journal import pruning
from mailcore.audit import log
from mailcore.certificates import renewing
from mailcore.delivery import alarms, drain, reaping
from mailcore.directory import keys, mailboxes, throttle
from mailcore.filtering import forgetting
from mailcore.filtering.spam import training
from mailcore.history import points
from mailcore.kernel.errors import Conflict
from mailcore.lists import upkeep as lists_upkeep
from mailcore.retrieval import polling
from mailcore.store import compacting, sweeping
from mailcore.store.search.indexing import index_pending
from mailcore.trust import upkeep
from mailcore.webhooks import sending

BATCH = 200
ROUNDS = 500
"""After so many batches the worker looks at its other tasks; beat rings again."""
PAUSE = 0.02
"""Seconds between two batches that were not full: what comes meanwhile shares a commit."""
LINGER = 0.4
"""Seconds the worker looks on by itself after the last mail, longer than the bell's own gap."""
INDEX_WITHIN = 60.0
"""While mail is being delivered the index waits its turn, yet no longer than so many seconds."""
INDEX_FOR = 8.0
"""After so many seconds the index waits for the next ring."""
_OWNER = f"{socket.gethostname()}:{os.getpid()}"
_turn = threading.Lock()
_telling = threading.Lock()
_posting = threading.Lock()
_is_asked_for = threading.Event()
_indexed_at = 0.0


@app.task  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Deliver whatever is due, until nothing is.

    One thread of a process at a time: several would cut the work into small batches and stand in
    each other's way at the write lock. Who comes meanwhile leaves word and goes; mail for other
    hosts is sent in threads of its own, so a slow host holds up nobody.
    """
    _is_asked_for.set()
    while _is_asked_for.is_set() and _turn.acquire(blocking=False):
        try:
            _is_asked_for.clear()
            _drain()
        finally:
            _turn.release()


def _drain() -> None:
    look_until = 0.0
    for _ in range(ROUNDS):
        handled = drain.drain(owner=_OWNER, limit=BATCH, wait=False)
        if handled:
            look_until = time.monotonic() + LINGER
        elif time.monotonic() >= look_until:
            return
        if handled < BATCH:
            time.sleep(PAUSE)


@app.task  # type: ignore[untyped-decorator]
def index() -> None:
    """Make new messages searchable. Searches are exact without it, so deliveries go first."""
    global _indexed_at
    if _turn.locked() and time.monotonic() - _indexed_at < INDEX_WITHIN:
        return
    _indexed_at = time.monotonic()
    until = _indexed_at + INDEX_FOR
    while index_pending() and time.monotonic() < until and not _turn.locked():
        pass


@app.task  # type: ignore[untyped-decorator]
def learn() -> None:
    """Learn from what was moved into and out of Junk."""
    training.learn_new()


@app.task  # type: ignore[untyped-decorator]
def tell() -> None:
    """Write to administrators about suspected logins, and deliver webhooks; one thread of a process at a time."""
    if _telling.acquire(blocking=False):
        try:
            alarms.tell(now=int(time.time()))
            sending.deliver_due()
        finally:
            _telling.release()


@app.task  # type: ignore[untyped-decorator]
def prove() -> None:
    """Keys, policies and reports that prove mail to others, and others' to us."""
    upkeep.run()


@app.task  # type: ignore[untyped-decorator]
def post() -> None:
    """Carry posts to long lists on, make digests, look after members whose mail comes back."""
    if _posting.acquire(blocking=False):
        try:
            lists_upkeep.run()
        finally:
            _posting.release()


@app.task  # type: ignore[untyped-decorator]
def certify() -> None:
    """Obtain and renew certificates that are due."""
    renewing.run()


@app.task  # type: ignore[untyped-decorator]
def collect() -> None:
    """Start what is due at other servers, each in a thread of its own: a slow one holds up nobody."""
    polling.run_due()


@app.task  # type: ignore[untyped-decorator]
def reap() -> None:
    """Forget what is finished, old, or nobody's."""
    reaping.reap(now=int(time.time()))
    reaping.forget_journeys(now=int(time.time()))
    throttle.purge()
    mailboxes.remove_due(now=timezone.now())
    keys.forget_replays(now=timezone.now())
    log.forget()
    points.sample(now=int(time.time()))
    points.forget(now=int(time.time()))
    sending.forget()
    forgetting.forget(now=int(time.time()))
    sweeping.sweep()


@app.task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Give the room of removed mail back, a little at a time."""
    if settings.FACTEUR.sweep_percent:
        # A longer one that somebody started by hand does the same.
        with suppress(Conflict):
            compacting.sweep(percent=settings.FACTEUR.sweep_percent, now=int(time.time()))


@app.task  # type: ignore[untyped-decorator]
def retain() -> None:
    """Remove what lay in its folder, in the undelete window or in the journal for as long as it may."""
    retention.run()
    archive_sweeping.sweep()
    pruning.prune()
