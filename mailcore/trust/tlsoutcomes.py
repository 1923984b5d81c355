"""How sessions to other hosts ended, counted by day: what a TLS-RPT report is made of. RFC 8460 §4."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from .models import TlsOutcome

KEEP_DAYS = 30
_ADD = """
INSERT INTO trust_tlsoutcome (day, domain, policy, result, host, address, count) VALUES (%s, %s, %s, %s, %s, %s, 1)
ON CONFLICT (day, domain, policy, result, host, address) DO UPDATE SET count = trust_tlsoutcome.count + 1
"""


def note(*, domain: str, policy: str, result: str, host: str = "", address: str = "", now: int) -> None:
    """Count one session; `result` "" is success. Without a policy only faults are counted: the rest tells nobody anything."""
    if policy in ("no-policy-found", "rule") and not result:
        return
    day = datetime.fromtimestamp(now, UTC).date()
    policy = "no-policy-found" if policy == "rule" else policy
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [day, domain[:255], policy, result[:40], host[:255], address[:45]])


def purge(*, now: int) -> int:
    before = datetime.fromtimestamp(now, UTC).date() - timedelta(days=KEEP_DAYS)
    return TlsOutcome.objects.filter(day__lt=before).delete()[0]
