"""The chain: each record's digest covers the record and the digest of the one before. Pure, but for the model it reads.

Whoever changes, removes, adds or reorders a record has to recompute everything after it, and then the head is not the
one that was noted elsewhere before.
"""

import hashlib
import json

from ..models import Record

GENESIS = bytes(32)
"""What the first record of a domain follows."""
_HEAD = b"facteur-journal-1\n"
_FIELDS = (
    "domain", "seq", "at", "trace_id", "source", "peer", "helo", "user_id", "sender", "recipients", "message_id", "subject", "size",
)  # fmt: skip


def seal(record: Record) -> bytes:
    """The digest a record must have: SHA-256 over the one before, and the fields as JSON with sorted names and nothing but ASCII."""
    fields = {name: getattr(record, name) for name in _FIELDS}
    fields["blob"] = bytes(record.blob_digest).hex()
    text = json.dumps(fields, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(_HEAD + bytes(record.previous) + text.encode()).digest()
