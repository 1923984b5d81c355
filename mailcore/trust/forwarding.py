"""Envelope senders of mail that we pass on, and the bounces that come back to them.

Which domain of ours stands for a stranger's is the one the mail was sent to, so that its SPF record
is the one that is asked.
"""

import hashlib
import re
import time

from django.conf import settings

from mailcore.directory import domains
from mailcore.directory.models import Domain
from mailcore.kernel.addresses import fold_domain
from mailcore.kernel.errors import BadSyntax

from . import srs

DAY = 86_400
_ENCODED = re.compile(r"\+([0-9A-F]{2})")


def rewrite_sender(sender: str, *, orcpt: str, now: int | None = None) -> str:
    """The envelope sender for another host: ours where the message is passed on, the same where it is ours or null."""
    if not sender or _is_ours(sender):
        return sender
    domain = choose_domain(orcpt)
    if not domain:
        return sender
    try:
        return srs.rewrite(sender, domain=domain, key=_key(), day=_day(now))
    except BadSyntax:
        return sender


def find_original(address: str, *, now: int | None = None) -> str | None:
    """The sender behind an address of ours that `rewrite_sender` made; None for any other address.

    Denied where it has the form and we did not make it, or too long ago.
    """
    local = address.rpartition("@")[0]
    if not srs.is_rewritten(local) or not _is_ours(address):
        return None
    return srs.reverse(local, key=_key(), day=_day(now))


def choose_domain(orcpt: str) -> str:
    """The domain of the address a message was sent to where it is ours, else our first; "" where we have none."""
    address = _ENCODED.sub(lambda match: chr(int(match[1], 16)), orcpt.partition(";")[2])
    if "@" in address and _is_ours(address):
        return fold_domain(address.rpartition("@")[2])
    first = Domain.objects.filter(is_active=True, alias_of__isnull=True).order_by("id").values_list("name", flat=True).first()
    return first or ""


def _is_ours(address: str) -> bool:
    try:
        return domains.is_local(name=fold_domain(address.rpartition("@")[2]))
    except BadSyntax:
        return False


def _key() -> bytes:
    return hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32, person=b"facteur-srs").digest()


def _day(now: int | None) -> int:
    return (int(time.time()) if now is None else now) // DAY
