"""When to try again, and when to give up. Pure.

RFC 5321 §4.5.4.1: retries grow further apart; several days pass before a message is returned.
"""

from random import Random

MINUTE, HOUR, DAY = 60, 3_600, 86_400
STEPS = (2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 1 * HOUR, 2 * HOUR, 4 * HOUR)
LATER = (4 * HOUR, 8 * HOUR)
JITTER = 0.2
LIFETIME = 5 * DAY
BOUNCE_LIFETIME = 2 * DAY
OVER_QUOTA_LIFETIME = 3 * DAY
DELAY_NOTICE_AFTER = 4 * HOUR
BULK_PRIORITY = 10

_random = Random()


def delay_after(attempts: int, *, random: Random = _random) -> int:
    """Seconds until the next attempt, after `attempts` (1 or more) have been made."""
    if attempts <= len(STEPS):
        base = float(STEPS[max(attempts, 1) - 1])
    else:
        base = random.uniform(*LATER)
    return round(base * random.uniform(1 - JITTER, 1 + JITTER))


def expiry(*, received_at: int, sender: str) -> int:
    """When undelivered mail is returned; a bounce has nobody to be returned to and is given up sooner."""
    return received_at + (LIFETIME if sender else BOUNCE_LIFETIME)


def next_attempt(*, now: int, attempts: int, expires_at: int, random: Random = _random) -> int | None:
    """The time of the next attempt, the last one at the moment of expiry; None where that has passed."""
    if now >= expires_at:
        return None
    return min(now + delay_after(attempts, random=random), expires_at)
