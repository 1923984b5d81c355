"""One run for one account: look what is new, keep it here, remove there what may go.

A run is bounded in messages, bytes and time; what is left over comes in the next one. Messages are
removed there only after the transaction that keeps them here.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from mailcore.directory import mailboxes
from mailcore.kernel.errors import Deferred, MailError
from mailcore.kernel.ids import MailboxId

from . import leases, placing
from .dialling import look_up
from .faults import Kind, LeaseLost, SourceFault
from .fingerprints import fingerprint
from .models import Account, Collected
from .placing import Letter
from .sources import ImapSource, Item, Source, open_source, server_of

PER_RUN = 500
BYTES_PER_RUN = 64 << 20
SECONDS_PER_RUN = 240.0
BATCH = 25
BATCH_BYTES = 4 << 20
DAY = 86_400
LONGEST_WAIT = 6 * 3_600
LOGINS_BEFORE_PAUSE = 3


@dataclass(slots=True)
class Run:
    """What a run did; `is_complete` where nothing new was left behind."""

    collected: int = 0
    removed: int = 0
    is_complete: bool = True


def collect(account: Account, *, now: int | None = None) -> Run:
    """One run, under the lease the caller has; what happened is written to the row. LeaseLost where another run took it over."""
    at = int(time.time()) if now is None else now
    run = Run()
    try:
        _collect(account, run, at)
    except SourceFault as fault:
        _settle(account, run, at, kind=fault.kind, text=fault.public)
    except LeaseLost:
        raise
    except MailError as error:
        _settle(account, run, at, kind=Kind.BUSY if isinstance(error, Deferred) else Kind.HERE, text=error.public)
    else:
        _settle(account, run, at)
    return run


def _collect(account: Account, run: Run, now: int) -> None:
    address = mailboxes.find_address(mailbox_id=MailboxId(account.mailbox_id))
    if address is None:
        raise SourceFault(Kind.HERE, "The mailbox is gone.")
    source = open_source(account)
    try:
        _work(source, account, run, now, str(address))
        source.close()
    except BaseException:
        source.drop()
        raise


def _work(source: Source, account: Account, run: Run, now: int, address: str) -> None:
    until = time.monotonic() + SECONDS_PER_RUN
    peer = look_up(server_of(account))
    items = source.list_items()
    _follow_renumbering(source, account, items, now)
    known = set(Collected.objects.filter(account=account).values_list("key", flat=True))
    fresh = [item for item in items if item.key not in known]
    run.is_complete = len(fresh) <= PER_RUN
    for batch in _gather(source, account, fresh[:PER_RUN], run, now):
        _keep_batch(source, account, batch, run, address, peer, now)
        if time.monotonic() > until:
            run.is_complete = False
            break
    _remove_due(source, account, items, run, now)
    _forget(account, items)


def _gather(source: Source, account: Account, fresh: Sequence[Item], run: Run, now: int) -> list[list[Item]]:
    """Batches of what fits; what says of itself that it is too large is noted and stays."""
    sizes = source.read_sizes(fresh)
    batches: list[list[Item]] = []
    filled = total = 0
    for item in fresh:
        size = sizes.get(item.key)
        if size is None:
            continue
        if size > settings.FACTEUR.max_message_bytes:
            placing.refuse(account, key=item.key, reason="It is larger than this server takes.", now=now)
            continue
        total += size
        if total > BYTES_PER_RUN and batches:
            run.is_complete = False
            break
        if not batches or len(batches[-1]) == BATCH or filled + size > BATCH_BYTES:
            batches.append([])
            filled = 0
        batches[-1].append(item)
        filled += size
    return batches


def _keep_batch(source: Source, account: Account, batch: Sequence[Item], run: Run, address: str, peer: str, now: int) -> None:
    """What came before a connection broke is kept all the same."""
    letters: list[Letter] = []
    try:
        for item in batch:
            try:
                raw = source.read(item, limit=settings.FACTEUR.max_message_bytes)
            except SourceFault as fault:
                if fault.kind is Kind.TOO_MUCH:
                    # It said it was smaller. Noted, so that the next run gets past it.
                    placing.refuse(account, key=item.key, reason="It is larger than it was said to be, and than is taken here.", now=now)
                    run.is_complete = False
                raise
            if raw is not None:
                letters.append(Letter(item.key, fingerprint(raw, size=len(raw)), raw))
    finally:
        if letters:
            run.collected += placing.place(account, letters, address=address, peer=peer, now=now)


def _follow_renumbering(source: Source, account: Account, items: Sequence[Item], now: int) -> None:
    """A new UIDVALIDITY: what is here already is known by what it is, and only its key changes."""
    if not isinstance(source, ImapSource) or source.uidvalidity == account.uidvalidity:
        return
    rows = Collected.objects.filter(account=account)
    known = {row.fingerprint: row for row in rows if row.fingerprint}
    found = source.read_fingerprints(items) if known else {}
    with transaction.atomic():
        leases.renew(account, now=now)
        rows.delete()
        for key, mark in found.items():
            if mark in known:
                row = known.pop(mark)
                Collected.objects.create(account=account, key=key, fingerprint=mark, at=row.at, refusal=row.refusal)
        Account.objects.filter(pk=account.pk).update(uidvalidity=source.uidvalidity)
    account.uidvalidity = source.uidvalidity


def _remove_due(source: Source, account: Account, items: Sequence[Item], run: Run, now: int) -> None:
    if account.keep == Account.Keep.KEEP:
        return
    old_enough = now - (account.keep_days * DAY if account.keep == Account.Keep.DAYS else 0)
    due = set(Collected.objects.filter(account=account, refusal="", at__lte=old_enough).values_list("key", flat=True))
    gone = [item for item in items if item.key in due]
    if gone:
        source.remove(gone)
        run.removed = len(gone)


def _forget(account: Account, items: Sequence[Item]) -> None:
    """Notes of what lies there no more. What was removed in this run goes the next time, when its removal has shown."""
    there = {item.key for item in items}
    gone = [pk for pk, key in Collected.objects.filter(account=account).values_list("id", "key") if key not in there]
    for at in range(0, len(gone), 500):
        Collected.objects.filter(id__in=gone[at : at + 500]).delete()


def _settle(account: Account, run: Run, now: int, *, kind: Kind | None = None, text: str = "") -> None:
    streak = account.fail_streak + 1 if kind else 0
    if not run.is_complete and (kind is None or kind is Kind.TOO_MUCH):
        wait = 0
    else:
        wait = min(account.interval << min(streak, 6), max(LONGEST_WAIT, account.interval))
        wait = round(wait * random.uniform(0.95, 1.05))
    changes: dict[str, object] = {
        "next_run_at": now + wait, "fault": kind.value if kind else "", "last_text": text[:500], "fail_streak": streak,
        "last_run_at": now, "last_count": run.collected, "total": account.total + run.collected,
    }  # fmt: skip
    if kind is None:
        changes["last_ok_at"] = now
    if kind is Kind.LOGIN and account.fault == Kind.LOGIN and streak >= LOGINS_BEFORE_PAUSE:
        # More tries would only lock the account over there.
        changes["pause"] = Account.Pause.LOGIN
    if not leases.release(account, **changes):
        raise LeaseLost
