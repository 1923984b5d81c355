"""Put back what is missing of one mailbox, or of all mailboxes of a domain, while the system runs."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from config.sqlite import library  # noqa: F401  isort: skip  (puts the newer SQLite in place)

import sqlite3

from mailcore.directory import domains
from mailcore.directory import mailboxes as directory
from mailcore.kernel.addresses import MailAddress, fold_domain
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store import blobs, writer
from mailcore.store.importing import Report
from mailcore.store.models import Message

from . import manifest
from .manifest import read_range
from .reading import open_database

BATCH = 100

_MAILBOXES = """
SELECT m.id, a.local, m.quota_bytes, u.password, u.shown_name FROM directory_mailbox m
JOIN directory_address a ON a.id = m.address_id JOIN directory_domain d ON d.id = a.domain_id LEFT JOIN directory_user u ON u.id = m.user_id
WHERE d.name = ? ORDER BY a.local
"""
_MESSAGES = """
SELECT f.name, b.pack, b."offset", b.length, b.digest, m.prefix, m.flags, m.keywords, m.internaldate
FROM store_message m JOIN store_folder f ON f.id = m.folder_id JOIN store_blob b ON b.id = m.blob_id
WHERE m.mailbox_id = ? ORDER BY f.name, m.uid
"""
Row = tuple[str, str, int, int, bytes, bytes, int, str, int]
Known = tuple[int, str, int | None, str | None, str | None]
"""Id, local part, quota, password hash and shown name, as the snapshot has them."""


@dataclass(slots=True)
class DomainReport:
    mail: Report = field(default_factory=Report)
    mailboxes: int = 0
    made: list[str] = field(default_factory=list)
    """Addresses that were gone and have a mailbox again."""


def restore_mailbox(folder: Path, *, address: str, into: MailboxId, stamp: str = "") -> Report:
    """Add to a mailbox what a snapshot holds of `address` and it lacks, with folders, flags and dates. Repeating it adds nothing."""
    found = manifest.load(folder, stamp)
    parsed, report = MailAddress.parse(address), Report()
    with open_database(folder, found) as database:
        for known in _list_known(database, parsed.domain):
            if known[1] == parsed.folded_local:
                _restore(folder, database, known[0], into, report)
                return report
    raise NotFound(f"This snapshot knows no mailbox {parsed}.")


def restore_domain(folder: Path, *, name: str, stamp: str = "") -> DomainReport:
    """The same for every mailbox of a domain. One that is gone is made again, with its quota and password, and so is the domain."""
    found = manifest.load(folder, stamp)
    domain, report = fold_domain(name), DomainReport()
    with open_database(folder, found) as database:
        held = list(_list_known(database, domain))
        if not held:
            raise NotFound(f"This snapshot knows no mailbox in {domain}.")
        if not domains.is_local(name=domain):
            domains.create(name=domain)
        for known in held:
            mailbox_id = _find_or_make(domain, known, report)
            _restore(folder, database, known[0], mailbox_id, report.mail)
            report.mailboxes += 1
    return report


def _find_or_make(domain: str, known: Known, report: DomainReport) -> MailboxId:
    _, local, quota, password, shown_name = known
    address = str(MailAddress(local, domain))
    try:
        return MailboxId(directory.get(address=address).id)
    except NotFound:
        encoded = (password or "").removeprefix("argon2")
        new = directory.prepare(
            address=address, quota_bytes=quota, shown_name=shown_name or "", password_hash=encoded if encoded.startswith("$") else ""
        )
        report.made.append(address)
        return MailboxId(directory.add(new).id)


def _list_known(database: sqlite3.Connection, domain: str) -> list[Known]:
    rows: list[Known] = database.execute(_MAILBOXES, [domain]).fetchall()
    return rows


def _restore(folder: Path, database: sqlite3.Connection, held: int, into: MailboxId, report: Report) -> None:
    writer.ensure_defaults(mailbox_id=into)
    rows = database.execute(_MESSAGES, [held])
    while batch := rows.fetchmany(BATCH):
        _add(folder, into, batch, report)


def _add(folder: Path, into: MailboxId, rows: list[Row], report: Report) -> None:
    present = _find_present(into, [bytes(row[4]) for row in rows])
    wanted = [row for row in rows if (row[0], bytes(row[4])) not in present]
    report.already_there += len(rows) - len(wanted)
    raws = [_read(folder / "packs" / row[1], row) for row in wanted]
    deliveries = [
        writer.Delivery(
            mailbox_id=into, folder=row[0], blob_id=blob_id, key="", prefix=bytes(row[5]), flags=row[6],
            keywords=frozenset(row[7].split()), internaldate=row[8],
        )
        for row, blob_id in zip(wanted, blobs.put_many(raws), strict=True)
    ]  # fmt: skip
    for result in writer.deliver(deliveries):
        if result.outcome is writer.Outcome.STORED:
            report.stored += 1
        else:
            report.over_quota += 1


def _read(pack: Path, row: Row) -> bytes:
    if not pack.is_file():
        raise Conflict(f"{pack.name} is missing in this backup.")
    with pack.open("rb") as file:
        raw = b"".join(read_range(file, row[2], row[3]))
    if hashlib.sha256(raw).digest() != bytes(row[4]):
        raise Conflict(f"{pack.name} is damaged at {row[2]} in this backup.")
    return raw


def _find_present(mailbox_id: MailboxId, digests: list[bytes]) -> set[tuple[str, bytes]]:
    rows = Message.objects.filter(mailbox_id=mailbox_id, blob__digest__in=digests).values_list("folder__name", "blob__digest")
    return {(name, bytes(digest)) for name, digest in rows}
