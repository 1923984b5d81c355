"""Delivery into mailboxes here, many at once, and never twice.

The store takes a key for each delivery; a batch repeated after a crash stores nothing again.
Return-Path and Delivered-To are put before the message (RFC 5321 §4.4).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from django.db import transaction

from mailcore.kernel.ids import BlobId, MailboxId
from mailcore.lists import copies
from mailcore.queue import schedule
from mailcore.queue.claims import Lease
from mailcore.queue.settlement import Result, Verdict
from mailcore.store import writer
from mailcore.store.writer import Delivery, Outcome

from . import settling, sieving
from .sieving import Deposit, Plan

log = logging.getLogger(__name__)

INBOX = "INBOX"
MAX_KEY = 200
_DEFAULT = (Deposit(""),)
FILINGS = {"junk": "Junk"}
"""Special use wanted at the door to the folder every mailbox is made with."""


@dataclass(frozen=True, slots=True)
class Parcel:
    lease: Lease
    mailbox_id: MailboxId
    address: str
    """Canonical address of the mailbox."""


def deliver(parcels: Sequence[Parcel], *, clock: Callable[[], int], owner: str) -> None:
    """Store and settle everything given, one commit for both. Over quota is tried for three days."""
    looped = [_looped(parcel) for parcel in parcels if is_loop(parcel)]
    settling.settle(looped, now=clock(), owner=owner)
    fit = [parcel for parcel in parcels if not is_loop(parcel)]
    if fit:
        _keep(fit, clock, owner)


def is_loop(parcel: Parcel) -> bool:
    return bool(parcel.lease.delivered_to) and parcel.address.lower() in parcel.lease.delivered_to.split("\n")


def make_prefix(parcel: Parcel) -> bytes:
    if copies.is_copy(parcel.lease):
        sender = copies.sender_of(parcel.lease)
        return f"Return-Path: <{sender}>\r\nDelivered-To: {parcel.address}\r\n".encode() + copies.lines_of(parcel.lease)
    return f"Return-Path: <{parcel.lease.sender}>\r\nDelivered-To: {parcel.address}\r\n".encode()


def _keep(parcels: Sequence[Parcel], clock: Callable[[], int], owner: str) -> None:
    try:
        reported = _store(parcels, clock(), owner)
    except Exception:
        if len(parcels) > 1:
            # One message must not hold up the others: each is tried on its own.
            for parcel in parcels:
                _keep([parcel], clock, owner)
            return
        log.exception("local delivery failed trace=%s", parcels[0].lease.trace_id)
        reported = [Result(parcels[0].lease, Verdict.DEFERRED, 451, "4.3.0 The mailbox could not be written.")]
    settling.settle(reported, now=clock(), owner=owner)


def _store(parcels: Sequence[Parcel], now: int, owner: str) -> list[Result]:
    """Results that are not settled yet: a report comes with them, whose bytes are flushed before the transaction it is kept in."""
    plans = sieving.plan([(parcel.lease, parcel.mailbox_id, parcel.address) for parcel in parcels], now=now)
    deposits = [(parcel, deposit) for parcel, plan in zip(parcels, plans, strict=True) for deposit in (plan.deposits if plan else _DEFAULT)]
    shipment = writer.prepare([_delivery(parcel, deposit) for parcel, deposit in deposits])
    with transaction.atomic():
        outcomes = iter(one.outcome for one in writer.store(shipment)) if deposits else iter(())
        results = [_result(parcel, plan, outcomes) for parcel, plan in zip(parcels, plans, strict=True)]
        sieving.carry([(plan, one.lease, one.mailbox_id) for plan, one in zip(plans, parcels, strict=True) if plan is not None], now=now)
        owing = {result.lease.id for result in results if settling.owes_report(result, now=now)}
        settling.settle([result for result in results if result.lease.id not in owing], now=now, owner=owner)
    return [result for result in results if result.lease.id in owing]


def _delivery(parcel: Parcel, deposit: Deposit) -> Delivery:
    lease = parcel.lease
    folder = deposit.folder or FILINGS.get(lease.filing, INBOX)
    return Delivery(
        mailbox_id=parcel.mailbox_id,
        folder=folder,
        blob_id=deposit.blob_id or BlobId(lease.blob_id),
        # By mailbox, not by recipient: one message to a person and to an alias of theirs arrives once.
        key=_key(lease, parcel.mailbox_id, folder if deposit.folder else INBOX),
        prefix=make_prefix(parcel),
        flags=deposit.flags,
        keywords=deposit.keywords,
        internaldate=lease.received_at,
    )


def _key(lease: Lease, mailbox_id: MailboxId, folder: str) -> str:
    key = f"{lease.entry_id}:{mailbox_id}:{folder}"
    return key if len(key) <= MAX_KEY else f"{lease.entry_id}:{mailbox_id}:{sha256(folder.encode()).hexdigest()}"


def _result(parcel: Parcel, plan: Plan | None, outcomes: Iterator[Outcome]) -> Result:
    lease = parcel.lease
    mine = list(islice(outcomes, len(plan.deposits) if plan else 1))
    if Outcome.OVER_QUOTA in mine:
        give_up_at = lease.received_at + schedule.OVER_QUOTA_LIFETIME
        return Result(lease, Verdict.DEFERRED, 452, "4.2.2 The mailbox is full.", give_up_at=give_up_at)
    if plan is not None and not mine:
        return _result_of_script(lease, plan)
    place = f" as {lease.filing}" if lease.filing in FILINGS and plan is None else ""
    return Result(lease, Verdict.DELIVERED, 250, f"2.1.5 Delivered to the mailbox{place}.")


def _result_of_script(lease: Lease, plan: Plan) -> Result:
    """Of a message that a script kept in no folder."""
    if plan.refusal:
        return Result(lease, Verdict.FAILED, 550, plan.refusal)
    if plan.discarded:
        return Result(lease, Verdict.DISCARDED, 250, f"2.1.5 Discarded by {plan.discarded}.")
    return Result(lease, Verdict.EXPANDED, 250, "2.1.5 Sent on by a filter.")


def _looped(parcel: Parcel) -> Result:
    return Result(parcel.lease, Verdict.FAILED, 554, "5.4.6 This message was delivered to this mailbox before: a forwarding loop.")
