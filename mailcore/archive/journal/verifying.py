"""Look for changes, gaps and disorder in a journal."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from mailcore.kernel.ids import BlobId
from mailcore.store import blobs

from ..models import Chain, Record
from .chain import seal

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Fault:
    domain: str
    seq: int
    text: str

    def __str__(self) -> str:
        return f"{self.domain} record {self.seq}: {self.text}"


@dataclass(frozen=True, slots=True)
class Verified:
    domain: str
    first: int
    last: int
    """0 where the journal is empty."""
    head: bytes
    """To be noted elsewhere: as long as a later journal holds it, nothing before it was touched."""
    faults: tuple[Fault, ...]


def verify(*, domain: str, read_bytes: bool = False, noted: tuple[int, bytes] | None = None) -> Verified:
    """Every record of a domain in turn. `noted` is a head printed before: it must still be where it was.

    `read_bytes` reads each message and compares its digest too.
    """
    chain = Chain.objects.filter(domain=domain).first()
    records = list_records(domain)
    faults: list[Fault] = []
    seq, digest = (chain.pruned_seq, bytes(chain.pruned_digest)) if chain else (0, bytes(32))
    first, seen = 0, noted is None or (noted[0] <= seq)
    for record in records:
        first = first or record.seq
        faults += _check(record, seq, digest, read_bytes)
        seq, digest = record.seq, bytes(record.digest)
        if noted is not None and seq == noted[0]:
            seen = True
            if digest != noted[1]:
                faults.append(Fault(domain, seq, "its digest is not the one that was noted"))
    faults += _check_head(domain, chain, seq, digest)
    if not seen and noted is not None:
        faults.append(Fault(domain, noted[0], "it was noted and is missing"))
    return Verified(domain, first, seq if first else 0, digest, tuple(faults))


def list_domains() -> list[str]:
    """Domains with a journal, empty ones too."""
    return sorted(set(Chain.objects.values_list("domain", flat=True)) | set(Record.objects.values_list("domain", flat=True).distinct()))


def list_records(domain: str) -> Iterator[Record]:
    """In the order of the chain, with the blob's own digest, by key so that a long journal is never held whole."""
    last = 0
    while True:
        rows = list(Record.objects.filter(domain=domain, seq__gt=last).select_related("blob").order_by("seq")[:CHUNK])
        yield from rows
        if len(rows) < CHUNK:
            return
        last = rows[-1].seq


def _check(record: Record, before: int, digest: bytes, read_bytes: bool) -> Iterator[Fault]:
    if record.seq != before + 1:
        yield Fault(record.domain, record.seq, f"records {before + 1} to {record.seq - 1} are missing")
    elif bytes(record.previous) != digest:
        yield Fault(record.domain, record.seq, "it does not follow the record before it")
    if seal(record) != bytes(record.digest):
        yield Fault(record.domain, record.seq, "it was changed")
    if bytes(record.blob.digest) != bytes(record.blob_digest):
        yield Fault(record.domain, record.seq, "it points at another message")
    elif read_bytes and not _is_whole(record):
        yield Fault(record.domain, record.seq, "the bytes of its message are damaged")


def _is_whole(record: Record) -> bool:
    try:
        return hashlib.sha256(blobs.read(BlobId(record.blob_id))).digest() == bytes(record.blob_digest)
    except OSError:
        return False


def _check_head(domain: str, chain: Chain | None, seq: int, digest: bytes) -> Iterator[Fault]:
    if chain is None:
        yield from [Fault(domain, seq, "the journal has no head")] if seq else []
    elif chain.seq > seq:
        yield Fault(domain, chain.seq, f"records {seq + 1} to {chain.seq} are missing at the end")
    elif chain.seq < seq or bytes(chain.digest) != digest:
        yield Fault(domain, seq, "the head of the journal is another one")
