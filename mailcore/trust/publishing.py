"""What others are told of this server: where its services are (RFC 6186, RFC 8314 §5.1), and its MTA-STS policy."""

import hashlib

from django.conf import settings

USUAL = {"submission": 587, "submissions": 465, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995}
OWN_MAX_AGE = 604_800
_OFFSET = 2_000
"""The default ports are the usual ones and 2,000, for a machine where the low ones are taken or need rights."""


def list_services() -> list[tuple[str, int]]:
    """(SRV service, public port): those with TLS from the first octet first, as RFC 8314 wants."""
    order = ("submissions", "imaps", "pop3s", "submission", "imap")
    return [(name, _public(name, getattr(settings.FACTEUR, f"{name}_port"))) for name in order]


def _public(name: str, port: int) -> int:
    return USUAL[name] if port == USUAL[name] + _OFFSET else port


def own_policy() -> str:
    """What `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` says for every domain of ours."""
    return f"version: STSv1\r\nmode: {settings.FACTEUR.mta_sts}\r\nmx: {settings.FACTEUR.hostname.lower()}\r\nmax_age: {OWN_MAX_AGE}\r\n"


def own_id() -> str:
    """Changes with the policy, so that others fetch it anew."""
    return hashlib.sha256(own_policy().encode()).hexdigest()[:20]
