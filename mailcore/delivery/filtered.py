"""One message under the scripts of one mailbox: from their actions to deposits, letters and words for the journey.

Writes nothing but the bytes of edited copies, which must be on disk before the transaction that stores them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from django.conf import settings

from mailcore.filtering import answerable, answers, compiled, memory, verdicts
from mailcore.filtering.answers import Carrier, Outgoing, Owner
from mailcore.filtering.compiled import Chain
from mailcore.filtering.deciding import Decision, decide
from mailcore.filtering.folders import Folders
from mailcore.filtering.policy import takeover
from mailcore.kernel import flags as flag_bits
from mailcore.kernel.ids import BlobId, MailboxId
from mailcore.mime.addresses import list_mailboxes
from mailcore.queue.claims import Lease
from mailcore.sieve.actions import Discard, FileInto, Keep, Notify, Redirect, Reject, Vacation
from mailcore.sieve.letter import Letter
from mailcore.sieve.world import World
from mailcore.smtp.grammar import xtext
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
    created: list[str] = field(default_factory=list)
    """Folders that the deposits make, to be subscribed to."""
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
class Case:
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


def work_out(case: Case, chain: Chain) -> None:
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


def _make_world(case: Case) -> World:
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
        annotation=case.folders.annotation,
        was_seen=lambda handle, unique_id: memory.was_seen(
            mailbox_id=case.mailbox_id, handle=handle, unique_id=unique_id, entry_id=lease.entry_id, now=case.now
        ),
        find_script=lambda location, name: compiled.find_included(case.mailbox_id, location, name),
    )  # fmt: skip


def _follow(case: Case) -> None:
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


def _deposit(case: Case, action: Keep | FileInto, edited: dict[bytes, BlobId]) -> Deposit:
    bits, keywords = _read_flags(action.flags)
    blob_id = _edit(case, action.header, edited)
    if isinstance(action, Keep):
        if action.at is not None:
            case.plan.said.append(f"kept by {action.at}")
        # The inbox where a script says so; else where mail goes without one, which may be Junk.
        return Deposit("INBOX" if action.at is not None else "", bits, keywords, blob_id)
    folder = case.folders.find_by_use(action.special_use) or action.folder
    if not case.folders.is_possible(folder) or (not action.create and not case.folders.exists(folder)):
        case.plan.said.append(f"there is no folder {folder!r} to file it in, as {action.at} says; kept in the inbox")
        return Deposit("INBOX", bits, keywords, blob_id)
    if not case.folders.exists(folder):
        case.plan.created.append(folder)
        case.folders.add(folder)
    case.plan.said.append(f"filed in {folder} by {action.at}")
    return Deposit(folder, bits, keywords, blob_id)


def _edit(case: Case, header: bytes | None, edited: dict[bytes, BlobId]) -> BlobId | None:
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


def _refuse(case: Case, action: Reject) -> None:
    if case.lease.filing == "junk":
        # A report would go to whoever the spam pretends to be from.
        case.plan.discarded = f"{action.at}, which refuses it, and nobody is told because it is taken for spam"
        return
    reason = " ".join("".join(char if char.isprintable() else " " for char in action.reason).split())[:400]
    case.plan.refusal = f"5.7.1 {reason or 'The recipient does not take this message.'}"
    case.plan.said.append(f"refused by {action.at}")


def _redirect(case: Case, action: Redirect) -> None:
    if answerable.fold(action.address) in case.own:
        # To oneself: it is here already, and would come back as a loop.
        case.plan.said.append(f"redirected to the mailbox itself by {action.at}; kept")
        if not any(deposit.folder in ("", "INBOX") for deposit in case.plan.deposits):
            case.plan.deposits.append(Deposit("INBOX", blob_id=_edit(case, action.header, {})))
        return
    lease = case.lease
    orcpt = lease.orcpt or f"rfc822;{xtext.encode(lease.address.encode())}"
    carrier = Carrier(lease.sender, lease.notify, orcpt, lease.smtputf8, lease.eight_bit)
    hold = takeover.find_reason_of_mailbox(case.mailbox_id)
    case.outgoing.append(answers.redirect(action, case.letter, carrier=carrier, owner=case.owner, hold=hold))
    case.plan.said.append(f"sent on to {action.address} by {action.at}")


def _vacation(case: Case, action: Vacation) -> None:
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
    action = replace(action, sender=_own_sender(case, action.sender))
    letter = None if reason else answers.vacation(action, case.letter, sender=sender, owner=case.owner)
    if letter is None:
        case.plan.said.append(f"not answered, though {action.at} says so: {reason or 'the answer cannot be written'}")
        return
    case.outgoing.append(letter)
    case.plan.answered.append((handle, address))
    case.plan.said.append(f"answered by {action.at}")


def _own_sender(case: Case, written: str) -> str:
    """`:from` where it is an address of the owner, else "" for the usual one: a script may not write as somebody else."""
    found = list_mailboxes(written)
    if not written or (found and answerable.fold(found[0].address) in case.own):
        return written
    case.plan.said.append(f"{written[:200]} is not an address of this mailbox; written from {case.owner.address}")
    return ""


def _notify(case: Case, action: Notify) -> None:
    by_machine = any(not value.lower().startswith("no") for value in case.letter.values("auto-submitted"))
    action = replace(action, sender=_own_sender(case, action.sender))
    letter = None if by_machine else answers.notify(action, case.letter, owner=case.owner)
    if letter is None:
        case.plan.said.append(f"nobody notified, though {action.at} says so: {'it was sent by a machine' if by_machine else 'unusable'}")
        return
    case.outgoing.append(letter)
    case.plan.said.append(f"notified {action.method[:200]} by {action.at}")


def _report_failures(case: Case) -> None:
    """The owner is told once a day, and not about mail that is itself such a notice."""
    failures = case.plan.decision.failures
    case.plan.said += [f"filter failed, {failure}; kept" for failure in failures]
    handle = memory.hash_handle("failure", *sorted(str(failure.script_id) for failure in failures))
    since = case.now - memory.DAY
    if not case.lease.sender or memory.was_answered(mailbox_id=case.mailbox_id, handle=handle, address="", since=since):
        return
    case.outgoing.append(answers.failure_notice(failures, case.letter, owner=case.owner, hostname=settings.FACTEUR.hostname))
    case.plan.answered.append((handle, ""))
