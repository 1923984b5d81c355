"""How often somebody may do something, counted for all processes: in Redis where there is one, else in this process.

A bucket holds so many at once and fills again at a rate. Redis that does not answer is left alone for a moment,
and each process counts by itself meanwhile: a limit that is a little too generous is better than no service.
"""

import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings

from config.broker import redis_url

log = logging.getLogger(__name__)

MAX_BUCKETS = 10_000
_REST_AFTER_FAILURE = 2.0

# What is kept of a bucket is the moment at which it will be full again. The clock is Redis' own, so that those of
# several machines need not agree. Answers with microseconds to wait, the longest of all; 0 where each had one.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local wait = 0
for place, key in ipairs(KEYS) do
  local each = tonumber(ARGV[place * 2 - 1])
  local room = each * tonumber(ARGV[place * 2])
  local full = math.max(now, tonumber(redis.call('GET', key) or '0')) + each
  if full - now > room then
    wait = math.max(wait, full - now - room)
  else
    redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
  end
end
return string.format('%.0f', wait)
"""


@dataclass(frozen=True, slots=True)
class Rate:
    a_minute: int
    at_once: int


def take(wanted: Sequence[tuple[str, Rate]]) -> float:
    """Take one from each bucket; 0 where there was one in each, else the seconds until there is."""
    url = redis_url(settings.FACTEUR)
    if url and time.monotonic() >= _rest.until:
        try:
            return _take_shared(url, wanted)
        except (redis.RedisError, OSError, ValueError) as error:
            _rest.until = time.monotonic() + _REST_AFTER_FAILURE
            log.warning("rates are counted in each process alone, Redis does not answer: %s", error)
    return max(take_here(name, rate=rate, now=time.monotonic()) for name, rate in wanted)


def take_here(name: str, *, rate: Rate, now: float) -> float:
    """As `take`, for one bucket of this process."""
    with _lock:
        if len(_buckets) > MAX_BUCKETS:
            _buckets.clear()
        left, since = _buckets.get(name, (float(rate.at_once), now))
        left = min(float(rate.at_once), left + (now - since) * rate.a_minute / 60)
        if left < 1:
            _buckets[name] = (left, now)
            return (1 - left) * 60 / rate.a_minute
        _buckets[name] = (left - 1, now)
        return 0.0


def forget() -> None:
    """Empty the buckets of this process."""
    with _lock:
        _buckets.clear()


def _take_shared(url: str, wanted: Sequence[tuple[str, Rate]]) -> float:
    client = _open(url, os.getpid())
    keys = [f"facteur:meter:{name}" for name, _ in wanted]
    numbers = [number for _, rate in wanted for number in (round(60_000_000 / rate.a_minute), rate.at_once)]
    return int(str(client.eval(_TAKE, len(keys), *keys, *map(str, numbers)))) / 1_000_000


@cache
def _open(url: str, _pid: int) -> "redis.Redis":
    """One client a process; a forked one opens its own."""
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True)


@dataclass(slots=True)
class _Rest:
    until: float = 0.0


_rest = _Rest()
_buckets: dict[str, tuple[float, float]] = {}
_lock = threading.Lock()
