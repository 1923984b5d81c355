"""What the ring starts: each account and each transfer that is due, in a thread of its own.

A slow server holds a thread and nothing else: at most so many of one host at a time, so that it
cannot take them all.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from django.db import connection
from django.db.models import QuerySet

from . import collecting, leases, transferring
from .faults import LeaseLost
from .models import Account, Remote, Transfer

log = logging.getLogger(__name__)
AT_ONCE = 24
PER_HOST = 4
_lock = threading.Lock()
_busy: Counter[str] = Counter()


def run_due(*, now: int | None = None) -> list[threading.Thread]:
    """Start what is due and return at once; the threads, for who wants to wait."""
    at = int(time.time()) if now is None else now
    return [*_start(due_accounts(at), _run_account, at), *_start(due_transfers(at), _run_transfer, at)]


def due_accounts(now: int) -> QuerySet[Account]:
    return Account.objects.filter(pause=Account.Pause.NOT, next_run_at__lte=now)


def due_transfers(now: int) -> QuerySet[Transfer]:
    return Transfer.objects.filter(state__in=(Transfer.State.WAITING, Transfer.State.RUNNING), next_run_at__lte=now)


def _start(found: "QuerySet[Account] | QuerySet[Transfer]", run: Callable[..., None], now: int) -> list[threading.Thread]:
    started = []
    with _lock:
        free = AT_ONCE - _busy.total()
        full = [host for host, count in _busy.items() if count >= PER_HOST]
        for row in leases.claim(found.exclude(host__in=full), now=now, limit=free) if free > 0 else []:
            if _busy[row.host] >= PER_HOST:
                leases.release(row)
                continue
            _busy[row.host] += 1
            started.append(threading.Thread(target=_in_thread, args=(run, row), name=f"collect {row.host}", daemon=True))
    for thread in started:
        thread.start()
    return started


def _in_thread(run: Callable[[Remote], None], row: Remote) -> None:
    try:
        run(row)
    except LeaseLost:
        log.info("%s %d at %s is another run's now", type(row).__name__, row.pk, row.host)
    except Exception:
        log.exception("%s %d at %s failed", type(row).__name__, row.pk, row.host)
        # Not at once again: what is wrong here will be wrong in a second, too.
        leases.release(row, next_run_at=int(time.time()) + 900)
    finally:
        with _lock:
            _busy[row.host] -= 1
        connection.close()


def _run_account(row: Account) -> None:
    collecting.collect(row)


def _run_transfer(row: Transfer) -> None:
    transferring.run(row)
