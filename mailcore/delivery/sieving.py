"""Scripts at local delivery: a batch of parcels before, and inside, the transaction that stores and settles it.

`plan` reads, decides, and writes the bytes of letters. `carry` keeps their rows. A delivery that is repeated sends
nothing twice: its key is kept with its letters.
"""

import logging
from collections.abc import Sequence

from mailcore.directory.models import AliasTarget, Mailbox
from mailcore.filtering import answerable, compiled, memory
from mailcore.filtering.answers import Owner
from mailcore.filtering.folders import Folders
from mailcore.filtering.models import Script
from mailcore.kernel.errors import MailError
from mailcore.kernel.ids import BlobId, MailboxId
from mailcore.queue import journey, rows
from mailcore.queue.claims import Lease
from mailcore.queue.journey import Stage, Step
from mailcore.sieve.letter import Letter
from mailcore.store import blobs, writer

from . import intake
from .filtered import Case, Deposit, Plan, work_out

log = logging.getLogger(__name__)


def plan(parcels: Sequence[tuple[Lease, MailboxId, str]], *, now: int) -> list[Plan | None]:
    """One plan for each (lease, mailbox, canonical address); None where no script runs, which costs one query a batch."""
    chains = compiled.load_chains({(mailbox_id, address.rpartition("@")[2]) for _, mailbox_id, address in parcels})
    if not chains:
        return [None] * len(parcels)
    concerned = [one for one in parcels if one[1] in chains]
    owners = _load_owners({mailbox_id for _, mailbox_id, _ in concerned})
    letters = {lease.blob_id: None for lease, _, _ in concerned}
    raws = dict(zip(letters, blobs.read_many([BlobId(one) for one in letters]), strict=True))
    shared = {blob_id: Letter(raw) for blob_id, raw in raws.items()}
    folders = {mailbox_id: Folders(mailbox_id) for _, mailbox_id, _ in concerned}
    cases: dict[int, Case] = {}
    for index, (lease, mailbox_id, address) in enumerate(parcels):
        if mailbox_id in chains:
            name, own = owners.get(mailbox_id, ("", frozenset()))
            own |= {answerable.fold(address), answerable.fold(lease.address)}
            case = Case(lease, mailbox_id, Owner(address, name), own, shared[lease.blob_id], folders[mailbox_id], now)
            work_out(case, chains[mailbox_id])
            cases[index] = case
    _write_letters(list(cases.values()))
    return [cases[index].plan if index in cases else None for index in range(len(parcels))]


def carry(plans: Sequence[tuple[Plan, Lease, MailboxId]], *, now: int) -> None:
    """The rows of letters and of what scripts remember, in the caller's transaction."""
    for one, lease, mailbox_id in plans:
        memory.mark_seen(mailbox_id=mailbox_id, entry_id=lease.entry_id, seen=one.decision.seen, now=now)
        for failure in one.decision.failures:
            Script.objects.filter(pk=failure.script_id).update(failed_at=now, failed_text=rows.storable(f"{failure}")[:500])
        if one.letters:
            memory.mark_carried([one.key], now=now)
            intake.keep([prepared for prepared, _ in one.letters], [written for _, written in one.letters])
            for handle, address in one.answered:
                memory.mark_answered(mailbox_id=mailbox_id, handle=handle, address=address, now=now)
        for folder in one.created:
            writer.set_subscribed(mailbox_id=mailbox_id, name=folder, subscribed=True)
    journey.record([_step(text, lease, now) for one, lease, _ in plans for text in one.said])


def _step(text: str, lease: Lease, now: int) -> Step:
    return Step(lease.trace_id, now, Stage.ROUTED, "filtered", 0, text, lease.address, lease.destination, lease.message_id)


def _load_owners(mailbox_ids: set[MailboxId]) -> dict[MailboxId, tuple[str, frozenset[str]]]:
    """(name, folded addresses that lead to this mailbox and nowhere else in one step) of each."""
    rows = Mailbox.objects.filter(pk__in=mailbox_ids).values_list("pk", "user__shown_name", "address__local", "address__domain__name")
    found = {MailboxId(pk): (name or "", f"{local}@{domain}") for pk, name, local, domain in rows}
    aliases: dict[str, set[str]] = {}
    targets = AliasTarget.objects.filter(target__in=[address for _, address in found.values()])
    for target, local, domain in targets.values_list("target", "alias__local", "alias__domain__name"):
        aliases.setdefault(target, set()).add(f"{local}@{domain}")
    return {mailbox_id: (name, frozenset({address} | aliases.get(address, set()))) for mailbox_id, (name, address) in found.items()}


def _write_letters(cases: Sequence[Case]) -> None:
    """Letters of deliveries that are not carried out yet, their bytes on disk with one flush."""
    waiting = [case for case in cases if case.outgoing]
    done = memory.is_carried([case.plan.key for case in waiting]) if waiting else set()
    batch: list[tuple[Case, intake.Prepared]] = []
    for case in waiting:
        if case.plan.key in done:
            continue
        # One message to a person and to an alias of theirs is answered once.
        done.add(case.plan.key)
        for outgoing in case.outgoing:
            try:
                batch.append((case, intake.prepare(envelope=outgoing.envelope, raw=outgoing.raw, origin=outgoing.origin, now=case.now)))
            except MailError as error:
                case.plan.said.append(f"a letter of the filter could not be sent: {error.public}")
                log.warning("letter of a script refused trace=%s: %s", case.lease.trace_id, error.detail)
    for (case, prepared), written in zip(batch, intake.write([one for _, one in batch]), strict=True):
        case.plan.letters.append((prepared, written))


__all__ = ["Deposit", "Plan", "carry", "plan"]
