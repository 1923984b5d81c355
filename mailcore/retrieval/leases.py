"""Who is busy with a row: one run at a time, and a fence against a run that was thought dead."""

import os
import secrets
import socket
from typing import TypeVar

from django.db.models import Q, QuerySet

from .faults import LeaseLost
from .models import Remote

LEASE = 1_800
"""Seconds; longer than the longest single answer the meter allows."""
Row = TypeVar("Row", bound=Remote)
_HOST = socket.gethostname()


def claim(found: QuerySet[Row], *, now: int, limit: int) -> list[Row]:
    """Up to `limit` of these rows, each by one conditional UPDATE. A lease left by a dead process of this host is free."""
    claimed: list[Row] = []
    busy = Q(lease_until__gt=now) & ~Q(lease="")
    for row in found.order_by("next_run_at", "id")[: limit * 8]:
        if len(claimed) == limit:
            break
        if row.lease and row.lease_until > now and not is_orphan(row.lease):
            continue
        token = f"{_HOST[:200]}:{os.getpid()}:{secrets.token_hex(8)}"
        free = found.model._default_manager.filter(~busy | Q(lease=row.lease), pk=row.pk)
        if free.update(lease=token, lease_until=now + LEASE):
            row.lease, row.lease_until = token, now + LEASE
            claimed.append(row)
    return claimed


def renew(row: Remote, *, now: int) -> None:
    """In the transaction of what is written: LeaseLost, and so nothing, where another run has the row now."""
    mine = type(row)._default_manager.filter(pk=row.pk, lease=row.lease)
    if not mine.update(lease_until=now + LEASE):
        raise LeaseLost


def release(row: Remote, **changes: object) -> bool:
    """End the lease, with what the run leaves behind; False where it was not ours any more."""
    mine = type(row)._default_manager.filter(pk=row.pk, lease=row.lease)
    return bool(mine.update(lease="", lease_until=0, **changes))


def is_orphan(lease: str) -> bool:
    """Whether it was taken by a process of this host that is gone."""
    host, _, rest = lease.rpartition(":")[0].rpartition(":")
    if host != _HOST[:200] or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
