"""Keep collected messages: the copy and the note that it was made, in one transaction.

Whoever dies before the commit has collected nothing; whoever comes after it finds the note. Through
the one door (`delivery.intake`) or, where a folder is named, straight to the one writer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction

from mailcore.delivery import intake
from mailcore.kernel.envelope import Origin
from mailcore.kernel.errors import BadSyntax, LimitReached, Refused
from mailcore.kernel.ids import MailboxId
from mailcore.mime.headers import Headers
from mailcore.store import blobs, writer
from mailcore.store.found import find_fault

from . import leases
from .envelopes import make_envelope
from .faults import Kind, SourceFault
from .models import Account, Collected

MARK = "X-Facteur-Collected"


@dataclass(frozen=True, slots=True)
class Letter:
    key: str
    fingerprint: str
    raw: bytes


def place(account: Account, letters: Sequence[Letter], *, address: str, peer: str, now: int) -> int:
    """Keep them all, or note why not; the number kept. SourceFault FULL where a folder takes no more."""
    fit: list[Letter] = []
    notes: list[Collected] = []
    mark = f"{account.pk}@{settings.FACTEUR.hostname}"
    for letter in letters:
        refusal = _judge(letter, mark)
        if refusal:
            notes.append(_note(account, letter, now, refusal))
        else:
            fit.append(letter)
    if account.target:
        return _into_folder(account, fit, notes, now)
    return _through_the_door(account, fit, notes, Origin(
        source="retrieval", peer=peer, helo=account.host, protocol=account.protocol.upper(), headers=(f"{MARK}: {mark}",),
    ), address, now)  # fmt: skip


def refuse(account: Account, *, key: str, fingerprint: str = "", reason: str, now: int) -> None:
    """Note that a message stays where it is."""
    with transaction.atomic():
        leases.renew(account, now=now)
        Collected.objects.bulk_create([Collected(account=account, key=key, fingerprint=fingerprint, at=now, refusal=reason[:300])])


def _judge(letter: Letter, mark: str) -> str:
    if len(letter.raw) > settings.FACTEUR.max_message_bytes:
        return "It is larger than this server takes."
    fault = find_fault(letter.raw)
    if fault:
        return f"It is no message: {fault}."
    if any(field.value.strip() == mark.encode() for field in Headers.parse(letter.raw).get_fields(MARK)):
        return "It was collected here before and goes round in a loop."
    return ""


def _through_the_door(account: Account, fit: list[Letter], notes: list[Collected], origin: Origin, address: str, now: int) -> int:
    prepared: list[intake.Prepared] = []
    for letter in fit:
        envelope = make_envelope(
            Headers.parse(letter.raw), mailbox=address, envelope_header=account.envelope_header, domain=account.domain,
            eight_bit=not letter.raw.isascii(),
        )  # fmt: skip
        try:
            ready = intake.prepare(envelope=envelope, raw=letter.raw, origin=origin, now=now)
        except (Refused, LimitReached, BadSyntax) as error:
            notes.append(_note(account, letter, now, error.public))
            continue
        # Old Delivered-To lines are the other server's, often of the very address collected for; our own mark finds loops.
        prepared.append(replace(ready, header=replace(ready.header, delivered_to=())))
        notes.append(_note(account, letter, now))
    written = intake.write(prepared)
    with transaction.atomic():
        leases.renew(account, now=now)
        Collected.objects.bulk_create(notes)
        intake.keep(prepared, written)
    return len(prepared)


def _into_folder(account: Account, fit: list[Letter], notes: list[Collected], now: int) -> int:
    blob_ids = blobs.put_many([letter.raw for letter in fit])
    shipment = writer.prepare(
        [writer.Delivery(mailbox_id=MailboxId(account.mailbox_id), folder=account.target, blob_id=blob_id, key="") for blob_id in blob_ids]
    )
    with transaction.atomic():
        leases.renew(account, now=now)
        kept = [
            _note(account, letter, now)
            for letter, result in zip(fit, writer.store(shipment) if fit else [], strict=True)
            if result.outcome is writer.Outcome.STORED
        ]
        Collected.objects.bulk_create([*notes, *kept])
    if len(kept) < len(fit):
        raise SourceFault(Kind.FULL, "The mailbox is full: what does not fit stays on the other server.")
    return len(kept)


def _note(account: Account, letter: Letter, now: int, refusal: str = "") -> Collected:
    return Collected(account=account, key=letter.key, fingerprint=letter.fingerprint, at=now, refusal=refusal[:300])
