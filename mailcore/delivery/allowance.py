"""How many reports one address gets in an hour. Whoever sends in somebody else's name must not be able to bury them in ours.

What goes beyond is not lost: the journey of each message says what its report would have said.
"""

from hashlib import blake2b

from mailcore.filtering.policy import tallies

REPORTS_HOUR = 100


def take(address: str, *, now: int) -> bool:
    """Count one report more to an address; False where it has had enough. Outside the transaction of the report."""
    subject = f"dsn:{blake2b(address.lower().encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"
    if tallies.read(subject, now=now).messages_hour >= REPORTS_HOUR:
        return False
    tallies.count([subject], recipients=1, now=now)
    return True
