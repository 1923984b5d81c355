"""Hand out what a search of the journal found: messages and a manifest that lets anybody check them.

A zip, written as it is made. `manifest.json` names each message with its envelope, its place in the chain and the SHA-256
of its bytes; whoever has the head of the chain can follow the digests without Facteur.
"""

import json
import time
import zipfile
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, BinaryIO

from django.db import transaction

from mailcore.audit import log
from mailcore.audit.acting import current
from mailcore.directory.access import Actor
from mailcore.kernel.errors import LimitReached
from mailcore.kernel.ids import BlobId
from mailcore.store import blobs, mbox
from mailcore.store.found import FoundMessage

from ..models import Record
from . import finding
from .finding import Query

STEP = 100


class Form(StrEnum):
    ZIP = "zip"
    """A file for each message, byte for byte."""
    MBOX = "mbox"
    """One mbox file: LF line ends and quoted From lines, so the digests hold once these are undone."""


def export(actor: Actor, query: Query, *, file: BinaryIO, form: Form = Form.ZIP, limit: int = 0) -> int:
    """How many messages were written, oldest first. LimitReached where there are more than `limit`; nothing is written then."""
    ids = finding.list_all(actor, query)
    if limit and len(ids) > limit:
        raise LimitReached(f"The search finds {len(ids)} messages; {limit} at most are handed out at once. Narrow the period.")
    with transaction.atomic():
        log.record(
            "archive.journal_exported", object_id="", name=query.domain or "every domain", domain=query.domain,
            after={**finding.shown(query), "messages": len(ids), "form": form.value},
        )  # fmt: skip
    entries: list[dict[str, Any]] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if form is Form.MBOX:
            with archive.open("messages.mbox", "w", force_zip64=True) as box:
                for record, raw in _read(ids):
                    mbox.write(box, FoundMessage(source="", folder="", raw=raw, internaldate=record.at))  # type: ignore[arg-type]
                    entries.append(_describe(record, ""))
        else:
            for record, raw in _read(ids):
                name = f"{record.domain}/{record.seq:08d}.eml"
                archive.writestr(name, raw)
                entries.append(_describe(record, name))
        archive.writestr("manifest.json", _write_manifest(query, entries))
    return len(entries)


def _read(ids: list[int]) -> Iterator[tuple[Record, bytes]]:
    for start in range(0, len(ids), STEP):
        part = ids[start : start + STEP]
        rows = list(Record.objects.filter(pk__in=part).order_by("pk"))
        yield from zip(rows, blobs.read_many([BlobId(row.blob_id) for row in rows]), strict=True)


def _describe(record: Record, name: str) -> dict[str, Any]:
    return {
        "file": name,
        "domain": record.domain,
        "seq": record.seq,
        "previous": bytes(record.previous).hex(),
        "digest": bytes(record.digest).hex(),
        "sha256": bytes(record.blob_digest).hex(),
        "size": record.size,
        "at": record.at,
        "trace_id": record.trace_id,
        "source": record.source,
        "peer": record.peer,
        "helo": record.helo,
        "user_id": record.user_id,
        "sender": record.sender,
        "recipients": finding.list_recipients(record),
        "message_id": record.message_id,
        "subject": record.subject,
    }


def _write_manifest(query: Query, entries: list[dict[str, Any]]) -> str:
    head = {"made_at": int(time.time()), "made_by": current().name, "query": finding.shown(query), "messages": len(entries)}
    return json.dumps({**head, "records": entries}, ensure_ascii=False, indent=1)
