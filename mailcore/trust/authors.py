"""The author's domain: the one of the From field that people see. RFC 7489 §6.6.1. Pure."""

from collections.abc import Sequence

from mailcore.kernel.addresses import fold_domain
from mailcore.kernel.errors import BadSyntax
from mailcore.mime import addresses

from .fields import Field, get_all, unfold

MAX_DOMAINS = 5
MAX_BYTES = 65_536
"""Of all From fields together; what is beyond is not read."""


def find_domains(fields: Sequence[Field]) -> list[str]:
    """The domains of every From field, each once, at most MAX_DOMAINS; empty where there is no address to be found."""
    found: dict[str, None] = {}
    left = MAX_BYTES
    for field in get_all(list(fields), b"from"):
        value = unfold(field.value)[:left]
        left -= len(value)
        for mailbox in addresses.list_mailboxes(value.decode("utf-8", "replace")):
            try:
                found[fold_domain(mailbox.domain)] = None
            except BadSyntax:
                continue
    return list(found)[:MAX_DOMAINS]
