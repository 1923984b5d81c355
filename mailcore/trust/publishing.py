"""The services of this server as others are told to find them. RFC 6186, RFC 8314 §5.1."""

from django.conf import settings

USUAL = {"submission": 587, "submissions": 465, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995}
_OFFSET = 2_000
"""The default ports are the usual ones and 2,000, for a machine where the low ones are taken or need rights."""


def list_services() -> list[tuple[str, int]]:
    """(SRV service, public port): those with TLS from the first octet first, as RFC 8314 wants."""
    order = ("submissions", "imaps", "pop3s", "submission", "imap")
    return [(name, _public(name, getattr(settings.FACTEUR, f"{name}_port"))) for name in order]


def _public(name: str, port: int) -> int:
    return USUAL[name] if port == USUAL[name] + _OFFSET else port
