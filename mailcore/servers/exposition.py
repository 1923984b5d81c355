"""`/metrics` in the text format of Prometheus: the counts of every process, and what the rows say now."""

import os
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mailcore import metrics
from mailcore.certificates import shelf
from mailcore.store.search.indexing import count_waiting

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# One pass over what is open: the finished rows, which are many, are left alone.
_QUEUE = """
SELECT CASE WHEN e.is_held THEN 'held' WHEN r.state = 'leased' THEN 'active' WHEN r.attempts > 0 THEN 'deferred' ELSE 'queued' END AS kind,
    COUNT(*), MIN(e.received_at), MIN(r.next_attempt_at)
FROM queue_recipient r JOIN queue_entry e ON e.id = r.entry_id WHERE r.state IN ('queued', 'leased') GROUP BY kind
"""
_BACKOFF = "SELECT COUNT(*) FROM queue_destination WHERE backoff_until > %s"
_STORAGE = "SELECT COUNT(*), COALESCE(SUM(bytes), 0), COALESCE(SUM(messages), 0) FROM store_usage"


def render() -> bytes:
    _forget_the_dead()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_Rows())
    return generate_latest(registry)


class _Rows(Collector):
    def collect(self) -> Iterator[Metric]:
        now = int(time.time())
        with connection.cursor() as cursor:
            cursor.execute(_QUEUE)
            rows = {kind: rest for kind, *rest in cursor.fetchall()}
            cursor.execute(_BACKOFF, [now])
            backing_off = cursor.fetchone()[0]
            cursor.execute(_STORAGE)
            mailboxes, held, messages = cursor.fetchone()
        yield from _queue(rows, now)
        yield GaugeMetricFamily("facteur_destinations_backing_off", "Destinations left alone for a while", backing_off)
        yield GaugeMetricFamily("facteur_mailboxes", "Mailboxes that hold or held mail", mailboxes)
        yield GaugeMetricFamily("facteur_stored_bytes", "Mail in all mailboxes, as their owners count it", float(held))
        yield GaugeMetricFamily("facteur_stored_messages", "Messages in all mailboxes", float(messages))
        yield GaugeMetricFamily("facteur_search_waiting_messages", "Messages not in the search index yet", float(count_waiting()))
        yield _certificates()
        room = os.statvfs(settings.FACTEUR.data)
        yield GaugeMetricFamily("facteur_disk_free_bytes", "Room left where mail is kept", room.f_bavail * room.f_frsize)
        yield GaugeMetricFamily("facteur_disk_bytes", "Size of the disk where mail is kept", room.f_blocks * room.f_frsize)


def _certificates() -> Metric:
    found = GaugeMetricFamily("facteur_certificate_expiry_timestamp_seconds", "When a certificate that is shown expires", labels=["name"])
    for one in shelf.list_shown():
        found.add_metric([next(iter(one.material.names), one.place)], float(one.material.not_after))
    return found


def _queue(rows: dict[str, list[int]], now: int) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("facteur_queue_recipients", "Recipients not settled yet", labels=["state"])
    for kind in ("queued", "active", "deferred", "held"):
        waiting.add_metric([kind], rows.get(kind, [0])[0])
    yield waiting
    oldest = min((received for kind, (_, received, _) in rows.items() if kind != "held"), default=now)
    yield GaugeMetricFamily("facteur_queue_oldest_seconds", "Age of the oldest message that waits", max(0, now - oldest))
    due = min((due for kind, (_, _, due) in rows.items() if kind in ("queued", "deferred")), default=now)
    yield GaugeMetricFamily("facteur_queue_overdue_seconds", "How long the first due attempt has been due", max(0, now - due))


def _forget_the_dead() -> None:
    """Sessions of a process that was killed are over; what it counted stays counted."""
    for path in metrics.FOLDER.glob("gauge_livesum_*.db"):
        pid = path.stem.rpartition("_")[2]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except PermissionError:
            continue
