"""One run for one account that moves here: folder by folder, in windows of bounded bytes.

Each window's messages and the notes that they are here are one transaction, so a run that is killed
goes on where it was, and one that is repeated brings only what is new and the flags that changed there.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from django.conf import settings
from django.db import transaction

from mailcore import sealing
from mailcore.kernel.errors import Conflict, MailError
from mailcore.kernel.flags import join_keywords
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import FlagMode
from mailcore.store import blobs, folders, writer

from . import leases
from .faults import Kind, LeaseLost, SourceFault
from .fingerprints import fingerprint
from .foldernames import Place, make_unique
from .imapside import Imap, Row
from .models import Transfer, TransferFolder, TransferMessage
from .sources import PURPOSE, server_of
from .transfers import make_plan

WINDOW_BYTES = 4 << 20
WINDOW = 200
FLAG_WINDOW = 500
TRIES = 8
FIRST_WAIT = 60
_HOPELESS = frozenset({Kind.LOGIN, Kind.CERTIFICATE, Kind.SECURITY, Kind.FORBIDDEN})


def run(transfer: Transfer) -> None:
    """Until all is here or something stands in the way, which the row then says. LeaseLost where another run has it, or it was stopped."""
    now = int(time.time())
    with transaction.atomic():
        leases.renew(transfer, now=now)
        Transfer.objects.filter(pk=transfer.pk).update(state=Transfer.State.RUNNING, last_run_at=now)
        if transfer.state != Transfer.State.RUNNING:
            _begin_anew(transfer)
    try:
        _bring(transfer)
    except SourceFault as fault:
        _give_up(transfer, fault.kind, fault.public)
    except LeaseLost:
        raise
    except MailError as error:
        _give_up(transfer, Kind.HERE, error.public)
    else:
        _finish(transfer)


def _begin_anew(transfer: Transfer) -> None:
    """Counters are those of one run; what was refused is tried again."""
    rows = TransferFolder.objects.filter(transfer=transfer)
    rows.update(is_done=False, copied=0, already=0, changed=0, refused=0)
    TransferMessage.objects.filter(folder__in=rows).exclude(refusal="").delete()


def _open(transfer: Transfer) -> Imap:
    secret = sealing.unseal(transfer.sealed_secret, purpose=PURPOSE)
    return Imap(server_of(transfer), login=transfer.login, secret=secret, login_as=transfer.login_as)


def _bring(transfer: Transfer) -> None:
    mailbox_id = MailboxId(transfer.mailbox_id)
    writer.ensure_defaults(mailbox_id=mailbox_id)
    client = _open(transfer)
    try:
        subscribed = client.list_subscribed()
        rows = _note_folders(transfer, make_plan(client, mailbox_id=mailbox_id, excluded=transfer.excluded.split("\n")))
        for row in rows:
            if not row.note and not row.is_done:
                client = _Folder(transfer, row, client).bring(is_subscribed=row.source.encode("latin-1") in subscribed)
        client.close()
    finally:
        client.drop()


def _note_folders(transfer: Transfer, places: Sequence[Place]) -> list[TransferFolder]:
    """A row for each; one that was brought before stays where it is."""
    with transaction.atomic():
        leases.renew(transfer, now=int(time.time()))
        known = {row.source: row for row in TransferFolder.objects.filter(transfer=transfer)}
        taken = {row.target.casefold() for row in known.values() if row.target}
        for place in places:
            source = place.remote.raw.decode("latin-1")[:2000]
            row = known.get(source)
            if row is None:
                target = make_unique(place.target, taken) if place.target else ""
                TransferFolder.objects.create(transfer=transfer, source=source, shown=place.shown, target=target, note=place.note)
            elif row.note != place.note:
                target = row.target or (make_unique(place.target, taken) if place.target else "")
                TransferFolder.objects.filter(pk=row.pk).update(note=place.note, target=target)
    return list(TransferFolder.objects.filter(transfer=transfer).order_by("id"))


class _Folder:
    """One folder in one run."""

    def __init__(self, transfer: Transfer, row: TransferFolder, client: Imap) -> None:
        self.transfer, self.row, self.client = transfer, row, client
        self.mailbox_id = MailboxId(transfer.mailbox_id)

    def bring(self, *, is_subscribed: bool) -> Imap:
        """The connection to go on with, a new one where the old had to be given up."""
        raw = self.row.source.encode("latin-1")
        try:
            uidvalidity, _ = self.client.select(raw, readonly=True)
        except SourceFault as fault:
            if fault.kind is not Kind.NO_FOLDER:
                raise
            self._update(note=fault.public[:300])
            return self.client
        folder_id = self._make_here(is_subscribed)
        uids = self.client.list_uids()
        if self.row.uidvalidity not in (0, uidvalidity):
            self._follow_renumbering(uids)
        self._update(uidvalidity=uidvalidity, there=len(uids))
        known = set(TransferMessage.objects.filter(folder=self.row, refusal="").values_list("uid", flat=True))
        present = [uid for uid in uids if uid in known]
        self._update(already=len(present) - self.row.copied)
        self._follow_flags(folder_id, present)
        for window in self._gather([uid for uid in uids if uid not in known]):
            self._copy(raw, window)
        self._update(is_done=True, here=folders.get_folder_by_id(self.mailbox_id, folder_id).messages)
        return self.client

    def _make_here(self, is_subscribed: bool) -> FolderId:
        with suppress(Conflict):  # It is there, which is all that is wanted.
            writer.create_folder(mailbox_id=self.mailbox_id, name=self.row.target)
        if is_subscribed:
            writer.set_subscribed(mailbox_id=self.mailbox_id, name=self.row.target, subscribed=True)
        return FolderId(folders.get_folder(self.mailbox_id, self.row.target).pk)

    def _update(self, **changes: object) -> None:
        with transaction.atomic():
            leases.renew(self.transfer, now=int(time.time()))
            TransferFolder.objects.filter(pk=self.row.pk).update(**changes)
        for name, value in changes.items():
            setattr(self.row, name, value)

    def _follow_renumbering(self, uids: Sequence[int]) -> None:
        """A new UIDVALIDITY (RFC 3501 §2.3.1.1): what is here is known by Message-ID and size, and only its UID changes."""
        rows: dict[str, list[TransferMessage]] = {}
        for row in TransferMessage.objects.filter(folder=self.row, refusal="").order_by("uid"):
            rows.setdefault(row.fingerprint, []).append(row)
        kept: list[TransferMessage] = []
        for uid, size, header in self.client.read_headers(uids):
            alike = rows.get(fingerprint(header, size=size))
            if alike:
                row = alike.pop(0)
                row.pk, row.uid = None, uid
                kept.append(row)
        with transaction.atomic():
            leases.renew(self.transfer, now=int(time.time()))
            TransferMessage.objects.filter(folder=self.row).delete()
            TransferMessage.objects.bulk_create(kept, batch_size=500)

    def _follow_flags(self, folder_id: FolderId, uids: Sequence[int]) -> None:
        """Flags that changed there since they were last seen change here; what was changed here stays as it is."""
        for at in range(0, len(uids), FLAG_WINDOW):
            window = uids[at : at + FLAG_WINDOW]
            seen = {one.uid: one for one in TransferMessage.objects.filter(folder=self.row, uid__in=window)}
            groups: dict[tuple[int, frozenset[str]], list[TransferMessage]] = {}
            for row in self.client.read_rows(window):
                one = seen[row.uid]
                if (one.flags, one.keywords) != (row.flags, join_keywords(row.keywords)):
                    groups.setdefault((row.flags, row.keywords), []).append(one)
            if groups:
                self._set_flags(folder_id, groups)

    def _set_flags(self, folder_id: FolderId, groups: dict[tuple[int, frozenset[str]], list[TransferMessage]]) -> None:
        with transaction.atomic():
            leases.renew(self.transfer, now=int(time.time()))
            for (flags, keywords), rows in groups.items():
                writer.store_flags(
                    mailbox_id=self.mailbox_id, folder_id=folder_id, uids=[row.local_uid for row in rows], mode=FlagMode.REPLACE,
                    flags=flags, keywords=keywords,
                )  # fmt: skip
                TransferMessage.objects.filter(pk__in=[row.pk for row in rows]).update(flags=flags, keywords=join_keywords(keywords))
            self.row.changed += sum(map(len, groups.values()))
            TransferFolder.objects.filter(pk=self.row.pk).update(changed=self.row.changed)

    def _gather(self, uids: Sequence[int]) -> Iterator[list[Row]]:
        """Windows of what is to be fetched at once; what is too large is noted."""
        window: list[Row] = []
        filled = 0
        for at in range(0, len(uids), FLAG_WINDOW):
            for row in list(self.client.read_rows(uids[at : at + FLAG_WINDOW])):
                if row.size > settings.FACTEUR.max_message_bytes:
                    self._refuse(row, "It is larger than this server takes.")
                    continue
                if window and (len(window) == WINDOW or filled + row.size > WINDOW_BYTES):
                    yield window
                    window, filled = [], 0
                window.append(row)
                filled += row.size
        if window:
            yield window

    def _copy(self, raw: bytes, window: list[Row]) -> None:
        """One window. A server that sends more than it said is asked for each message alone, over a new connection."""
        try:
            found = self.client.read_messages([row.uid for row in window], limit=sum(row.size for row in window) + (len(window) << 10))
        except SourceFault as fault:
            if fault.kind is not Kind.TOO_MUCH:
                raise
            self._reconnect(raw)
            if len(window) > 1:
                for row in window:
                    self._copy(raw, [row])
            else:
                self._refuse(window[0], "The other server sends more of it than it says there is.")
            return
        self._keep(window, found)

    def _reconnect(self, raw: bytes) -> None:
        self.client.drop()
        self.client = _open(self.transfer)
        self.client.select(raw, readonly=True)

    def _keep(self, window: Sequence[Row], found: dict[int, bytes]) -> None:
        """What vanished meanwhile is passed over; what finds no room is noted."""
        rows = [row for row in window if found.get(row.uid)]
        empty = [self._note(row, refusal="It is empty.") for row in window if row.uid in found and not found[row.uid]]
        blob_ids = blobs.put_many([found[row.uid] for row in rows])
        shipment = writer.prepare(
            [
                writer.Delivery(
                    mailbox_id=self.mailbox_id, folder=self.row.target, blob_id=blob_id, key="", flags=row.flags, keywords=row.keywords,
                    internaldate=row.internaldate,
                )
                for row, blob_id in zip(rows, blob_ids, strict=True)
            ]
        )  # fmt: skip
        with transaction.atomic():
            leases.renew(self.transfer, now=int(time.time()))
            results = writer.store(shipment) if rows else []
            notes = [
                self._note(row, raw=found[row.uid], local_uid=result.uid)
                if result.outcome is writer.Outcome.STORED
                else self._note(row, refusal="The mailbox is full (its quota).")
                for row, result in zip(rows, results, strict=True)
            ]
            TransferMessage.objects.bulk_create([*notes, *empty])
            copied = sum(1 for note in notes if not note.refusal)
            self.row.copied += copied
            self.row.refused += len(notes) + len(empty) - copied
            TransferFolder.objects.filter(pk=self.row.pk).update(copied=self.row.copied, refused=self.row.refused)

    def _refuse(self, row: Row, reason: str) -> None:
        with transaction.atomic():
            leases.renew(self.transfer, now=int(time.time()))
            self._note(row, refusal=reason).save()
            self.row.refused += 1
            TransferFolder.objects.filter(pk=self.row.pk).update(refused=self.row.refused)

    def _note(self, row: Row, *, raw: bytes = b"", local_uid: int = 0, refusal: str = "") -> TransferMessage:
        return TransferMessage(
            folder=self.row, uid=row.uid, local_uid=local_uid, fingerprint=fingerprint(raw, size=row.size), flags=row.flags,
            keywords=join_keywords(row.keywords), refusal=refusal,
        )  # fmt: skip


def _finish(transfer: Transfer) -> None:
    now = int(time.time())
    done = leases.release(
        transfer, state=Transfer.State.DONE, finished_at=now, fault="", last_text="", fail_streak=0, runs=transfer.runs + 1
    )  # fmt: skip
    if not done:
        raise LeaseLost


def _give_up(transfer: Transfer, kind: Kind, text: str) -> None:
    """Again after a while, unless trying again cannot help."""
    streak = transfer.fail_streak + 1
    is_over = kind in _HOPELESS or streak >= TRIES
    released = leases.release(
        transfer, state=Transfer.State.FAILED if is_over else Transfer.State.RUNNING, fault=kind.value, last_text=text[:500],
        fail_streak=streak, next_run_at=int(time.time()) + (FIRST_WAIT << min(streak - 1, 6)),
    )  # fmt: skip
    if not released:
        raise LeaseLost
