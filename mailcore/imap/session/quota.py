"""GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208): one root a mailbox, named by nothing.

STORAGE counts units of 1024 octets, rounded up. A folder of somebody else has no root that is ours to show.
"""

from mailcore.kernel.errors import NotFound
from mailcore.kernel.mailstore import Quota

from ..grammar.quota import SetQuota
from ..grammar.responses import write_astring
from .basics import Reply
from .core import Connection
from .replies import Rejected

ROOT = b""
_UNIT = 1_024


def get_quota(session: Connection, root: bytes) -> Reply:
    if root != ROOT:
        raise NotFound("There is no such quota root.")
    yield _line(session.mail.quota())
    return b"Quota given"


def get_quota_root(session: Connection, name: str) -> Reply:
    """The roots of a folder, and what each says (RFC 9208 §4.1.2)."""
    folder = session.mail.get_folder(name)
    if session.mail.mailbox_of(folder.id) != session.mail.mailbox_id:
        yield b"* QUOTAROOT %b\r\n" % session.write_name(name)
        return b"What others may hold is not told"
    yield b"* QUOTAROOT %b %b\r\n" % (session.write_name(name), write_astring(ROOT))
    yield _line(session.mail.quota())
    return b"Quota roots given"


def set_quota(session: Connection, asked: SetQuota) -> Reply:
    """Limits are set by administrators, in the panel (RFC 9208 §4.1.3)."""
    yield from ()
    raise Rejected(b"NOPERM", "Only an administrator sets a quota, and not by IMAP")


def _line(quota: Quota) -> bytes:
    resources = []
    if quota.limit_bytes:
        resources.append(b"STORAGE %d %d" % (-(-quota.used_bytes // _UNIT), max(quota.limit_bytes // _UNIT, 1)))
    return b"* QUOTA %b (%b)\r\n" % (write_astring(ROOT), b" ".join(resources))
