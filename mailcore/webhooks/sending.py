"""Deliver what is in the outbox: leased in one transaction, sent outside of any, settled in another."""

import hashlib
import hmac
import random
import time

from django.db import transaction

from mailcore import outgoing, sealing
from mailcore.kernel.errors import MailError

from .models import Delivery, Endpoint, State

PURPOSE = "webhook"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
LEASE = 60
PER_ENDPOINT = 10
"""In one round, so that an endpoint with much to be told does not keep the others waiting."""
FAILURES_BEFORE_PAUSE = 3
GIVE_UP_AFTER = 3 * DAY
RETENTION = 7 * DAY


def deliver_due(*, now: int | None = None, allow_plain: bool = False) -> int:
    """Send what is due at every endpoint that is not paused; the number of attempts."""
    count = 0
    for endpoint in Endpoint.objects.filter(is_enabled=True, paused_until__lte=_time(now)).order_by("id"):
        for delivery in _lease(endpoint, _time(now)):
            count += 1
            if not _attempt(endpoint, delivery, now=_time(now), allow_plain=allow_plain):
                break
    return count


def sign(body: str, *, event_id: str, at: int, secrets: list[str]) -> str:
    """`t=…,v1=…`: HMAC-SHA256 over id.t.body, once for each live secret."""
    signatures = [hmac.new(secret.encode(), f"{event_id}.{at}.{body}".encode(), hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])


def retry_after(attempts: int) -> int:
    """One minute, doubling up to sixteen hours, a fifth earlier or later by chance."""
    base = min(16 * HOUR, MINUTE << min(max(attempts, 1) - 1, 12))
    return round(base * random.uniform(0.8, 1.2))


def forget(*, now: int | None = None) -> int:
    return Delivery.objects.filter(state__in=(State.SENT, State.FAILED), created_at__lt=_time(now) - RETENTION).delete()[0]


def _time(now: int | None) -> int:
    return int(time.time()) if now is None else now


def _lease(endpoint: Endpoint, now: int) -> list[Delivery]:
    """What stays unsettled falls due again by itself."""
    with transaction.atomic():
        due = Delivery.objects.filter(endpoint=endpoint, state=State.WAITING, next_attempt_at__lte=now).order_by("id")
        found = list(due.select_for_update()[:PER_ENDPOINT])
        Delivery.objects.filter(id__in=[one.pk for one in found]).update(next_attempt_at=now + LEASE * len(found))
    return found


def _attempt(endpoint: Endpoint, delivery: Delivery, *, now: int, allow_plain: bool) -> bool:
    try:
        answer = _send(endpoint, delivery, now=now, allow_plain=allow_plain)
    except MailError as error:
        answer = outgoing.Answer(0, error.public)
    is_taken = 200 <= answer.status < 300
    delivery.attempts += 1
    delivery.last_status, delivery.last_text = answer.status, answer.text[:500]
    with transaction.atomic():
        _settle(endpoint.pk, delivery, is_taken=is_taken, now=now)
    return is_taken


def _send(endpoint: Endpoint, delivery: Delivery, *, now: int, allow_plain: bool) -> outgoing.Answer:
    target = outgoing.parse(endpoint.url, allow_plain=allow_plain)
    secrets = [sealing.unseal(endpoint.sealed_secret, purpose=PURPOSE)]
    if endpoint.sealed_old_secret and endpoint.old_secret_until > now:
        secrets.append(sealing.unseal(endpoint.sealed_old_secret, purpose=PURPOSE))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Facteur-Webhook",
        "Facteur-Event": delivery.kind,
        "Facteur-Id": delivery.event_id,
        "Facteur-Attempt": str(delivery.attempts + 1),
        "Facteur-Signature": sign(delivery.body, event_id=delivery.event_id, at=now, secrets=secrets),
    }
    return outgoing.post(target, to=outgoing.look_up(target), body=delivery.body.encode(), headers=headers)


def _settle(endpoint_id: int, delivery: Delivery, *, is_taken: bool, now: int) -> None:
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        return
    if is_taken:
        delivery.state = State.SENT
        endpoint.fail_streak = endpoint.failing_since = endpoint.paused_until = 0
    else:
        delivery.next_attempt_at = now + retry_after(delivery.attempts)
        if now - delivery.created_at > GIVE_UP_AFTER:
            delivery.state = State.FAILED
        _note_failure(endpoint, delivery, now)
    endpoint.last_text = f"{delivery.last_status or ''} {delivery.last_text}".strip()[:500]
    delivery.save(update_fields=["state", "attempts", "next_attempt_at", "last_status", "last_text"])
    endpoint.save(update_fields=["fail_streak", "failing_since", "paused_until", "is_enabled", "last_text"])


def _note_failure(endpoint: Endpoint, delivery: Delivery, now: int) -> None:
    endpoint.fail_streak += 1
    endpoint.failing_since = endpoint.failing_since or now
    if endpoint.fail_streak >= FAILURES_BEFORE_PAUSE:
        # The breaker: nothing more is tried until one attempt is due again.
        endpoint.paused_until = now + retry_after(endpoint.fail_streak - FAILURES_BEFORE_PAUSE + 1)
    if now - endpoint.failing_since > GIVE_UP_AFTER:
        endpoint.is_enabled = False
