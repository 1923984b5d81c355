"""Scripts at local delivery: from parcels to what is stored where, and the letters that go out besides.

`plan` runs before the transaction that stores and settles: it reads, decides, and writes the bytes of letters.
`carry` keeps their rows inside it. A delivery that is repeated sends nothing twice: its key is kept with its letters.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings

from mailcore.directory.models import AliasTarget, Mailbox
from mailcore.filtering import answerable, answers, compiled, memory, verdicts
from mailcore.filtering.answers import Carrier, Outgoing, Owner
from mailcore.filtering.compiled import Chain
from mailcore.filtering.deciding import Decision, decide
from mailcore.filtering.folders import Folders
from mailcore.filtering.models import Script
from mailcore.kernel import flags as flag_bits
from mailcore.kernel.errors import MailError
from mailcore.kernel.ids import BlobId, MailboxId
from mailcore.queue import journey
from mailcore.queue.claims import Lease
from mailcore.queue.journey import Stage, Step
from mailcore.sieve.actions import Discard, FileInto, Keep, Notify, Redirect, Reject, Vacation
from mailcore.sieve.letter import Letter
from mailcore.sieve.world import World
from mailcore.store import blobs

from . import intake

log = logging.getLogger(__name__)

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Deposit:
    """One copy to store. `folder` "" is where mail goes without a script."""

    folder: str
    flags: int = 0
    keywords: frozenset[str] = frozenset()
    blob_id: BlobId | None = None
    """Of an edited copy; None is the message as it came."""


@dataclass(slots=True)
class Plan:
    """What is to be done with one parcel."""

    deposits: list[Deposit] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What the scripts did, in plain words, for the journey."""
    refusal: str = ""
    """Why it is refused; then nothing is stored."""
    discarded: str = ""
    """By which line, where nothing keeps it."""
    key: str = ""
    letters: list[tuple[intake.Prepared, blobs.Written]] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    """(handle, address) to be remembered."""
    decision: Decision = field(default_factory=lambda: Decision(()))


@dataclass(slots=True)
class _Case:
    """One parcel whose mailbox has scripts, while it is thought about."""

    lease: Lease
    mailbox_id: MailboxId
    owner: Owner
    own: frozenset[str]
    letter: Letter
    folders: Folders
    now: int
    outgoing: list[Outgoing] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)


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
    cases: dict[int, _Case] = {}
    for index, (lease, mailbox_id, address) in enumerate(parcels):
        if mailbox_id in chains:
            name, own = owners.get(mailbox_id, ("", frozenset()))
            own |= {answerable.fold(address), answerable.fold(lease.address)}
            case = _Case(lease, mailbox_id, Owner(address, name), own, shared[lease.blob_id], folders[mailbox_id], now)
            _decide(case, chains[mailbox_id])
            cases[index] = case
    _write_letters(list(cases.values()))
    return [cases[index].plan if index in cases else None for index in range(len(parcels))]


def carry(plans: Sequence[tuple[Plan, Lease, MailboxId]], *, now: int) -> None:
    """The rows of letters and of what scripts remember, in the caller's transaction."""
    for one, lease, mailbox_id in plans:
        memory.mark_seen(mailbox_id=mailbox_id, entry_id=lease.entry_id, seen=one.decision.seen, now=now)
        for failure in one.decision.failures:
            Script.objects.filter(pk=failure.script_id).update(failed_at=now, failed_text=f"{failure}"[:500])
        if one.letters:
            memory.mark_carried([one.key], now=now)
            intake.keep([prepared for prepared, _ in one.letters], [written for _, written in one.letters])
            for handle, address in one.answered:
                memory.mark_answered(mailbox_id=mailbox_id, handle=handle, address=address, now=now)
    journey.record([_step(text, lease, now) for one, lease, _ in plans for text in one.said])


def _step(text: str, lease: Lease, now: int) -> Step:
    return Step(lease.trace_id, now, Stage.ROUTED, "filtered", 0, text, lease.address, lease.destination, lease.message_id)


# -- one parcel -------------------------------------------------------------------------------


def _decide(case: _Case, chain: Chain) -> None:
    plan = case.plan
    try:
        plan.decision = decide(chain, case.letter, _make_world(case))
        _follow(case)
    except Exception:
        # A fault of ours must not keep mail from its owner: it is stored as if there were no script.
        log.exception("scripts failed trace=%s mailbox=%s", case.lease.trace_id, case.mailbox_id)
        plan.deposits, plan.refusal, plan.discarded = [Deposit("")], "", ""
        plan.said, plan.answered, case.outgoing = ["filters could not be run; kept"], [], []
    plan.key = f"{case.lease.entry_id}:{case.mailbox_id}"


def _make_world(case: _Case) -> World:
    lease, hostname = case.lease, settings.FACTEUR.hostname
    return World(
        sender=lease.sender,
        recipient=lease.address,
        now=datetime.fromtimestamp(case.now, UTC),
        environment={
            "domain": hostname.partition(".")[2], "host": hostname, "location": "MDA", "name": "Facteur", "phase": "during",
            "version": VERSION,
        },
        spam_percent=verdicts.spam_percent(case.letter, filing=lease.filing),
        virus_level=verdicts.virus_level(case.letter),
        mailbox_exists=case.folders.exists,
        special_use_exists=case.folders.has_use,
        was_seen=lambda handle, unique_id: memory.was_seen(
            mailbox_id=case.mailbox_id, handle=handle, unique_id=unique_id, entry_id=lease.entry_id, now=case.now
        ),
        find_script=lambda location, name: compiled.find_included(case.mailbox_id, location, name),
    )  # fmt: skip


def _follow(case: _Case) -> None:
    plan = case.plan
    edited: dict[bytes, BlobId] = {}
    for action in plan.decision.actions:
        match action:
            case Keep() | FileInto():
                plan.deposits.append(_deposit(case, action, edited))
            case Redirect():
                _redirect(case, action)
            case Reject():
                _refuse(case, action)
            case Discard():
                plan.discarded = str(action.at)
            case Vacation():
                _vacation(case, action)
            case Notify():
                _notify(case, action)
    if plan.decision.failures:
        _report_failures(case)
    if not plan.deposits and not plan.refusal and not plan.discarded and not case.outgoing:
        # Nothing keeps the message, and no line says that it may go.
        plan.deposits.append(Deposit(""))


def _deposit(case: _Case, action: Keep | FileInto, edited: dict[bytes, BlobId]) -> Deposit:
    bits, keywords = _read_flags(action.flags)
    blob_id = _edit(case, action.header, edited)
    if isinstance(action, Keep):
        if action.at is not None:
            case.plan.said.append(f"kept by {action.at}")
        # The inbox where a script says so; else where mail goes without one, which may be Junk.
        return Deposit("INBOX" if action.at is not None else "", bits, keywords, blob_id)
    folder = case.folders.find_by_use(action.special_use) or action.folder
    if not action.create and not case.folders.exists(folder):
        case.plan.said.append(f"there is no folder {folder!r} to file it in, as {action.at} says; kept in the inbox")
        return Deposit("INBOX", bits, keywords, blob_id)
    case.plan.said.append(f"filed in {folder} by {action.at}")
    return Deposit(folder, bits, keywords, blob_id)


def _edit(case: _Case, header: bytes | None, edited: dict[bytes, BlobId]) -> BlobId | None:
    if header is None:
        return None
    if header not in edited:
        edited[header] = blobs.put(case.letter.with_header(header).raw)
    return edited[header]


def _read_flags(names: Sequence[str]) -> tuple[int, frozenset[str]]:
    bits = 0
    keywords: set[str] = set()
    for name in names:
        bit = flag_bits.BY_NAME.get(name, 0)
        bits |= bit
        if not bit:
            keywords.add(name)
    return bits, frozenset(keywords)


def _refuse(case: _Case, action: Reject) -> None:
    if case.lease.filing == "junk":
        # A report would go to whoever the spam pretends to be from.
        case.plan.discarded = f"{action.at}, which refuses it, and nobody is told because it is taken for spam"
        return
    case.plan.refusal = f"5.7.1 {' '.join(action.reason.split())[:400] or 'The recipient does not take this message.'}"
    case.plan.said.append(f"refused by {action.at}")


def _redirect(case: _Case, action: Redirect) -> None:
    if answerable.fold(action.address) in case.own:
        # To oneself: it is here already, and would come back as a loop.
        case.plan.said.append(f"redirected to the mailbox itself by {action.at}; kept")
        if not any(deposit.folder in ("", "INBOX") for deposit in case.plan.deposits):
            case.plan.deposits.append(Deposit("INBOX", blob_id=_edit(case, action.header, {})))
        return
    lease = case.lease
    orcpt = lease.orcpt or f"rfc822;{lease.address}"
    carrier = Carrier(lease.sender, lease.notify, orcpt, lease.smtputf8, lease.eight_bit)
    case.outgoing.append(answers.redirect(action, case.letter, carrier=carrier, owner=case.owner))
    case.plan.said.append(f"sent on to {action.address} by {action.at}")


def _vacation(case: _Case, action: Vacation) -> None:
    sender = case.lease.sender
    own = case.own | {answerable.fold(address) for address in action.addresses}
    reason = answerable.why_not(case.letter, sender=sender, own=own)
    if not reason and case.lease.filing == "junk":
        reason = "it is taken for spam"
    handle = memory.hash_handle(action.handle or "\0".join((action.reason, action.subject, action.sender, str(action.is_mime))))
    period = memory.DEFAULT_VACATION if action.seconds is None else min(action.seconds, memory.MAX_VACATION)
    address = answerable.fold(sender)
    if not reason and memory.was_answered(mailbox_id=case.mailbox_id, handle=handle, address=address, since=case.now - period):
        reason = f"{sender} was answered already"
    letter = None if reason else answers.vacation(action, case.letter, sender=sender, owner=case.owner)
    if letter is None:
        case.plan.said.append(f"not answered, though {action.at} says so: {reason or 'the answer cannot be written'}")
        return
    case.outgoing.append(letter)
    case.plan.answered.append((handle, address))
    case.plan.said.append(f"answered by {action.at}")


def _notify(case: _Case, action: Notify) -> None:
    by_machine = any(not value.lower().startswith("no") for value in case.letter.values("auto-submitted"))
    letter = None if by_machine else answers.notify(action, case.letter, owner=case.owner)
    if letter is None:
        case.plan.said.append(f"nobody notified, though {action.at} says so: {'it was sent by a machine' if by_machine else 'unusable'}")
        return
    case.outgoing.append(letter)
    case.plan.said.append(f"notified {action.method[:200]} by {action.at}")


def _report_failures(case: _Case) -> None:
    """The owner is told once a day, and not about mail that is itself such a notice."""
    failures = case.plan.decision.failures
    case.plan.said += [f"filter failed, {failure}; kept" for failure in failures]
    handle = memory.hash_handle("failure", *sorted(str(failure.script_id) for failure in failures))
    since = case.now - memory.DAY
    if not case.lease.sender or memory.was_answered(mailbox_id=case.mailbox_id, handle=handle, address="", since=since):
        return
    case.outgoing.append(answers.failure_notice(failures, case.letter, owner=case.owner, hostname=settings.FACTEUR.hostname))
    case.plan.answered.append((handle, ""))


# -- rows around it ---------------------------------------------------------------------------


def _load_owners(mailbox_ids: set[MailboxId]) -> dict[MailboxId, tuple[str, frozenset[str]]]:
    """(name, folded addresses that lead to this mailbox and nowhere else in one step) of each."""
    rows = Mailbox.objects.filter(pk__in=mailbox_ids).values_list("pk", "user__shown_name", "address__local", "address__domain__name")
    found = {MailboxId(pk): (name or "", f"{local}@{domain}") for pk, name, local, domain in rows}
    aliases: dict[str, set[str]] = {}
    targets = AliasTarget.objects.filter(target__in=[address for _, address in found.values()])
    for target, local, domain in targets.values_list("target", "alias__local", "alias__domain__name"):
        aliases.setdefault(target, set()).add(f"{local}@{domain}")
    return {mailbox_id: (name, frozenset({address} | aliases.get(address, set()))) for mailbox_id, (name, address) in found.items()}


def _write_letters(cases: Sequence[_Case]) -> None:
    """Letters of deliveries that are not carried out yet, their bytes on disk with one flush."""
    waiting = [case for case in cases if case.outgoing]
    done = memory.is_carried([case.plan.key for case in waiting]) if waiting else set()
    batch: list[tuple[_Case, intake.Prepared]] = []
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
