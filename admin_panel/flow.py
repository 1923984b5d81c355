"""The numbers and pictures of the dashboard: the server's from its history, a domain's from its journeys."""

import time
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from mailcore.directory.access import Actor
from mailcore.history import points
from mailcore.management.answers import show_size

from . import charts
from .charts import Bars, Curve

HOUR, DAY = 3_600, 86_400
PERIODS = {"day": (24 * HOUR, HOUR), "week": (7 * DAY, 6 * HOUR), "month": (30 * DAY, DAY)}
_REASONS = {
    "NotFound": "No such address", "Refused": "Refused by policy", "Denied": "Not allowed", "Throttled": "Too many guesses",
    "OverQuota": "Mailbox full", "LimitReached": "Too large or too many", "BadSyntax": "Not understood", "Deferred": "Asked to come back",
}  # fmt: skip
# A step stands under the domain it is about: what was sent under its sender's, what came under its recipient's.
_OF_DOMAINS = """
SELECT (at - %s) / %s, stage, COUNT(*) FROM queue_journeyevent
WHERE domain IN ({marks}) AND at >= %s
  AND (stage IN ('delivered', 'bounced') OR (stage = 'received' AND verdict NOT IN ('smtp', 'lmtp', 'dsn')))
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: str
    note: str
    kind: int
    spark: Curve


@dataclass(frozen=True, slots=True)
class Reason:
    name: str
    count: int
    width: float


@dataclass(frozen=True, slots=True)
class Board:
    figures: tuple[Figure, ...]
    bars: Bars
    bars_text: str
    """The picture in words, for those who do not see it."""
    has_mail: bool
    waiting: Curve | None
    storage: Curve | None
    reasons: tuple[Reason, ...]
    ends: tuple[str, str, str]
    step_name: str


def look(actor: Actor, *, period: str) -> Board:
    length, step = PERIODS[period]
    now = int(time.time())
    return _of_server(now, length, step) if actor.domain_ids is None else _of_domains(actor, now, length, step)


def _of_server(now: int, length: int, step: int) -> Board:
    def read(prefix: str) -> dict[str, list[int]]:
        return points.read(since=now - length + step, until=now, step=step, prefix=prefix)

    steps = [0] * ((now - (now - length + step) // step * step) // step + 1)
    accepted, delivered, refused, logins = read("accepted:"), read("delivered:"), read("refused:"), read("logins:")
    received = points.total(accepted) or steps
    sent = delivered.get("delivered:sent", steps)
    no = points.total(refused) or steps
    waiting, stored = read("waiting").get("waiting", steps), _carry(read("stored").get("stored", steps))
    signed_in = logins.get("logins:ok", steps)
    wrong = sum(sum(numbers) for name, numbers in logins.items() if name != "logins:ok")
    figures = (
        _figure("Received", received, 1, f"{sum(delivered.get('delivered:delivered', ())):,} into mailboxes"),
        _figure("Sent", sent, 2, f"{sum(delivered.get('delivered:failed', ())):,} returned"),
        _figure("Refused", no, 3, "at the door"),
        _figure("Waiting", waiting, 1, f"at most {max(waiting):,}", value=waiting[-1]),
        _figure("Signed in", signed_in, 1, f"{wrong:,} wrong password{'' if wrong == 1 else 's'}"),
    )
    return Board(
        figures, charts.stack((received, sent, no)), _in_words(received, sent, no), any(received) or any(sent) or any(no),
        charts.curve(waiting), charts.curve(stored, show=size_of), _reasons(refused), _ends(now, length), _step_name(step),
    )  # fmt: skip


def _of_domains(actor: Actor, now: int, length: int, step: int) -> Board:
    start = (now - length + step) // step * step
    count = (now - start) // step + 1
    found = {stage: [0] * count for stage in ("received", "delivered", "bounced")}
    names = sorted(actor.domain_names or ())
    if names:
        with connection.cursor() as cursor:
            cursor.execute(_OF_DOMAINS.format(marks=", ".join(["%s"] * len(names))), [start, step, *names, start])
            for place, stage, number in cursor.fetchall():
                if 0 <= int(place) < count:
                    found[stage][int(place)] += number
    delivered, sent, failed = found["delivered"], found["received"], found["bounced"]
    figures = (
        _figure("Into mailboxes", delivered, 1, "of your domains"),
        _figure("Sent", sent, 2, "by people of your domains"),
        _figure("Returned", failed, 3, "to their senders"),
    )
    return Board(
        figures, charts.stack((delivered, sent, failed)), _in_words(delivered, sent, failed), any(delivered) or any(sent) or any(failed),
        None, None, (), _ends(now, length), _step_name(step),
    )  # fmt: skip


def size_of(number: float) -> str:
    return show_size(int(number))


def _figure(name: str, numbers: list[int], kind: int, note: str, *, value: int | None = None) -> Figure:
    return Figure(name, f"{sum(numbers) if value is None else value:,}", note, kind, charts.curve(numbers))


def _carry(numbers: list[int]) -> list[int]:
    """A gauge that was not read in an hour is as it was."""
    last = next((number for number in numbers if number), 0)
    found = []
    for number in numbers:
        last = number or last
        found.append(last)
    return found


def _reasons(refused: dict[str, list[int]]) -> tuple[Reason, ...]:
    sums = sorted(((sum(numbers), name.partition(":")[2]) for name, numbers in refused.items()), reverse=True)[:6]
    most = max((count for count, _ in sums), default=0)
    return tuple(Reason(_REASONS.get(name, name), count, round(100 * count / most, 1)) for count, name in sums if count)


def _in_words(first: list[int], second: list[int], third: list[int]) -> str:
    return f"{sum(first):,} in, {sum(second):,} out, {sum(third):,} refused or returned in this period."


def _ends(now: int, length: int) -> tuple[str, str, str]:
    def show(at: int) -> str:
        moment = datetime.fromtimestamp(at, timezone.get_current_timezone())
        return f"{moment:%H:%M}" if length <= DAY else f"{moment:%-d %b}"

    return show(now - length), show(now - length // 2), "now"


def _step_name(step: int) -> str:
    return {HOUR: "hour", 6 * HOUR: "six hours", DAY: "day"}[step]
