"""Whom a report is shown to that reached nobody: the postmaster of the domain it is about, else of this house.

RFC 5321 §4.5.5 and §6.1: nothing is ever returned for a message from the null sender. A report that
fails is therefore the end of the line, and is put before the one address every mail system has.
"""

import re

from django.conf import settings

from mailcore.directory import domains

from .routing import Way, route

_FAILED = re.compile(rb"^Action: failed\r?$", re.MULTILINE | re.IGNORECASE)
_ADDRESSEE = re.compile(rb"^(?:Original|Final)-Recipient: *[\w-]+; *\S+@([\w.-]+)\r?$", re.MULTILINE | re.IGNORECASE)
MAX_DOMAINS = 5


def find(*, report: bytes, recipient: str) -> str:
    """The address to write to; "" where the report tells of no failure or where there is no postmaster."""
    if not _FAILED.search(report):
        return ""
    named = [match.decode("ascii").lower() for match in _ADDRESSEE.findall(report)]
    candidates = dict.fromkeys([*named, recipient.rpartition("@")[2].lower()])
    local = [domain for domain in list(candidates)[:MAX_DOMAINS] if domains.is_local(name=domain)]
    for domain in (*local, settings.FACTEUR.hostname):
        address = f"postmaster@{domain}"
        if route(address).way in (Way.MAILBOX, Way.EXPAND):
            return address
    return ""
